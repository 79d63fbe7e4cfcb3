"""Limits in sentences and charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from northpost.campaigns.models import Campaign
from northpost.contacts.models import Contact
from northpost.delivery.limits import allowances, budgets, holds, slowing, warming
from northpost.delivery.limits.allowances import Waiting
from northpost.delivery.limits.budgets import Limit
from northpost.delivery.limits.providers import name_of
from northpost.delivery.limits.slowing import Slowed
from northpost.delivery.models import Ceiling, Hold, HoldReason, ProviderLimit, Route, WarmUp
from northpost.delivery.queries import why_paused
from northpost.delivery.rules import warming as rules
from northpost.delivery.rules.throttling import DAY, HOUR, MINUTE
from northpost.delivery.rules.warming import Plan
from northpost.web.templatetags.northpost import say_number, say_when

# A plan whose end is further away is drawn for so many days.
MOST_DRAWN = 45
SHOWN_STEPS = 12
USUAL_PEOPLE = 100_000


@dataclass(frozen=True)
class Slow:
    """A provider that slows us down: the sentence, what stands under it, and what the button needs."""

    sentence: str
    note: str
    reply: str
    route_id: int
    group: str


def slow_groups(now: datetime, names: Mapping[int, str]) -> list[Slow]:
    return [_slow(one, names) for one in slowing.slowed(now)]


def _slow(one: Slowed, names: Mapping[int, str]) -> Slow:
    sentence = ngettext(
        "%(who)s is slowing us down: %(connections)s of %(full)s connection since %(since)s.",
        "%(who)s is slowing us down: %(connections)s of %(full)s connections since %(since)s.",
        one.full,
    )
    note = ngettext(
        "By “%(route)s” %(rate)s message a minute leaves for it. It gets back one connection every five quiet minutes.",
        "By “%(route)s” %(rate)s messages a minute leave for it. It gets back one connection every five quiet minutes.",
        one.per_minute,
    )
    said = {
        "who": name_of(one.mx_group),
        "connections": say_number(one.connections),
        "full": say_number(one.full),
        "since": say_when(one.since),
        "route": names.get(one.route_id, ""),
        "rate": say_number(one.per_minute),
    }
    return Slow(sentence % said, note % said, one.reply, one.route_id, one.mx_group)


def paused(routes: Sequence[Route], now: datetime) -> list[str]:
    """Of these, the servers by which nothing leaves now, and what is to be done."""
    return [_paused(route) for route in routes if route.paused_at and (route.paused_until or now) >= now]


def _paused(route: Route) -> str:
    said = {"route": route.name, "why": why_paused(route.pause_reason)}
    if route.paused_until is not None:
        return _("“%(route)s” can't be used for the moment: %(why)s It is tried again by itself.") % said
    return _("“%(route)s” is paused: %(why)s See “Servers and senders” in the settings.") % said


def waiting(now: datetime, names: Mapping[int, str]) -> list[str]:
    """What a used-up limit holds back, and until when."""
    held = holds.held_now(now)
    ids = {row.source_id or 0 for row in held if row.source_kind == "campaign"}
    mailings = dict(Campaign.objects.filter(pk__in=ids).values_list("pk", "name"))
    return [_held(row, names, mailings) for row in held] + _behind(now, names)


def _behind(now: datetime, names: Mapping[int, str], route_id: int | None = None) -> list[str]:
    """What waits because of a limit that a person set for a mailbox provider."""
    return [
        _say_behind(name_of(group), names.get(route, ""), one)
        for (route, group), one in sorted(allowances.waiting(now).items())
        if route_id in (None, route)
    ]


def _say_behind(who: str, route: str, one: Waiting) -> str:
    sentence = ngettext(
        "%(count)s message to %(who)s waits: “%(route)s” has sent as many there as you allow. It goes on: %(until)s.",
        "%(count)s messages to %(who)s wait: “%(route)s” has sent as many there as you allow. It goes on: %(until)s.",
        one.messages,
    )
    return sentence % {"count": say_number(one.messages), "who": who, "route": route, "until": say_when(one.until)}


def _held(row: Hold, names: Mapping[int, str], mailings: Mapping[int, str]) -> str:
    said = {
        "route": names.get(row.route_id or 0, ""),
        "until": say_when(row.until),
        "mailing": mailings.get(row.source_id or 0, "") if row.source_kind == "campaign" else "",
    }
    if row.reason == HoldReason.WARM_UP:
        if said["mailing"]:
            return _("“%(mailing)s” goes on at the next step of the warm-up of “%(route)s”: %(until)s.") % said
        return _("More leaves at the next step of the warm-up of “%(route)s”: %(until)s.") % said
    if row.route_id is not None:
        if row.reason == HoldReason.DAY:
            return _("“%(route)s” has sent all it may in 24 hours. It goes on: %(until)s.") % said
        return _("“%(route)s” has sent all it may for the moment. It goes on: %(until)s.") % said
    if row.reason == HoldReason.DAY:
        return _("All servers together have sent what you allow in 24 hours. They go on: %(until)s.") % said
    return _("All servers together have sent what you allow in an hour. They go on: %(until)s.") % said


def holding_back(campaign: Campaign, now: datetime) -> list[str]:
    """What makes a mailing under way wait: a server that is paused, a used-up limit, a step of a warm-up, a provider
    that slows us down."""
    held = [row for row in holds.held_now(now) if _concerns(row, campaign)]
    names = dict(Route.objects.filter(archived_at=None).values_list("pk", "name"))
    # A route that is used up makes nobody wait where another one takes over.
    others = Route.objects.filter(pk=campaign.route_id or 0, fallback_id__isnull=False).exists()
    sentences = [
        _held(row, names, {campaign.pk: campaign.name})
        for row in held
        if not (others and row.route_id is not None and row.source_id is None)
    ]
    slow = [_slow(one, names).sentence for one in slowing.slowed(now) if one.route_id == campaign.route_id]
    stopped = [] if others else paused(list(Route.objects.filter(pk=campaign.route_id or 0)), now)
    behind = _behind(now, names, campaign.route_id) if campaign.route_id else []
    return stopped + sentences + slow + behind


def _concerns(row: Hold, campaign: Campaign) -> bool:
    if row.source_kind is not None:
        return (row.source_kind, row.source_id) == ("campaign", campaign.pk)
    return row.route_id in (None, campaign.route_id)


@dataclass(frozen=True)
class RouteUse:
    """A route's limits: each "312 of 1,000", or empty where there is none."""

    route: Route
    minute: str
    hour: str
    day: str
    fallback: str


def route_uses(routes: list[Route], now: datetime) -> list[RouteUse]:
    names = {route.pk: route.name for route in routes}
    limits = {
        (route.pk, window.name): Limit(f"route:{route.pk}:{window.name}", window, messages)
        for route in routes
        for window, messages in ((MINUTE, route.per_minute), (HOUR, route.per_hour), (DAY, route.per_day))
        if messages
    }
    used = budgets.used(list(limits.values()), now=now) if limits else {}

    def say(route: Route, window: str) -> str:
        limit = limits.get((route.pk, window))
        return _of(used[limit.key], limit.messages) if limit is not None else ""

    return [
        RouteUse(
            route,
            say(route, "minute"),
            say(route, "hour"),
            say(route, "day"),
            names.get(route.fallback_id or 0, ""),
        )
        for route in routes
    ]


@dataclass(frozen=True)
class ProviderUse:
    """A limit for a mailbox provider: each "12 of 100", or empty where there is none."""

    row: ProviderLimit
    who: str
    route: str
    minute: str
    hour: str
    day: str


def provider_uses(now: datetime, names: Mapping[int, str]) -> list[ProviderUse]:
    rows = list(ProviderLimit.objects.order_by("mx_group", "route_id"))
    limits = {row.pk: allowances.allowed_by(row).limits for row in rows}
    every = [limit for each in limits.values() for limit in each]
    used = budgets.used(every, now=now) if every else {}

    def say(row: ProviderLimit, window: str) -> str:
        return next(
            (_of(used[limit.key], limit.messages) for limit in limits[row.pk] if limit.window.name == window), ""
        )

    return [
        ProviderUse(
            row,
            name_of(row.mx_group),
            names.get(row.route_id, ""),
            say(row, "minute"),
            say(row, "hour"),
            say(row, "day"),
        )
        for row in rows
    ]


@dataclass(frozen=True)
class CommonProvider:
    """A mailbox provider that many of the workspace's people have, and how many that are, in words."""

    name: str
    people: str


def common_providers() -> list[CommonProvider]:
    return [CommonProvider(name_of(group), _people(count)) for group, count in allowances.common_groups().items()]


def _people(count: int) -> str:
    return ngettext("%(people)s person", "%(people)s people", count) % {"people": say_number(count)}


def ceiling_uses(ceiling: Ceiling | None, now: datetime) -> list[str]:
    """How much of the firm's own limits is used."""
    if ceiling is None:
        return []
    limits = [
        Limit(f"workspace:{window.name}", window, messages)
        for window, messages in ((HOUR, ceiling.per_hour), (DAY, ceiling.per_day))
        if messages
    ]
    used = budgets.used(limits, now=now) if limits else {}
    words = {"hour": _("In the last hour: %(used)s"), "day": _("In the last 24 hours: %(used)s")}
    return [words[limit.window.name] % {"used": _of(used[limit.key], limit.messages)} for limit in limits]


def _of(used: int, limit: int) -> str:
    return _("%(used)s of %(limit)s") % {"used": say_number(used), "limit": say_number(limit)}


# --- warm-up ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Warming:
    """A plan as the pages show it. ``step``: 1 for the first day, 0 or less before it; ``left``: days to go."""

    row: WarmUp
    route: str
    step: int
    ceiling: int | None
    used: int
    over: bool

    @property
    def sentence(self) -> str:
        if self.step < 1:
            return _("It begins on its first day. Until then nothing leaves from this domain by this server.")
        if self.over:
            return _("It is over: nothing is held back any more.")
        said = {"day": say_number(self.step), "used": say_number(self.used), "limit": say_number(self.ceiling)}
        return _("Day %(day)s: %(used)s of %(limit)s messages were sent today.") % said


def warmings(names: Mapping[int, str], now: datetime) -> list[Warming]:
    """The plans that were not ended, the newest first."""
    rows = list(WarmUp.objects.filter(ended_at=None).order_by("-created_at", "-pk"))
    if not rows:
        return []
    today = warming.clock_day(now, warming.zone())
    return [show_warming(row, names.get(row.route_id, ""), today) for row in rows]


def show_warming(row: WarmUp, route: str, today: date) -> Warming:
    plan = warming.plan_of(row)
    step = rules.step_of(plan, today)
    ceiling = rules.ceiling_of(plan, step)
    day = warming.days_of(row.pk).get(today)
    return Warming(row, route, step + 1, ceiling, day.used if day else 0, ceiling is None)


def days_sentence(plan: Plan, people: int, *, today: date | None = None) -> str:
    """How long a mailing takes by a plan from its first day on, or by one that runs, from ``today``."""
    if today is not None and (step := rules.step_of(plan, today)) > 0:
        days = rules.days_needed(plan, people, from_step=step)
        sentence = ngettext(
            "From today on %(people)s people take %(days)s day.",
            "From today on %(people)s people take %(days)s days.",
            days,
        )
        return sentence % {"people": say_number(people), "days": say_number(days)}
    days = rules.days_needed(plan, people)
    sentence = ngettext(
        "With this plan %(people)s people take %(days)s day.",
        "With this plan %(people)s people take %(days)s days.",
        days,
    )
    return sentence % {"people": say_number(people), "days": say_number(days)}


def first_steps(plan: Plan) -> str:
    """ "50, 100, 200 …" """
    values = list(islice(rules.ceilings(plan), SHOWN_STEPS + 1))
    return " · ".join(say_number(value) for value in values[:SHOWN_STEPS]) + (" …" if len(values) > SHOWN_STEPS else "")


def reachable_people() -> int:
    """How many people have an address; a round number where there is nobody yet."""
    return Contact.objects.exclude(email_key=None).count() or USUAL_PEOPLE


def warm_up_chart(row: WarmUp, today: date) -> dict[str, Any]:
    """Each day's ceiling as a line, and what left as another, up to today."""
    plan = warming.plan_of(row)
    known = warming.days_of(row.pk)
    days: list[date] = []
    ceilings: list[int | None] = []
    day = row.starts_on
    while len(days) < MOST_DRAWN:
        ceiling = known[day].ceiling if day in known and day < today else _ceiling_on(plan, day, today)
        days.append(day)
        ceilings.append(ceiling)
        if ceiling is None and day >= today:
            break
        day += timedelta(days=1)
    sent = [known[day].used if day in known else (0 if day <= today else None) for day in days]
    return {
        "kind": "line",
        "x": [day.isoformat() for day in days],
        "series": [{"name": _("sent"), "values": sent, "role": "actual"}],
        "target": {"name": _("allowed"), "values": ceilings},
    }


def _ceiling_on(plan: Plan, day: date, today: date) -> int | None:
    if day > today and plan.kept_on is not None:
        # As if it were let go on tomorrow: the line shows what is to come.
        passed = max(0, (today - max(plan.kept_on, plan.starts_on)).days)
        plan = Plan(
            plan.starts_on, plan.first_day, plan.factor, plan.end_volume, plan.steps, None, plan.kept_days + passed
        )
    return rules.ceiling_of(plan, rules.step_of(plan, day))
