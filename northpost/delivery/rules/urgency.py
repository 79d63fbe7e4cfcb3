"""What goes before what: transactional mail before chains, chains before bulk."""

from __future__ import annotations

from enum import IntEnum


class Urgency(IntEnum):
    """A class of mail, named by the highest priority number that still belongs to it (lower numbers leave first).

    Each has jobs of its own, so that somebody who waits for an order's confirmation does not wait for a newsletter.
    """

    TRANSACTIONAL = 20
    CHAIN = 40
    BULK = 32767


def urgency_of(priority: int) -> Urgency:
    """The class that a message of this priority belongs to."""
    return next(urgency for urgency in Urgency if priority <= urgency)
