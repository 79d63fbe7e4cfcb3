"""How many of the messages that are ready may go now: a run's view of the limits that all workers share.

A way without any limit costs nothing but a look at the settings every few seconds. Otherwise messages are reserved
before they are marked as being sent, in lots that have the same limits. What may go in a moment waits here; what has
to wait longer is given back, and a hold keeps it, and what is like it, from being claimed before its time.
"""

from __future__ import annotations

import itertools
import time
import uuid
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import NamedTuple

from northpost.core import clock
from northpost.delivery.engine.outbox import Draft
from northpost.delivery.engine.persisting import Persistence
from northpost.delivery.limits import allowances, hosts, slowing, warming
from northpost.delivery.limits.allowances import Allowed
from northpost.delivery.limits.budgets import Limit, Move, Reservation, Today, give_back, reserve
from northpost.delivery.limits.holds import hold
from northpost.delivery.limits.slowing import Slowed
from northpost.delivery.limits.warming import Running
from northpost.delivery.models import Ceiling
from northpost.delivery.routes import Way
from northpost.delivery.rules import throttling
from northpost.delivery.rules.throttling import DAY, HOUR, MINUTE
from northpost.delivery.transport import Outcome

LOOK_SECONDS = 5.0
# A limit that opens so soon is waited for.
SOON = timedelta(seconds=3)
# Of what goes to providers by the minute, so much waits in the worker's hands, all of them together: a share of what a
# claim brings, so that mail to others is still claimed.
IN_HAND = 150
# Where a claim brought no other mail, or all of that comes first, as much as goes in so long: longer than the steps by
# which the rest falls due. A run that has less would find nothing due, take up no more, and end.
ALONE = timedelta(seconds=15)
# A clock that shows the same for so long is one of a simulation: waiting for it would be for ever.
STILL_SECONDS = 0.2

SourceKey = tuple[str, int]


class Lot(NamedTuple):
    """Messages with the same limits: by a group that is slowed or limited, if any, and by a warm-up plan, if any."""

    group: str | None
    warm_up_id: int | None


@dataclass(frozen=True)
class Admitted:
    """``going``: reserved. ``later``: to be given back; with a moment before which they must not be claimed again."""

    going: list[Draft]
    later: list[tuple[Draft, datetime | None]]


@dataclass(frozen=True)
class Origin:
    """What the limits ask about a message: which source it is from, and the domain it is sent from."""

    source: SourceKey
    domain: str


@dataclass
class _Watch:
    """Answers from a group since its first refusal, a minute at most."""

    began: datetime
    refused: int = 0
    answered: int = 0
    reported: datetime | None = None

    def rate(self, now: datetime) -> int:
        seconds = max(1.0, (now - self.began).total_seconds())
        return int(self.answered * 60 / seconds)


@dataclass
class _Settings:
    ceiling: Ceiling | None = None
    slowed: dict[tuple[int, str], Slowed] = field(default_factory=dict)
    allowed: dict[tuple[int, str], Allowed] = field(default_factory=dict)
    warming: dict[tuple[int, str], Running] = field(default_factory=dict)

    def of_route(self, route_id: int) -> bool:
        return any(key[0] == route_id for key in (*self.slowed, *self.allowed, *self.warming))


class Limiter:
    """One for a run of the sender. ``origin`` tells of a message by its id. Each question to the database waits for it
    by itself: what went before is not asked again."""

    def __init__(self, run: uuid.UUID, origin: Callable[[int], Origin], persist: Persistence) -> None:
        self._run = run
        self._numbers = itertools.count(1)
        self._origin = origin
        self._persist = persist
        self._settings = _Settings()
        self._looked = float("-inf")
        self._groups: dict[str, str] = {}
        self._watches: dict[tuple[int, str], _Watch] = {}
        self._closed: dict[tuple[int, Lot], Reservation] = {}
        self._reserved: dict[int, tuple[list[Limit], Running | None]] = {}
        self._clock_stood: tuple[datetime, float] | None = None
        # When what came last was claimed; how many messages to providers with limits stand behind the last other one,
        # and whether there is any other.
        self._claimed_at = datetime.min.replace(tzinfo=UTC)
        self._last_ones = 0
        self._others = False

    @property
    def is_counting(self) -> bool:
        """Whether it wants to hear of answers that are no refusals."""
        return bool(self._watches or self._reserved)

    # --- before it is sent -----------------------------------------------------------------------

    def admit(self, way: Way, waiting: deque[Draft], room: int) -> Admitted:
        """Take up to ``room`` out of ``waiting`` that may go now, and what must be given back; the rest stays in it."""
        self._look()
        if not self._is_limited(way):
            self._see_what_came(waiting, 0)
            return Admitted([waiting.popleft() for _each in range(min(room, len(waiting)))], [])
        now = clock.now()
        going: list[Draft] = []
        staying: list[Draft] = []
        later: list[tuple[Draft, datetime | None]] = []
        for lot, envelopes in self._lots(way, waiting).items():
            left = room - len(going)
            count = self._reserve(way, lot, envelopes, min(left, len(envelopes)), now)
            going += envelopes[:count]
            rest = envelopes[count:]
            given_back = self._overdue(way, lot, rest, now) if rest and count < left else []
            later += given_back
            staying += rest[: len(rest) - len(given_back)]
        # Only now: if the database fails meanwhile, all of them still wait.
        waiting.clear()
        waiting.extend(staying)
        return Admitted(going, later)

    def unsent(self, message_ids: list[int]) -> None:
        """They were reserved and did not go after all: others may."""
        together: dict[str, list[int]] = defaultdict(list)
        for message_id in dict.fromkeys(message_ids):
            found = self._reserved.get(message_id)
            if found is not None:
                key = "|".join([limit.key for limit in found[0]] + [str(found[1].id) if found[1] else ""])
                together[key].append(message_id)
        for alike in together.values():
            limits, plan = self._reserved[alike[-1]]
            today = plan.today if plan else None
            self._give_back(limits, len(alike), today)
            for message_id in alike:
                del self._reserved[message_id]
        self._closed.clear()

    # --- after it was answered -------------------------------------------------------------------

    def note(self, way: Way, recipient: str, outcome: Outcome) -> Slowed | None:
        """What a server said to a message; the group, if its share was just made smaller because of that."""
        self._reserved.pop(outcome.key, None)
        slowing_down = outcome.state == "deferred" and throttling.is_slowing(outcome.code, outcome.enhanced)
        if not slowing_down and not self._watches:
            return None
        group = self._group(hosts.domain_of(recipient), first_seen=slowing_down)
        watch = self._watches.get((way.route_id, group))
        now = clock.now()
        if watch is None or now - watch.began > throttling.BURST_SPAN:
            if not slowing_down:
                self._watches.pop((way.route_id, group), None)
                return None
            reported = watch.reported if watch is not None else None
            watch = self._watches[way.route_id, group] = _Watch(now, reported=reported)
        watch.answered += 1
        watch.refused += slowing_down
        if not slowing_down or not throttling.is_burst(watch.refused, watch.answered):
            return None
        if watch.reported is not None and now - watch.reported < throttling.HOLD_OFF:
            return None
        return self._report(way, group, watch, outcome, now)

    def _report(self, way: Way, group: str, watch: _Watch, outcome: Outcome, now: datetime) -> Slowed:
        rate = watch.rate(now)
        found = self._persist(
            lambda: slowing.report_burst(
                route_id=way.route_id, mx_group=group, full=way.connections, rate=rate, reply=outcome.text
            )
        )
        self._watches[way.route_id, group] = _Watch(now, reported=now)
        self._settings.slowed[way.route_id, group] = found
        self._closed.clear()
        return found

    # --- what holds for a message ----------------------------------------------------------------

    def _look(self) -> None:
        if time.monotonic() - self._looked < LOOK_SECONDS:
            return
        self._settings = self._persist(_read_settings)
        self._looked = time.monotonic()

    def _is_limited(self, way: Way) -> bool:
        own = way.per_minute or way.per_hour or way.per_day
        return bool(own or self._settings.ceiling or self._settings.of_route(way.route_id))

    def _lots(self, way: Way, waiting: deque[Draft]) -> dict[Lot, list[Draft]]:
        settings, route_id = self._settings, way.route_id
        by_group = any(key[0] == route_id for key in (*settings.slowed, *settings.allowed))
        by_domain = any(key[0] == route_id for key in settings.warming)
        if by_group:
            unknown = {hosts.domain_of(envelope.recipient) for envelope in waiting} - self._groups.keys()
            if unknown:
                self._groups.update(self._persist(partial(hosts.groups_of, unknown)))
        lots: dict[Lot, list[Draft]] = defaultdict(list)
        last_ones = 0
        for envelope in waiting:
            group: str | None = None
            if by_group:
                group = self._groups[hosts.domain_of(envelope.recipient)]
                limited = (route_id, group) in settings.slowed or (route_id, group) in settings.allowed
                group = group if limited else None
            plan = settings.warming.get((route_id, self._origin(envelope.key).domain)) if by_domain else None
            lots[Lot(group, plan.id if plan else None)].append(envelope)
            last_ones = 0 if group is None else last_ones + 1
        if by_group:
            self._see_what_came(waiting, last_ones)
        return lots

    def _see_what_came(self, waiting: deque[Draft], last_ones: int) -> None:
        if waiting[-1].now > self._claimed_at:
            self._claimed_at, self._last_ones = waiting[-1].now, last_ones
            self._others = last_ones < len(waiting)

    def _group(self, domain: str, *, first_seen: bool) -> str:
        if domain not in self._groups:
            self._groups.update(self._persist(partial(hosts.groups_of, [domain])))
            if first_seen:
                self._persist(partial(hosts.want, [domain]))
        return self._groups[domain]

    def _limits(self, way: Way, lot: Lot) -> list[Limit]:
        found = [
            Limit(f"route:{way.route_id}:{window.name}", window, messages)
            for window, messages in ((MINUTE, way.per_minute), (HOUR, way.per_hour), (DAY, way.per_day))
            if messages
        ]
        ceiling = self._settings.ceiling
        if ceiling is not None:
            found += [
                Limit(f"workspace:{window.name}", window, messages)
                for window, messages in ((HOUR, ceiling.per_hour), (DAY, ceiling.per_day))
                if messages
            ]
        if lot.group is not None:
            key = (way.route_id, lot.group)
            if key in self._settings.slowed:
                slowed = self._settings.slowed[key]
                found.append(Limit(f"group:{way.route_id}:{lot.group}"[:120], MINUTE, slowed.per_minute))
            if key in self._settings.allowed:
                found += self._settings.allowed[key].limits
        return found

    def _plan(self, lot: Lot) -> Running | None:
        return next((plan for plan in self._settings.warming.values() if plan.id == lot.warm_up_id), None)

    # --- reserving, and what did not fit ---------------------------------------------------------

    def _reserve(self, way: Way, lot: Lot, envelopes: list[Draft], wanted: int, now: datetime) -> int:
        closed = self._closed.get((way.route_id, lot))
        if wanted <= 0 or (closed is not None and closed.opens_at is not None and now < closed.opens_at):
            return 0
        limits, plan = self._limits(way, lot), self._plan(lot)
        if not limits and plan is None:
            return wanted
        today = plan.today if plan else None
        move = self._move()
        # The time of each try: a database that was away does not make a reservation older than the mail that it is for.
        found = self._persist(lambda: reserve(limits, wanted, move=move, now=clock.now(), today=today))
        for envelope in envelopes[: found.granted]:
            self._reserved[envelope.key] = (limits, plan)
        if found.granted:
            self._closed.pop((way.route_id, lot), None)
        else:
            self._closed[way.route_id, lot] = found
        return found.granted

    def _give_back(self, limits: list[Limit], count: int, today: Today | None) -> None:
        move = self._move()
        self._persist(lambda: give_back(limits, count, move=move, now=clock.now(), today=today))

    def _move(self) -> Move:
        return Move(self._run, next(self._numbers))

    def _overdue(self, way: Way, lot: Lot, rest: list[Draft], now: datetime) -> list[tuple[Draft, datetime | None]]:
        """Of what did not fit, from the end of ``rest``: what is not kept waiting here."""
        closed = self._closed.get((way.route_id, lot))
        late = closed is not None and self._is_late(closed, now)
        if closed is not None and late and closed.key.partition(":")[0] not in ("group", "provider"):
            self._hold(way, rest, closed)
            return [(envelope, None) for envelope in rest]
        if lot.group is None:
            return []
        behind = rest[0 if late else self._in_hand(way, lot.group) :]
        return self._behind(way, lot.group, behind, closed, late=late) if behind else []

    def _in_hand(self, way: Way, group: str) -> int:
        """How many messages to a group wait here for their turn."""
        key, counts = (way.route_id, group), []
        share = IN_HAND // len({*self._settings.slowed, *self._settings.allowed})
        if key in self._settings.slowed:
            counts.append(self._at_hand(self._settings.slowed[key].per_minute, share))
        if key in self._settings.allowed:
            most = self._settings.allowed[key].per_minute
            counts.append(share if most is None else max(min(share, most), self._at_hand(most, share)))
        return max(1, min(counts))

    def _at_hand(self, rate: int, beside_others: int) -> int:
        return min(int(rate * ALONE / timedelta(minutes=1)), beside_others + self._last_ones)

    def _behind(
        self, way: Way, group: str, behind: list[Draft], closed: Reservation | None, *, late: bool
    ) -> list[tuple[Draft, datetime | None]]:
        """What has to wait longer for its group is due again when its turn comes."""
        allowed = self._settings.allowed.get((way.route_id, group))
        limits = allowed.limits if allowed is not None else ()
        full = next((limit for limit in limits if closed is not None and limit.key == closed.key), None)
        if full is None and (way.route_id, group) not in self._settings.slowed:
            # Nothing is used up: by the minute they go one behind the other.
            full = next((limit for limit in limits if limit.window is MINUTE), None)
            if full is None:
                return []
        if full is None:
            moments = self._persist(
                partial(slowing.put_behind, route_id=way.route_id, mx_group=group, count=len(behind))
            )
        else:
            opens_at = closed.opens_at if late and closed is not None and closed.key == full.key else None
            moments = self._persist(
                partial(
                    allowances.put_behind,
                    route_id=way.route_id,
                    mx_group=group,
                    message_ids=[envelope.key for envelope in behind],
                    full=full,
                    opens_at=opens_at,
                    made_way=not late and self._others,
                )
            )
        return list(zip(behind, moments, strict=True))

    def _hold(self, way: Way, rest: list[Draft], closed: Reservation) -> None:
        if closed.opens_at is None or closed.reason is None:
            return
        scope = closed.key.partition(":")[0]
        held = partial(hold, until=closed.opens_at, reason=closed.reason)
        if scope == "warm-up":
            for source in sorted({self._origin(envelope.key).source for envelope in rest}):
                self._persist(partial(held, route_id=way.route_id, source=source))
        else:
            self._persist(partial(held, route_id=way.route_id if scope == "route" else None))

    def _is_late(self, closed: Reservation, now: datetime) -> bool:
        opens_at = closed.opens_at
        if opens_at is None or opens_at <= now:
            return False
        return opens_at - now > SOON or self._stands_still(now)

    def _stands_still(self, now: datetime) -> bool:
        if self._clock_stood is None or self._clock_stood[0] != now:
            self._clock_stood = (now, time.monotonic())
        return time.monotonic() - self._clock_stood[1] > STILL_SECONDS


def _read_settings() -> _Settings:
    now = clock.now()
    return _Settings(
        ceiling=Ceiling.objects.first(),
        slowed={(one.route_id, one.mx_group): one for one in slowing.slowed(now)},
        allowed={(one.route_id, one.mx_group): one for one in allowances.allowed()},
        warming={(one.route_id, one.domain): one for one in warming.running(now)},
    )
