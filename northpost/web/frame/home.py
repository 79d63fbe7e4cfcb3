"""What home shows: goals, what to do next, what goes out, health. Read honestly from the state of things.

Parts add to it in their own modules: :func:`register_steps` for what to do next, :func:`register_health` for the row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Sum
from django.urls import NoReverseMatch
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from northpost.campaigns.models import Campaign, CampaignState
from northpost.campaigns.queries import going_out
from northpost.contacts.models import Contact
from northpost.core import clock
from northpost.delivery.models import Route, Sender, Source
from northpost.events import consumers
from northpost.goals.models import Group
from northpost.goals.queries import Progress, progress_of_all
from northpost.sales.models import Order
from northpost.segments.models import Segment
from northpost.team.rules import Ability, may
from northpost.web.frame.access import StaffRequest, address
from northpost.web.frame.money import seen
from northpost.web.goals.drawing import small_line
from northpost.web.templatetags.northpost import say_number

MOST_GOALS = 8
MOST_STEPS = 3


@dataclass(frozen=True)
class Step:
    """Something to do next, why, and where. Those with the lowest ``rank`` are shown."""

    rank: int
    text: str
    action: str
    url: str
    icon: str


@dataclass(frozen=True)
class Health:
    """A figure of the row: ``kind`` is good, doubt or bad, as in parts/state.html."""

    kind: str
    icon: str
    text: str
    url: str = ""


_steps: list[Callable[[StaffRequest], Iterable[Step]]] = []
_health: list[Callable[[StaffRequest], Iterable[Health]]] = []


def register_steps(read: Callable[[StaffRequest], Iterable[Step]]) -> None:
    """Let a part propose what to do next."""
    _steps.append(read)


def register_health(read: Callable[[StaffRequest], Iterable[Health]]) -> None:
    """Let a part say how it is."""
    _health.append(read)


def read(request: StaffRequest) -> dict[str, Any]:
    """The context of web/home.html."""
    now = clock.now()
    goals = [each for each in seen(request, progress_of_all(now)) if not each.over][:MOST_GOALS]
    today, week = _outgoing(request)
    return {
        "goals": [{"progress": each, "small": small_line(each)} for each in goals],
        "steps": _next_steps(request, goals) if may(request.membership.role, Ability.EDIT) else [],
        "today": today,
        "week": week,
        "health": [*_own_health(request), *(each for read_more in _health for each in read_more(request))],
    }


def _next_steps(request: StaffRequest, goals: list[Progress]) -> list[Step]:
    found = [*_first_steps(request, goals), *_steps_for_goals(request, goals), *_steps_for_mailings(request)]
    found += [step for propose in _steps for step in propose(request)]
    return sorted(found, key=lambda step: step.rank)[:MOST_STEPS]


def _first_steps(request: StaffRequest, goals: list[Progress]) -> Iterable[Step]:
    """What a workspace lacks to begin with."""
    if not Contact.objects.exists():
        yield Step(
            1,
            _("There is nobody to write to yet. Bring in your customers from a file."),
            _("Import people"),
            _link(request, "import_start"),
            "import",
        )
    elif not Order.objects.exists():
        yield Step(
            3,
            _("Without orders nobody knows who buys. Bring them in from a file."),
            _("Import orders"),
            _link(request, "import_start"),
            "order",
        )
    if not goals:
        text = _("No goal has been stated. Say what you want from which group of people, and by when.")
        yield Step(2, text, _("State a goal"), _link(request, "goal_create"), "goal")
    if not Sender.objects.filter(archived_at=None).exists():
        text = _("Nobody is named yet as the sender of your mails.")
        yield Step(4, text, _("Name a sender"), _link(request, "sender_create"), "settings")
    if Contact.objects.exists() and not Segment.objects.filter(archived_at=None).exists():
        text = _("Everyone gets the same, as long as there is no segment.")
        yield Step(20, text, _("Make a segment"), _link(request, "segment_create"), "segment")


def _steps_for_goals(request: StaffRequest, goals: list[Progress]) -> Iterable[Step]:
    for each in goals:
        if each.on_track is not False:
            continue
        named = {"goal": each.title, "group": Group(each.goal.group).label}
        if each.kpi.harm:  # more mail would only make more of it
            text = _("“%(goal)s” is above its target. See after which mailings people leave.") % named
            yield Step(10, text, _("Look at the mailings"), address(request, "analysis"), "analysis")
        else:
            text = _("“%(goal)s” is behind. Write to the group “%(group)s”.") % named
            yield Step(10, text, _("Pick these people"), _segment_link(request, each.goal.group), "mailing")


def _segment_link(request: StaffRequest, group: str) -> str:
    return f"{_link(request, 'segment_create')}?start={group}"


def _steps_for_mailings(request: StaffRequest) -> Iterable[Step]:
    waiting = Campaign.objects.filter(archived_at=None, state__in=[CampaignState.PAUSED, CampaignState.DRAFT])
    for each in waiting.order_by("-updated_at")[:MOST_STEPS]:
        url = address(request, "mailing", each.pk)
        if each.state == CampaignState.PAUSED:
            text = _("The mailing “%(name)s” stands still. Look why, and let it go on or end it.")
            yield Step(0, text % {"name": each.name}, _("Look at it"), url, "paused")
        else:
            text = _("The mailing “%(name)s” is a draft.")
            yield Step(30, text % {"name": each.name}, _("Finish it"), url, "draft")
    if not Campaign.objects.exists() and Contact.objects.exists():
        yield Step(25, _("Nothing has been sent yet."), _("New mailing"), address(request, "mailing_create"), "mailing")


def _outgoing(request: StaffRequest) -> tuple[list[Campaign], list[Campaign]]:
    """What goes out until midnight of the workspace, and within the six days after."""
    now = clock.now()
    local = now.astimezone(ZoneInfo(request.workspace.time_zone))
    midnight = (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    today = going_out(until=midnight)
    known = {each.pk for each in today}
    return today, [each for each in going_out(until=midnight + timedelta(days=6)) if each.pk not in known]


def _own_health(request: StaffRequest) -> Iterable[Health]:
    in_doubt = Source.objects.aggregate(total=Sum("in_doubt_count"))["total"] or 0
    mailings = address(request, "mailings")
    if in_doubt:
        text = ngettext("%(number)s mail in doubt", "%(number)s mails in doubt", in_doubt)
        yield Health("doubt", "doubt", text % {"number": say_number(in_doubt)}, address(request, "doubt"))
    else:
        yield Health("good", "done", _("No mail in doubt"))
    held = Campaign.objects.filter(state=CampaignState.PAUSED, archived_at=None).count()
    if held:
        text = ngettext("%(number)s mailing stands still", "%(number)s mailings stand still", held)
        yield Health("doubt", "paused", text % {"number": say_number(held)}, f"{mailings}?state=paused")
    paused = Route.objects.filter(archived_at=None).exclude(paused_at=None).count()
    if paused:
        text = ngettext("%(number)s server is paused", "%(number)s servers are paused", paused)
        yield Health("bad", "paused", text % {"number": say_number(paused)}, _link(request, "sending"))
    elif Route.objects.filter(archived_at=None).exists():
        yield Health("good", "route", _("Every server is on"))
    else:
        yield Health("bad", "route", _("There is no server to send through yet"), _link(request, "sending"))
    behind = max(consumers.lag().values(), default=0)
    if behind > consumers.BATCH:
        text = ngettext("%(number)s event still to be counted", "%(number)s events still to be counted", behind)
        yield Health("doubt", "queued", text % {"number": say_number(behind)})
    else:
        yield Health("good", "event", _("Figures are up to date"))


def _link(request: StaffRequest, *names: str) -> str:
    """The first of these pages that there is."""
    for name in names:
        try:
            return address(request, name)
        except NoReverseMatch:
            continue
    return address(request, "home")
