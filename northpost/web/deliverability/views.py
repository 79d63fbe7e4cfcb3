"""How mail fared over a range of days, by provider, by the people's domains and by our own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from northpost.core import clock
from northpost.delivery.deliverability.queries import (
    Deliverability,
    DmarcFigures,
    Fared,
    deliverability,
    dmarc_figures,
)
from northpost.team.rules import Ability
from northpost.web.domains.views import say_domain
from northpost.web.frame.access import StaffRequest, address, needs

RANGES = (7, 30, 90)  # days
SHOWN = 10
# From the providers' own rules for those who send much.
TOO_MANY_COMPLAINTS, MANY_COMPLAINTS = 0.003, 0.001
TOO_MANY_BOUNCES, MANY_BOUNCES = 0.05, 0.02
ENOUGH = 100  # messages, before a share says anything


@dataclass(frozen=True)
class Row:
    """A line of a table: a provider or a domain."""

    name: str
    fared: Fared

    @property
    def level(self) -> str:
        return level_of(self.fared)

    @property
    def bounced(self) -> float:
        return self.fared.share(self.fared.bounced)

    @property
    def complained(self) -> float:
        return self.fared.share(self.fared.complained)

    @property
    def put_off(self) -> float:
        return self.fared.share(self.fared.put_off)

    @property
    def clicked(self) -> float:
        return self.fared.share(self.fared.clicked)

    @property
    def opened(self) -> float:
        return self.fared.share(self.fared.opened)


def level_of(fared: Fared) -> str:
    """bad, doubt or good; blank while there is too little to tell."""
    if fared.sent < ENOUGH:
        return ""
    complained, bounced = fared.share(fared.complained), fared.share(fared.bounced)
    if complained >= TOO_MANY_COMPLAINTS or bounced >= TOO_MANY_BOUNCES:
        return "bad"
    return "doubt" if complained >= MANY_COMPLAINTS or bounced >= MANY_BOUNCES else "good"


@needs(Ability.SEE)
def deliverability_page(request: StaffRequest) -> HttpResponseBase:
    days = next((each for each in RANGES if request.GET.get("days") == str(each)), RANGES[1])
    last = clock.today(request.workspace.time_zone)
    first = last - timedelta(days=days - 1)
    found = deliverability(first=first, last=last)
    wanted = request.GET.get("sender", "")
    sender = wanted if wanted and any(name == wanted for name, _fared in found.senders) else ""
    if sender:
        found = deliverability(first=first, last=last, sender_domain=sender)
    dmarc = dmarc_figures(first=first, last=last, domain=sender)
    context = {
        "tabs": [
            {"key": "analysis", "label": _("Results"), "url": address(request, "analysis"), "count": None},
            {"key": "deliverability", "label": _("Deliverability"), "url": request.path, "count": None},
        ],
        "here": "deliverability",
        "days": days,
        "ranges": RANGES,
        "first": first,
        "last": last,
        "sender": sender,
        "senders": [(name, say_domain(name)) for name, _fared in found.senders if name],
        "found": found,
        "total": Row("", found.total),
        "warning": _warning(level_of(found.total)),
        "course": _course(found, first, last) if found.total.sent else None,
        "providers": _rows(found.providers, domains=False),
        # Where every domain is a provider of its own, that would be the same table again.
        "domains": _rows(found.domains) if _names(found.domains) != _names(found.providers) else [],
        "own": _rows(found.senders) if len(found.senders) > 1 else [],
        "dmarc": dmarc,
        "dmarc_course": _dmarc_course(dmarc, first, last) if dmarc.days else None,
        "dmarc_sources": dmarc.sources[:SHOWN],
        "shown": SHOWN,
    }
    return render(request, "web/deliverability/deliverability.html", context)


def _warning(level: str) -> str:
    if level == "bad":
        return _(
            "That is more than the large providers put up with: over 5% bounced, or over 0.3% reported as spam."
            " Write to fewer people, and only to those who asked for it."
        )
    if level == "doubt":
        return _(
            "That is close to what the large providers put up with: under 2% bounced and under 0.1% reported as spam"
            " is safe."
        )
    return ""


def _rows(found: Sequence[tuple[str, Fared]], *, domains: bool = True) -> list[Row]:
    """The first few, and all the others in one."""
    named = [(name, fared) for name, fared in found if name]
    rest = sum((fared for name, fared in found if not name), Fared())
    rest = sum((fared for _name, fared in named[SHOWN:]), rest)
    rows = [Row(say_domain(name) if domains else name, fared) for name, fared in named[:SHOWN]]
    return [*rows, Row("", rest)] if rest.sent else rows


def _names(found: Sequence[tuple[str, Fared]]) -> set[str]:
    return {name for name, _fared in found}


def _all_days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _course(found: Deliverability, first: date, last: date) -> dict[str, Any]:
    days = _all_days(first, last)
    fared = [found.days.get(day, Fared()) for day in days]
    series = [
        {"name": _("Taken by the provider"), "values": [one.accepted for one in fared], "role": "actual"},
        {"name": _("Refused or in doubt"), "values": [one.sent - one.accepted for one in fared], "role": "loss"},
    ]
    return {"kind": "days", "x": [day.isoformat() for day in days], "series": series}


def _dmarc_course(found: DmarcFigures, first: date, last: date) -> dict[str, Any]:
    days = _all_days(first, last)
    fared = [found.days.get(day) for day in days]
    series = [
        {"name": pgettext("DMARC", "Passed"), "values": [one.passed if one else 0 for one in fared], "role": "actual"},
        {"name": pgettext("DMARC", "Failed"), "values": [one.failed if one else 0 for one in fared], "role": "loss"},
    ]
    return {"kind": "days", "x": [day.isoformat() for day in days], "series": series}
