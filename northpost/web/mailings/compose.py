"""A draft's page: four cards, and the mail itself beside them as any chosen person gets it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch
from django.views.decorators.http import require_POST

from northpost.campaigns import actions, audience, preflight
from northpost.campaigns.models import Campaign
from northpost.campaigns.outside import check_outside
from northpost.campaigns.rules import BadAudience, parse_audience
from northpost.core import clock
from northpost.delivery.models import Route, RouteKind
from northpost.team.rules import Ability, may
from northpost.web.frame.access import StaffRequest, address, needs
from northpost.web.mailings.forms import RenameForm, TestMailForm, WayForm, WhatForm, WhenForm, WhoForm
from northpost.web.mailings.preview import campaign_or_404, kept_choice, preview

# Where a finding is mended, if not on its card: finding's key -> the settings' page.
ELSEWHERE = {
    "address": "company",
    "company": "company",
    "sender": "sending",
    "dns": "domains",
    "content": "template",
    "values": "template",
}


def page(request: StaffRequest, campaign: Campaign, **bound: forms.Form) -> HttpResponse:
    """The page with its cards; ``bound`` forms replace fresh ones, to show their errors (status 422)."""
    findings = preflight.check(campaign)
    role = request.membership.role
    context: dict[str, Any] = {
        "campaign": campaign,
        "who": bound.get("who") or WhoForm(campaign=campaign),
        "what": bound.get("what") or WhatForm(campaign=campaign),
        "way": bound.get("way") or WayForm(campaign=campaign),
        "when": bound.get("when") or WhenForm(campaign=campaign),
        "test": bound.get("test") or TestMailForm(initial={"email": request.member.email}),
        "rename": bound.get("rename") or RenameForm(initial={"name": campaign.name}, auto_id="rename-%s"),
        "cards": _cards(findings),
        "findings": with_places(request, campaign, findings),
        "ready": all(finding.level is not preflight.Level.MISSING for finding in findings),
        "people": _count(campaign.audience),
        "preview": preview(request, campaign),
        "to_mailbox": to_mailbox(campaign),
        "may_edit": may(role, Ability.EDIT),
        "may_send": may(role, Ability.SEND),
    }
    return render(request, "web/mailings/compose.html", context, status=422 if bound else 200)


def _cards(findings: list[preflight.Check]) -> dict[str, str]:
    """Card -> its level: the worst of its findings."""
    worst = [preflight.Level.DONE, preflight.Level.DOUBTFUL, preflight.Level.MISSING]
    levels = dict.fromkeys(("who", "what", "when"), preflight.Level.DONE)
    for finding in findings:
        levels[finding.card] = max(levels[finding.card], finding.level, key=worst.index)
    levels["check"] = max(levels.values(), key=worst.index)
    return {card: level.value for card, level in levels.items()}


def with_places(
    request: StaffRequest, campaign: Campaign, findings: list[preflight.Check]
) -> list[tuple[preflight.Check, str]]:
    """Each finding with the address where it is mended; blank for what is done."""
    return [(finding, _place(request, campaign, finding)) for finding in findings]


def _place(request: StaffRequest, campaign: Campaign, finding: preflight.Check) -> str:
    if finding.level is preflight.Level.DONE:
        return ""
    name = ELSEWHERE.get(finding.key, "")
    try:
        if name == "template" and campaign.template_id is not None:
            return address(request, name, campaign.template_id)
        return address(request, name)
    except NoReverseMatch:
        return f"#{finding.card}"


def to_mailbox(campaign: Campaign) -> bool:
    """Whether it goes to the local mailbox, and so to nobody."""
    return Route.objects.filter(pk=campaign.route_id or 0, kind=RouteKind.MAILBOX).exists()


def _count(chosen: dict[str, Any]) -> int | None:
    """The size of an audience, or None where it can't be made out."""
    try:
        parsed = parse_audience(chosen)
        return audience.count_audience(parsed, now=clock.now()) if parsed.include else None
    except BadAudience:
        return None


def _save(
    request: StaffRequest, pk: int, card: str, form: forms.Form, choices: Callable[[], dict[str, Any]]
) -> HttpResponse:
    """Keep what a card's form says and go back to the card, or show what is wrong at its fields."""
    if form.is_valid():
        try:
            actions.update_campaign(campaign_id=pk, **choices())
        except (actions.CampaignError, BadAudience) as error:
            form.add_error(None, str(error))
    if form.errors:
        return page(request, campaign_or_404(pk), **{card: form})
    anchor = {"way": "when", "rename": ""}.get(card, card)
    return redirect(f"{address(request, 'mailing', pk)}{kept_choice(request)}{'#' + anchor if anchor else ''}")


@require_POST
@needs(Ability.EDIT)
def who(request: StaffRequest, pk: int) -> HttpResponseBase:
    form = WhoForm(request.POST, campaign=campaign_or_404(pk))
    return _save(
        request,
        pk,
        "who",
        form,
        lambda: {
            "audience": form.audience().to_json(),
            "purpose_id": form.cleaned_data["purpose"],
            "sender_id": form.cleaned_data["sender"],
        },
    )


@require_POST
@needs(Ability.EDIT)
def what(request: StaffRequest, pk: int) -> HttpResponseBase:
    form = WhatForm(request.POST, campaign=campaign_or_404(pk))
    return _save(
        request,
        pk,
        "what",
        form,
        lambda: {
            "template_id": form.cleaned_data["template"],
            "default_language": form.cleaned_data["default_language"],
            "goal_id": form.cleaned_data["goal"],
        },
    )


@require_POST
@needs(Ability.EDIT)
def way(request: StaffRequest, pk: int) -> HttpResponseBase:
    form = WayForm(request.POST, campaign=campaign_or_404(pk))
    return _save(
        request,
        pk,
        "way",
        form,
        lambda: {"route_id": form.cleaned_data["route"], "canary": form.cleaned_data["canary"]},
    )


@require_POST
@needs(Ability.EDIT)
def rename(request: StaffRequest, pk: int) -> HttpResponseBase:
    campaign_or_404(pk)
    form = RenameForm(request.POST, auto_id="rename-%s")
    return _save(request, pk, "rename", form, lambda: {"name": form.cleaned_data["name"]})


@needs(Ability.SEE)
def check(request: StaffRequest, pk: int) -> HttpResponseBase:
    """The findings with what takes longer to look up: the sender's domain in the DNS."""
    campaign = campaign_or_404(pk)
    if not request.htmx:
        return redirect(f"{address(request, 'mailing', pk)}#check")
    findings = [*preflight.check(campaign), *check_outside(campaign)]
    context = {"campaign": campaign, "findings": with_places(request, campaign, findings)}
    return render(request, "web/mailings/findings.html", context)
