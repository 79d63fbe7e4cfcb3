"""Plans that warm a sender's domain up on a route: made, kept at a step, ended; and what today allows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from northpost.core import addresses, clock, tenancy
from northpost.delivery.errors import DeliveryProblem, NotHere
from northpost.delivery.limits import holds
from northpost.delivery.limits.budgets import Today
from northpost.delivery.models import Route, RouteKind, WarmUp, WarmUpDay
from northpost.delivery.rules import warming
from northpost.delivery.rules.warming import Plan
from northpost.team.actions import record
from northpost.team.models import User, Workspace

MOST_STEPS = 60
MOST_MESSAGES = 10_000_000
SMALLEST_FACTOR, LARGEST_FACTOR = Decimal("1.05"), Decimal("4")


@dataclass(frozen=True)
class Running:
    """A plan that limits a domain on a route, and what it allows today."""

    id: int
    route_id: int
    domain: str
    today: Today


def plan_of(row: WarmUp) -> Plan:
    return Plan(
        starts_on=row.starts_on,
        first_day=row.first_day,
        factor=float(row.factor),
        end_volume=row.end_volume,
        steps=tuple(row.steps),
        kept_on=row.kept_on,
        kept_days=row.kept_days,
    )


def zone() -> str:
    return Workspace.objects.filter(pk=tenancy.require_workspace()).values_list("time_zone", flat=True).first() or "UTC"


def running(now: datetime) -> list[Running]:
    """What the plans allow today; those that are over, or ended, are not among them."""
    rows = list(WarmUp.objects.filter(ended_at=None).order_by("pk"))
    if not rows:
        return []
    name = zone()
    day = clock_day(now, name)
    found = []
    for row in rows:
        plan = plan_of(row)
        ceiling = warming.ceiling_of(plan, warming.step_of(plan, day))
        if ceiling is not None:
            found.append(Running(row.pk, row.route_id, row.domain, _today(row, plan, day, ceiling, name)))
    return found


def _today(row: WarmUp, plan: Plan, day: date, ceiling: int, name: str) -> Today:
    begins_later = day < plan.starts_on
    ends_at = warming.first_moment(plan.starts_on, name) if begins_later else warming.next_day(day, name)
    return Today(row.pk, day, ceiling, ends_at)


def clock_day(now: datetime, name: str) -> date:
    return now.astimezone(ZoneInfo(name)).date()


def days_for(*, route_id: int, domain: str, people: int, now: datetime) -> int | None:
    """How many days a mailing to so many people takes by the plan of this domain on this route; None without one."""
    row = WarmUp.objects.filter(ended_at=None, route_id=route_id, domain=domain).first()
    if row is None:
        return None
    plan = plan_of(row)
    step = warming.step_of(plan, clock_day(now, zone()))
    if warming.ceiling_of(plan, step) is None:
        return None
    # Kept at its number, it takes as long as that number needs.
    kept = warming.ceiling_of(plan, step) if row.kept_on is not None else None
    if kept:
        return -(-people // kept)
    return max(0, -step) + warming.days_needed(plan, people, from_step=max(0, step))


def is_warming() -> bool:
    """Whether a plan runs: then who reads our mail gets it first."""
    return WarmUp.objects.filter(ended_at=None).exists()


def finish_those_over(now: datetime) -> int:
    """End the plans that have grown to their end; returns how many."""
    rows = list(WarmUp.objects.filter(ended_at=None).order_by("pk"))
    today = clock_day(now, zone()) if rows else None
    over = [
        row.pk
        for row in rows
        if today is not None and warming.ceiling_of(plan_of(row), warming.step_of(plan_of(row), today)) is None
    ]
    return WarmUp.objects.filter(pk__in=over, ended_at=None).update(ended_at=now) if over else 0


def start_warm_up(
    *,
    route_id: int,
    domain: str,
    starts_on: date,
    first_day: int,
    factor: Decimal,
    end_volume: int,
    steps: Sequence[int] = (),
    by: User | None = None,
) -> WarmUp:
    """Raises DeliveryProblem, NotHere."""
    route = Route.objects.filter(pk=route_id, archived_at=None).first()
    if route is None:
        raise NotHere(f"no route {route_id}")
    if route.kind == RouteKind.MAILBOX:
        raise DeliveryProblem("route_id", _("The local mailbox delivers nothing: there is nothing to warm up."))
    plan = WarmUp(route_id=route_id, domain=_domain(domain), created_at=clock.now())
    if WarmUp.objects.filter(route_id=route_id, domain=plan.domain, ended_at=None).exists():
        raise DeliveryProblem("domain", _("A plan for this domain on this server is running: change that one."))
    _apply(plan, starts_on, first_day, factor, end_volume, steps)
    with transaction.atomic():
        plan.save()
        record(user=by, verb="created", noun="warm_up", noun_id=plan.pk, detail={"domain": plan.domain})
    return plan


def change_warm_up(
    *,
    warm_up_id: int,
    starts_on: date,
    first_day: int,
    factor: Decimal,
    end_volume: int,
    steps: Sequence[int] = (),
    by: User | None = None,
) -> WarmUp:
    """It holds from the next message on. Raises DeliveryProblem, NotHere."""
    with transaction.atomic():
        plan = _locked(warm_up_id)
        _apply(plan, starts_on, first_day, factor, end_volume, steps)
        plan.save()
        holds.release(route_id=plan.route_id)
        record(user=by, verb="changed", noun="warm_up", noun_id=plan.pk, detail={"domain": plan.domain})
    return plan


def keep_warm_up(*, warm_up_id: int, by: User | None = None) -> None:
    """Let it stay at today's ceiling until told to go on. Raises NotHere."""
    with transaction.atomic():
        plan = _locked(warm_up_id)
        if plan.kept_on is None:
            plan.kept_on = clock_day(clock.now(), zone())
            plan.save(update_fields=["kept_on"])
            record(user=by, verb="kept", noun="warm_up", noun_id=plan.pk, detail={"domain": plan.domain})


def let_warm_up_grow(*, warm_up_id: int, by: User | None = None) -> None:
    """Go on from the step at which it was kept. Raises NotHere."""
    with transaction.atomic():
        plan = _locked(warm_up_id)
        if plan.kept_on is not None:
            today = clock_day(clock.now(), zone())
            since = max(plan.kept_on, plan.starts_on)
            plan.kept_days += max(0, (today - since).days)
            plan.kept_on = None
            plan.save(update_fields=["kept_on", "kept_days"])
            record(user=by, verb="let_grow", noun="warm_up", noun_id=plan.pk, detail={"domain": plan.domain})


def end_warm_up(*, warm_up_id: int, by: User | None = None) -> None:
    """No more ceilings for this domain on this route. Raises NotHere."""
    with transaction.atomic():
        plan = _locked(warm_up_id)
        WarmUp.objects.filter(pk=plan.pk).update(ended_at=clock.now())
        holds.release(route_id=plan.route_id)
        record(user=by, verb="ended", noun="warm_up", noun_id=plan.pk, detail={"domain": plan.domain})


def days_of(warm_up_id: int) -> dict[date, WarmUpDay]:
    """What each day allowed and used, of the days on which something was sent."""
    return {row.day: row for row in WarmUpDay.objects.filter(warm_up_id=warm_up_id).order_by("day")}


def read_steps(text: str) -> list[int]:
    """ "50, 100, 200": one ceiling for each day. Raises DeliveryProblem."""
    words = [word for word in re.split(r"[\s,;]+", text.strip()) if word]
    if not all(word.isascii() and word.isdigit() and len(word) < 9 for word in words):
        raise DeliveryProblem("steps", _("Write whole numbers with commas between them, as in 50, 100, 200."))
    return [int(word) for word in words]


def _apply(
    plan: WarmUp, starts_on: date, first_day: int, factor: Decimal, end_volume: int, steps: Sequence[int]
) -> None:
    if not 1 <= first_day <= MOST_MESSAGES:
        raise DeliveryProblem("first_day", _("At least one message on the first day."))
    if not SMALLEST_FACTOR <= factor <= LARGEST_FACTOR:
        raise DeliveryProblem("factor", _("Between 1.05 and 4 times: 1.5 is careful, 2 is usual."))
    if len(steps) > MOST_STEPS or any(not 1 <= step <= MOST_MESSAGES for step in steps):
        raise DeliveryProblem("steps", _("At most 60 days, each with at least one message."))
    if any(later < earlier for earlier, later in pairwise(steps)):
        raise DeliveryProblem("steps", _("A later day may not allow less than an earlier one."))
    largest = max(steps, default=first_day)
    if not largest < end_volume <= MOST_MESSAGES:
        raise DeliveryProblem("end_volume", _("More than the first days allow, and at most ten million."))
    plan.starts_on, plan.first_day, plan.factor = starts_on, first_day, factor
    plan.end_volume, plan.steps = end_volume, list(steps)


def _domain(text: str) -> str:
    try:
        return addresses.normalise(f"postmaster@{text.strip()}").domain
    except addresses.AddressError as error:
        words = _("Enter the domain behind the @ of the sender, as in shop.example.")
        raise DeliveryProblem("domain", words) from error


def _locked(warm_up_id: int) -> WarmUp:
    plan = WarmUp.objects.select_for_update().filter(pk=warm_up_id, ended_at=None).first()
    if plan is None:
        raise NotHere(f"no warm-up {warm_up_id}")
    return plan
