"""How much may leave when: budgets over moving windows, and shares that halve and grow back. Pure.

A budget counts messages in slots. As many slots as make up its window, and the one that has begun, stand for what was
used; so no stretch of the window's length, wherever it begins, ever holds more than the limit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True)
class Window:
    """A stretch of time that a limit holds for. ``paced``: each slot has its share, or all would go in one gush."""

    name: str
    seconds: int
    slots: int
    paced: bool = False

    @property
    def slot_seconds(self) -> int:
        return self.seconds // self.slots

    def slot(self, moment: datetime) -> int:
        return math.floor(moment.timestamp()) // self.slot_seconds

    def begins(self, slot: int) -> datetime:
        return datetime.fromtimestamp(slot * self.slot_seconds, UTC)


MINUTE = Window("minute", 60, 60, paced=True)
HOUR = Window("hour", 3600, 60)
DAY = Window("day", 86_400, 96)


@dataclass(frozen=True)
class Usage:
    """Messages per slot, the newest last; ``at`` is the newest slot's number."""

    at: int
    slots: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.slots)


def usage_at(window: Window, at: int, slots: tuple[int, ...], now: datetime) -> Usage:
    """What is used by ``now`` of what was noted at slot ``at``.

    A clock that went back a little counts on in the newest slot; one that went back by more than the window starts
    anew, or a clock that once ran ahead would stop all mail for as long.
    """
    size, slot = window.slots + 1, window.slot(now)
    fresh = Usage(slot, (0,) * size)
    if len(slots) != size or at - slot > window.slots:
        return fresh
    moved = slot - at
    if moved <= 0:
        return Usage(at, slots)
    return fresh if moved >= size else Usage(slot, slots[moved:] + (0,) * moved)


def granted(window: Window, usage: Usage, limit: int, wanted: int) -> int:
    """How many of ``wanted`` may go now."""
    left = limit - usage.total
    if window.paced:
        left = min(left, _pace(window, limit) - usage.slots[-1])
    return max(0, min(left, wanted))


def spent(usage: Usage, count: int) -> Usage:
    """After ``count`` more; a negative one gives back, never below nothing, the newest first."""
    slots = list(usage.slots)
    if count >= 0:
        slots[-1] += count
        return replace(usage, slots=tuple(slots))
    owed = -count
    for place in range(len(slots) - 1, -1, -1):
        back = min(owed, slots[place])
        slots[place] -= back
        owed -= back
    return replace(usage, slots=tuple(slots))


def opens_at(window: Window, usage: Usage, limit: int) -> datetime:
    """When the next message may go, if none does in the slot that ``usage`` stands at."""
    too_many = usage.total - limit + 1
    if too_many <= 0:
        return window.begins(usage.at + 1)
    freed = 0
    for age, count in enumerate(usage.slots):
        freed += count
        if freed >= too_many:
            return window.begins(usage.at + age + 1)
    return window.begins(usage.at + len(usage.slots))


def _pace(window: Window, limit: int) -> int:
    return max(1, -(-limit // window.slots))


# --- a group of mailboxes that puts our mail off ---------------------------------------------------------------------

# Ten refusals in a minute, and a fifth of the answers: fewer are somebody's full mailbox, or greylisting.
BURST_SPAN = timedelta(seconds=60)
BURST_REFUSALS = 10
BURST_SHARE = 0.2
# Whatever is under way when the share is halved still brings refusals: they don't count twice.
HOLD_OFF = timedelta(seconds=60)
# Without another burst for so long, one connection is given back.
QUIET = timedelta(minutes=5)
# Of the mail that a burst measures: the share of a single connection never falls below one message a minute.
LEAST_PER_CONNECTION = 1


@dataclass(frozen=True)
class Share:
    """``connections`` of ``full`` at the moment ``changed_at``; ``per_minute`` is what ``full`` of them carry."""

    connections: int
    full: int
    per_minute: int
    changed_at: datetime


def is_slowing(code: int | None, enhanced: str | None) -> bool:
    """Whether an answer says "not so fast": 421, 450, 451 or 4.7.x. A full mailbox (4.2.x) says it of itself only."""
    if code is None or not 400 <= code < 500:
        return False
    if enhanced is not None and enhanced.startswith("4.2."):
        return False
    return code in (421, 450, 451) or (enhanced is not None and enhanced.startswith("4.7."))


def is_burst(refused: int, answered: int) -> bool:
    """Whether so many of the answers within BURST_SPAN are a provider that slows us down."""
    return refused >= BURST_REFUSALS and refused >= BURST_SHARE * answered


def grown(share: Share, now: datetime) -> int:
    """How many connections it has by now: one more for each quiet period since it was halved."""
    return min(share.full, share.connections + max(0, int((now - share.changed_at) / QUIET)))


def is_over(share: Share, now: datetime) -> bool:
    return grown(share, now) >= share.full


def per_minute(share: Share, now: datetime) -> int | None:
    """Messages a minute that may go now; None: as many as the route takes."""
    have = grown(share, now)
    return None if have >= share.full else max(1, share.per_minute * have // share.full)


def begun(*, full: int, rate: int, now: datetime) -> Share:
    """The first burst: half of ``full`` connections, of the ``rate`` a minute at which it came."""
    full = max(2, full)
    return Share(full // 2, full, max(full * LEAST_PER_CONNECTION, rate), now)


def halved(share: Share, now: datetime) -> Share:
    """Another burst. One connection can't be halved: then what a connection carries is."""
    have = grown(share, now)
    if have > 1:
        return replace(share, connections=have // 2, changed_at=now)
    least = share.full * LEAST_PER_CONNECTION
    return replace(share, connections=1, per_minute=max(least, share.per_minute // 2), changed_at=now)


def heard_again(share: Share, rate: int) -> Share:
    """The same burst, told by another worker, which sent at ``rate`` a minute beside the first."""
    return replace(share, per_minute=share.per_minute + rate)


def counts_as_same(share: Share, now: datetime) -> bool:
    return timedelta(0) <= now - share.changed_at < HOLD_OFF


def spread(*, count: int, rate: int, backlog_at: datetime, now: datetime) -> tuple[list[datetime], datetime]:
    """Moments for ``count`` messages that had to wait, one behind the other at ``rate`` a minute, and the new end."""
    begin = max(backlog_at, now)
    step = timedelta(minutes=1) / rate
    return [begin + step * number for number in range(1, count + 1)], begin + step * count


def as_room_comes(
    window: Window, usage: Usage, limit: int, *, count: int, taken: Mapping[datetime, int]
) -> list[datetime]:
    """Moments for ``count`` messages that have to wait: each when what went a window before makes room for it.

    taken: how many of those that wait already are due at such a moment.
    """
    rooms = _rooms(usage, limit)
    found: list[datetime] = []
    cycle = 0
    while len(found) < count:
        for age, room in rooms:
            # What goes then counts for as long again: a window, and the slot that it went in.
            moment = window.begins(usage.at + age + 1 + cycle * (window.slots + 1))
            found += [moment] * min(max(0, room - taken.get(moment, 0)), count - len(found))
        cycle += 1
    return found


def _rooms(usage: Usage, limit: int) -> list[tuple[int, int]]:
    """(age of the slot, how many that leave it make room for), the oldest first; ``limit`` in all."""
    left, too_many = limit, max(0, usage.total - limit)
    free = max(0, limit - usage.total)
    rooms = [(0, free)] if free else []
    left -= free
    for age, there in enumerate(usage.slots):
        passed_by = min(too_many, there)
        too_many -= passed_by
        room = min(there - passed_by, left)
        left -= room
        if room:
            rooms.append((age, room))
    return rooms


def on_the_step(moment: datetime, seconds: int) -> datetime:
    """The next whole step of so many seconds, so that what waits about as long waits together."""
    return datetime.fromtimestamp(-(-moment.timestamp() // seconds) * seconds, UTC)


def step_of(moment: datetime, seconds: int) -> datetime:
    """When the step that a moment is in began: who waits till then, and not till its end, is there when it is asked."""
    return datetime.fromtimestamp(moment.timestamp() // seconds * seconds, UTC)


def step_by_step(*, count: int, rate: int, seconds: int, begin: datetime, taken: int) -> list[datetime]:
    """The steps that ``count`` messages at ``rate`` a minute wait for: each has its share, from that of ``begin`` on.

    taken: how many of the first step's share wait for it already.
    """
    step = math.floor(begin.timestamp()) // seconds
    found: list[datetime] = []
    while len(found) < count:
        share = rate * (step + 1) * seconds // 60 - rate * step * seconds // 60
        moment = datetime.fromtimestamp(step * seconds, UTC)
        found += [moment] * min(max(0, share - taken), count - len(found))
        step, taken = step + 1, 0
    return found
