"""When a message that was put off is tried again."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

_STEPS = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 30, 60, 120, 240))
LONGEST_TRYING = timedelta(hours=72)
JITTER = 0.2


def retry_at(
    *, message_id: int, attempts: int, first_tried_at: datetime, now: datetime, expires_at: datetime | None
) -> datetime | None:
    """When to try again after ``attempts`` tries (1 or more): 5, 15, 30 min, 1, 2, then every 4 h.

    Each delay is stretched by up to a fifth, fixed by message and attempt, so that a burst does not come back as a
    burst. None: it is given up, because 72 h have passed since the first try or the message's time will be over.
    """
    step = _STEPS[min(max(attempts, 1), len(_STEPS)) - 1]
    digest = hashlib.blake2b(f"{message_id}:{attempts}".encode(), digest_size=4).digest()
    moment = now + step * (1 + JITTER * int.from_bytes(digest, "big") / 2**32)
    if moment > first_tried_at + LONGEST_TRYING or (expires_at is not None and moment >= expires_at):
        return None
    return moment
