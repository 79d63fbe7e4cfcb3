"""What a person lets go to one mailbox provider by a route: set, taken away, and what waits because of it.

A message that does not fit is due again when its turn comes, behind those that wait already; mail to other providers
goes on. A route's fallback does not take it over: the provider sees the same firm.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Func, IntegerField, Max, Min, QuerySet, Sum
from django.utils.translation import gettext as _

from northpost.core import addresses, clock, sql, tenancy
from northpost.delivery.errors import DeliveryProblem, NotHere
from northpost.delivery.limits import hosts
from northpost.delivery.limits.budgets import Limit, usages
from northpost.delivery.limits.providers import NAMES, name_of
from northpost.delivery.models import ProviderLimit, PutBehind, Route, RouteKind
from northpost.delivery.rules import throttling
from northpost.delivery.rules.throttling import DAY, HOUR, MINUTE
from northpost.team.actions import record
from northpost.team.models import User

# What is put behind by the minute waits in steps of so many seconds.
STEP_SECONDS = 10
LONGEST_GROUP = 80
MOST_SUGGESTED = 8


@dataclass(frozen=True)
class Allowed:
    """The limits of a group on a route, each under the key of its budget."""

    route_id: int
    mx_group: str
    limits: tuple[Limit, ...]

    @property
    def per_minute(self) -> int | None:
        return next((limit.messages for limit in self.limits if limit.window is MINUTE), None)


@dataclass(frozen=True)
class Waiting:
    """How many messages a limit holds back, and when the next of them may go."""

    messages: int
    until: datetime


def allowed() -> list[Allowed]:
    """Every limit for a provider in this workspace."""
    return [allowed_by(row) for row in ProviderLimit.objects.order_by("route_id", "mx_group")]


def allowed_by(row: ProviderLimit) -> Allowed:
    given = ((MINUTE, row.per_minute), (HOUR, row.per_hour), (DAY, row.per_day))
    limits = tuple(
        Limit(f"provider:{row.route_id}:{window.name}:{row.mx_group}", window, messages)
        for window, messages in given
        if messages
    )
    return Allowed(row.route_id, row.mx_group, limits)


def put_behind(
    *,
    route_id: int,
    mx_group: str,
    message_ids: Sequence[int],
    full: Limit,
    opens_at: datetime | None = None,
    made_way: bool = False,
) -> list[datetime]:
    """When each of them may be tried again: behind those that wait for the same limit already. Notes that they wait.

    full: the budget that is used up, or the one that paces them; opens_at: when that lets the next one go, if it is
    long till then. made_way: only other mail kept them from waiting in a worker's hands, so that those whose turn has
    come keep it.
    """
    now = clock.now()
    with transaction.atomic():
        # Whoever holds this row is the only one that adds to the end of the line.
        row = ProviderLimit.objects.select_for_update().filter(route_id=route_id, mx_group=mx_group).first()
        if row is None:
            return [throttling.on_the_step(now, STEP_SECONDS)] * len(message_ids)
        line = PutBehind.objects.filter(route_id=route_id, mx_group=mx_group)
        # Those of the step that has begun still count: they have their part of its share.
        line.filter(until__lt=throttling.step_of(now, STEP_SECONDS)).delete()
        if full.window is MINUTE:
            kept = _take_out(route_id, mx_group, message_ids, now) if made_way else 0
            begin = now if opens_at is None else throttling.on_the_step(max(now, opens_at), STEP_SECONDS)
            behind = _behind(line, len(message_ids) - kept, full.messages, begin)
            moments = [now] * kept + [max(now, moment) for moment in behind]
        else:
            usage = usages([full], now=now)[full.key]
            taken = dict(line.values_list("until").annotate(messages=_messages()))
            moments = throttling.as_room_comes(full.window, usage, full.messages, count=len(message_ids), taken=taken)
        by_moment: dict[datetime, list[int]] = defaultdict(list)
        for moment, message_id in zip(moments, message_ids, strict=True):
            by_moment[moment].append(message_id)
        PutBehind.objects.bulk_create(
            PutBehind(route_id=route_id, mx_group=mx_group, until=until, message_ids=ids)
            for until, ids in by_moment.items()
        )
    return moments


def _behind(line: QuerySet[PutBehind], count: int, rate: int, begin: datetime) -> list[datetime]:
    """The next steps that have room for so many, at the end of the line."""
    last = line.aggregate(last=Max("until"))["last"]
    begin = throttling.step_of(begin if last is None else max(begin, last), STEP_SECONDS)
    taken = line.filter(until__gte=begin).aggregate(messages=_messages())["messages"] or 0
    return throttling.step_by_step(count=count, rate=rate, seconds=STEP_SECONDS, begin=begin, taken=taken)


def _take_out(route_id: int, mx_group: str, message_ids: Sequence[int], now: datetime) -> int:
    """How many of them had fallen due in the step that has begun; they are put into the line anew."""
    taken_out = sql.fetch_value(
        sql.load("northpost.delivery", "take_out_put_behind"),
        {
            "workspace_id": tenancy.require_workspace(),
            "route_id": route_id,
            "mx_group": mx_group,
            "now": now,
            "ids": list(message_ids),
        },
    )
    return int(taken_out)


def waiting(now: datetime) -> dict[tuple[int, str], Waiting]:
    """(route, group) -> what its limit holds back now."""
    rows = (
        PutBehind.objects.filter(until__gt=now)
        .values("route_id", "mx_group")
        .annotate(messages=_messages(), next=Min("until"))
    )
    return {(row["route_id"], row["mx_group"]): Waiting(row["messages"], row["next"]) for row in rows}


def _messages() -> Sum:
    return Sum(Func("message_ids", function="cardinality", output_field=IntegerField()))


def set_provider_limit(
    *,
    route_id: int,
    provider: str,
    per_minute: int | None,
    per_hour: int | None,
    per_day: int | None,
    by: User | None = None,
) -> ProviderLimit:
    """A limit for a provider by its name or one of its domains, in the place of the one it had. What waits for that is
    tried again. Raises DeliveryProblem, NotHere."""
    route = Route.objects.filter(pk=route_id, archived_at=None).first()
    if route is None:
        raise NotHere(f"no route {route_id}")
    if route.kind == RouteKind.MAILBOX:
        raise DeliveryProblem("route_id", _("The local mailbox delivers nothing: there is nothing to limit."))
    group = group_called(provider)
    given = {"per_minute": per_minute, "per_hour": per_hour, "per_day": per_day}
    for name, value in given.items():
        if value is not None and value < 1:
            raise DeliveryProblem(name, _("At least one message, or leave it empty for no limit."))
    if not any(given.values()):
        raise DeliveryProblem("per_hour", _("Enter at least one number."))
    with transaction.atomic():
        limit, _made = ProviderLimit.objects.update_or_create(
            route_id=route_id, mx_group=group, defaults=given | {"changed_at": clock.now()}
        )
        _release(limit)
        record(
            user=by,
            verb="changed",
            noun="provider_limit",
            noun_id=limit.pk,
            detail={"provider": name_of(group)} | given,
        )
        # Of which firms it runs the mailboxes is looked up beside.
        hosts.want_common()
    return limit


def take_away_provider_limit(*, limit_id: int, by: User | None = None) -> None:
    """As much as the route takes again. Raises NotHere."""
    with transaction.atomic():
        limit = ProviderLimit.objects.select_for_update().filter(pk=limit_id).first()
        if limit is None:
            raise NotHere(f"no limit {limit_id}")
        _release(limit)
        limit.delete()
        record(
            user=by,
            verb="removed",
            noun="provider_limit",
            noun_id=limit_id,
            detail={"provider": name_of(limit.mx_group)},
        )


def group_called(provider: str) -> str:
    """The group of a provider's name ("Gmail") or of a domain. Raises DeliveryProblem."""
    text = provider.strip()
    for group, name in NAMES.items():
        if text.casefold() in (name.casefold(), group):
            return group
    try:
        domain = addresses.normalise(f"postmaster@{text.rpartition('@')[2]}").domain
    except addresses.AddressError as error:
        raise DeliveryProblem("provider", _("Enter a provider from the list, or a domain such as abv.bg.")) from error
    group = hosts.groups_of([domain])[domain]
    if len(group) > LONGEST_GROUP:
        raise DeliveryProblem("provider", _("This domain is too long."))
    return group


def common_groups() -> Mapping[str, int]:
    """Group -> how many of the workspace's people have a mailbox there, the most common first."""
    rows = sql.fetch_all(
        sql.load("northpost.delivery", "find_common_domains"),
        {"workspace_id": tenancy.require_workspace(), "most": hosts.COMMON_DOMAINS},
    )
    groups = hosts.groups_of([row["domain"] for row in rows])
    people: Counter[str] = Counter()
    for row in rows:
        people[groups[row["domain"]]] += row["people"]
    return dict(people.most_common(MOST_SUGGESTED))


def forget_past(now: datetime) -> None:
    """What was put behind until a moment long past is in the ledger, and of no more use here."""
    PutBehind.objects.filter(until__lt=now - timedelta(hours=1)).delete()


def forget_route(route_id: int) -> None:
    """A route was put away: what waits by it takes another one, now."""
    for limit in ProviderLimit.objects.filter(route_id=route_id):
        _release(limit)
        limit.delete()


def _release(limit: ProviderLimit) -> None:
    sql.fetch_value(
        sql.load("northpost.delivery", "release_put_behind"),
        {
            "workspace_id": tenancy.require_workspace(),
            "route_id": limit.route_id,
            "mx_group": limit.mx_group,
            "now": clock.now(),
        },
    )
