"""What a run has in its hands: claimed messages, from the claim until they are settled, and its leases."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from northpost.delivery import actions
from northpost.delivery.actions.ledger import HEARTBEAT_SECONDS, LEASE, Claimed, Sending, SourceKey
from northpost.delivery.engine.persisting import Persistence
from northpost.delivery.engine.wire import Wire

# The wire stops this much before the lease is over: what goes by then is what others may take for lost.
MARGIN_SECONDS = LEASE.total_seconds() / 12


class Hand:
    """``held``: by id, until settled. ``tries``: those on the wire, by id. ``sending``: how many of them by each route.
    ``domains``: those that sources send from, as soon as it is known.
    """

    def __init__(self, wire: Wire, persist: Persistence) -> None:
        self.held: dict[int, Claimed] = {}
        self.tries: dict[int, Sending] = {}
        self.sending: Counter[int] = Counter()
        self.domains: dict[SourceKey, str] = {}
        # By the claim's number, which is quicker to look up than the claim.
        self._unwritten: dict[int, int] = {}
        self._wire = wire
        self._persist = persist
        self._beat = time.monotonic()

    @property
    def unsent(self) -> int:
        """Claimed, and not on the wire."""
        return len(self.held) - self.sending.total()

    def take(self, claimed: Sequence[Claimed], *, since: float) -> None:
        """What one claim brought, at ``since`` (monotonic) or later."""
        for message in claimed:
            self.held[message.id] = message
        if claimed:
            self._unwritten[claimed[0].claim.int] = len(claimed)
        if len(self._unwritten) == 1:
            # Nothing was held before, so no older lease can be nearer its end.
            self._beat = since
            self._wire.valid_until = since + LEASE.total_seconds() - MARGIN_SECONDS

    def begin(self, route_id: int, sending: Mapping[int, Sending]) -> None:
        """They are marked, and go to the wire."""
        self.tries |= sending
        self.sending[route_id] += len(sending)

    def is_on_wire(self, message_id: int) -> bool:
        """Whether something may still be told of it: not once it was given back."""
        return message_id in self.tries and message_id in self.held

    def ended(self, message_id: int) -> Claimed:
        """It is on the wire no more."""
        message = self.held[message_id]
        self.sending[message.route_id] -= 1
        self.tries.pop(message_id, None)
        return message

    def written(self, claims: Iterable[uuid.UUID]) -> None:
        """The ledger knows what became of one message of each of these; a claim without any more is released."""
        empty = []
        for claim, count in Counter([claim.int for claim in claims]).items():
            if claim not in self._unwritten:
                continue  # others have taken it over
            self._unwritten[claim] -= count
            if self._unwritten[claim] <= 0:
                del self._unwritten[claim]
                empty.append(uuid.UUID(int=claim))
        if empty:
            self._persist(lambda: actions.release(empty))

    def keep_leases(self) -> None:
        """Say every few seconds that this worker lives, and take back what others held that are gone."""
        if time.monotonic() - self._beat < HEARTBEAT_SECONDS or not self._unwritten:
            return
        since = time.monotonic()
        held = self._persist(lambda: actions.extend_leases([uuid.UUID(int=claim) for claim in self._unwritten]))
        self._beat = time.monotonic()
        lost = self._unwritten.keys() - {claim.int for claim in held}
        if lost:
            # Taken over by others: what is on the wire of these breaks off, and the rest with it for a moment.
            self._unwritten = {claim: count for claim, count in self._unwritten.items() if claim not in lost}
            self._wire.valid_until = since
            self._beat -= HEARTBEAT_SECONDS * 0.8
        else:
            self._wire.valid_until = since + LEASE.total_seconds() - MARGIN_SECONDS
        self._persist(actions.recover)
