"""A page for all sending domains of the workspace, one of them open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import idna
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from northpost.delivery.dkim import Algorithm
from northpost.delivery.domains import queries, words
from northpost.delivery.domains.actions import make_dkim_key, retire_dkim_key
from northpost.delivery.domains.check import Finding, Level, findings_from_json
from northpost.delivery.domains.tasks import check_and_keep
from northpost.delivery.errors import DeliveryProblem, NotHere
from northpost.delivery.models import DkimKey, DkimKeyState, SendingDomain
from northpost.team.rules import Ability
from northpost.web.frame.access import StaffRequest, address, needs
from northpost.web.settings.frame import show

SHOWN = ("spf", "dkim", "dmarc", "mx", "ptr")
_WORST = [Level.GOOD, Level.UNKNOWN, Level.DOUBT, Level.BAD]


@dataclass(frozen=True)
class Said:
    """A finding with its sentence."""

    finding: Finding
    sentence: str
    id: str

    @property
    def level(self) -> str:
        return self.finding.level.value

    @property
    def colour(self) -> str:
        return "" if self.finding.level is Level.UNKNOWN else self.level


@needs(Ability.MANAGE)
def domains(request: StaffRequest) -> HttpResponse:
    known = queries.sending_domains()
    wanted = request.GET.get("domain", "")
    domain = wanted if wanted in known else next(iter(known), "")
    context: dict[str, Any] = {"rows": [_row(each) for each in known], "domain": domain}
    if domain:
        context |= _opened(domain)
    return show(request, "web/domains/domains.html", here="domains", context=context)


def _row(domain: str) -> dict[str, Any]:
    found = _findings(queries.stored(domain))
    return {
        "domain": domain,
        "name": say_domain(domain),
        "levels": [(key.upper(), _worst([each for each in found if each.key == key])) for key in SHOWN]
        if found
        else [],
    }


def _opened(domain: str) -> dict[str, Any]:
    stored = queries.stored(domain)
    keys = queries.keys_of(domain)
    found = _still_true(_findings(stored), keys)
    proposed = {each.name for each in found if each.value}
    sections = [
        {
            "key": key,
            "title": words.TITLES[key],
            "said": [
                Said(each, words.say(each), f"{key}-{number}") for number, each in enumerate(found) if each.key == key
            ],
        }
        for key in SHOWN
    ]
    return {
        "name": say_domain(domain),
        "asked_at": stored.asked_at if stored else None,
        "sections": [section for section in sections if section["said"]],
        "worst": _worst(found),
        "keys": [
            {"key": key, "name": name, "record": queries.record_of(key), "proposed": name in proposed}
            for key in keys
            for name in [f"{key.selector}._domainkey.{domain}"]
        ],
        "may_add_ed25519": any(key.algorithm == Algorithm.RSA for key in keys)
        and all(key.algorithm != Algorithm.ED25519 for key in keys),
        "waits": any(key.state == DkimKeyState.WAITING for key in keys),
    }


def _still_true(found: tuple[Finding, ...], keys: list[DkimKey]) -> list[Finding]:
    """What was found last, without what it says of keys that are gone, or of there being none."""
    selectors = {key.selector for key in keys}
    return [
        each
        for each in found
        if each.key != "dkim" or (each.params["selector"] in selectors if "selector" in each.params else not keys)
    ]


def _findings(stored: SendingDomain | None) -> tuple[Finding, ...]:
    return findings_from_json(stored.findings) if stored else ()


def _worst(found: list[Finding] | tuple[Finding, ...]) -> str:
    return max((each.level for each in found), key=_WORST.index).value if found else ""


def say_domain(domain: str) -> str:
    """A domain in its own letters."""
    try:
        return idna.decode(domain)
    except idna.IDNAError:
        return domain


def _asked_for(request: StaffRequest) -> str:
    domain = request.POST.get("domain", "")
    if domain not in queries.sending_domains():
        raise Http404
    return domain


def _back(request: StaffRequest, domain: str) -> HttpResponse:
    return redirect(f"{address(request, 'domains')}?domain={domain}")


@require_POST
@needs(Ability.MANAGE)
def domain_check(request: StaffRequest) -> HttpResponse:
    domain = _asked_for(request)
    check = check_and_keep(domain)
    if check.complete:
        messages.success(request, _("Looked up just now."))
    else:
        messages.warning(request, _("Not all name servers answered. What is missing says nothing about your domain."))
    return _back(request, domain)


@require_POST
@needs(Ability.MANAGE)
def key_create(request: StaffRequest) -> HttpResponse:
    domain = _asked_for(request)
    algorithm = Algorithm.ED25519 if request.POST.get("kind") == Algorithm.ED25519 else Algorithm.RSA
    try:
        make_dkim_key(domain=domain, algorithm=algorithm, by=request.member)
    except DeliveryProblem as problem:
        messages.error(request, problem.message)
    else:
        messages.success(request, _("The key is there. Publish its record; it signs as soon as it is found."))
    return _back(request, domain)


@require_POST
@needs(Ability.MANAGE)
def key_retire(request: StaffRequest, key_id: int) -> HttpResponse:
    try:
        key = retire_dkim_key(key_id=key_id, by=request.member)
    except NotHere as error:
        raise Http404 from error
    except DeliveryProblem as problem:
        messages.error(request, problem.message)
        return redirect(address(request, "domains"))
    messages.success(request, _("Put away. You may take its record out of the DNS."))
    return _back(request, key.domain)
