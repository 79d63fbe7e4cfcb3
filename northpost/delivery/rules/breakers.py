"""When a mailing does harm: the mailbox providers' limits (Gmail, Yahoo: complaints under 0.1%, never 0.3%)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

FIRST_AT = 200


class Level(StrEnum):
    WARN = "warn"
    PAUSE = "pause"
    STOP = "stop"


_ORDER = {"": 0, Level.WARN: 1, Level.PAUSE: 2, Level.STOP: 3}


@dataclass(frozen=True)
class Breaker:
    """A limit that was reached: ``what`` is bounces or complaints, ``share`` of the ``sent`` (0 to 1)."""

    level: Level
    what: str
    share: float
    sent: int


_BOUNCES = ((0.05, Level.PAUSE), (0.02, Level.WARN))
_COMPLAINTS = ((0.003, Level.STOP), (0.001, Level.PAUSE), (0.0008, Level.WARN))


def breaker(*, sent: int, bounced: int, complained: int, reached: str = "") -> Breaker | None:
    """The highest limit that is reached and is above ``reached`` (a Level or ""); None below 200 sent."""
    if sent < FIRST_AT:
        return None
    found = [
        Breaker(level, what, count / sent, sent)
        for what, count, limits in (("complaints", complained, _COMPLAINTS), ("bounces", bounced, _BOUNCES))
        for limit, level in limits
        if count / sent >= limit
    ]
    worst = max(found, key=lambda one: _ORDER[one.level], default=None)
    return worst if worst is not None and _ORDER[worst.level] > _ORDER[reached] else None
