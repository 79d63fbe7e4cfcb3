"""Writing down what became of messages, gathered for a moment so that one commit serves many."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from northpost.core import clock
from northpost.delivery import actions
from northpost.delivery.actions.ledger import Claimed, Settlement, SourceKey
from northpost.delivery.actions.routing import check_breakers
from northpost.delivery.engine.hand import Hand
from northpost.delivery.engine.persisting import Persistence
from northpost.delivery.engine.report import SendReport
from northpost.delivery.models import MessageState, SkipReason
from northpost.delivery.rules.breakers import Level
from northpost.delivery.rules.replies import Blame, classify_reply
from northpost.delivery.rules.retrying import retry_at
from northpost.delivery.transport import Outcome

SETTLE_SECONDS = 0.03
SETTLE_MESSAGES = 1000
BREAKER_SECONDS = 0.25
# RFC 6531: the address is not ASCII, and the server takes no other.
NEEDS_SMTPUTF8 = "5.6.7"


class Settling:
    """``touched``: the sources whose breakers are watched."""

    def __init__(self, hand: Hand, persist: Persistence, report: SendReport) -> None:
        self._hand = hand
        self._persist = persist
        self._report = report
        self._settlements: list[Settlement] = []
        self._lost: list[uuid.UUID] = []
        self._oldest = 0.0
        self._breakers_at = 0.0
        self.touched: set[SourceKey] = set()

    def __bool__(self) -> bool:
        """Whether anything is still to be written."""
        return bool(self._settlements or self._lost)

    def settle(self, message: Claimed, state: str, **details: Any) -> None:
        self._add(Settlement(message.id, message.claim, str(state), **details))

    def give_back(self, messages: Iterable[Claimed], *, due_at: datetime | None = None) -> None:
        """Back to the queue; with ``due_at`` nobody takes them up again before then (a limit is used up)."""
        for message in messages:
            self._add(Settlement(message.id, message.claim, "queued", due_at=due_at))

    def let_go(self, message_id: int) -> None:
        """The ledger has moved it on already, by the marking."""
        message = self._hand.held.pop(message_id, None)
        if message is not None:
            self._lost.append(message.claim)

    def take_outcome(self, outcome: Outcome) -> Blame | None:
        """Settle what has an outcome; whom a refusal blames."""
        tried = self._hand.tries[outcome.key]
        message = self._hand.ended(outcome.key)
        if outcome.state == "accepted":
            self._add(
                Settlement(
                    message.id,
                    message.claim,
                    "accepted",
                    code=outcome.code,
                    enhanced=outcome.enhanced,
                    text=outcome.text,
                )
            )
            return None
        blame = None
        if outcome.state in ("deferred", "rejected"):
            blame = classify_reply(
                code=outcome.code,
                enhanced=outcome.enhanced,
                text=outcome.text,
                phase=outcome.phase,
                route_fault=outcome.route_fault,
            )
        state, reason, due_at = outcome.state, "", None
        if outcome.state == "deferred":
            due_at = retry_at(
                message_id=message.id,
                attempts=tried.attempts,
                first_tried_at=tried.first_tried_at,
                now=clock.now(),
                expires_at=message.expires_at,
            )
            if due_at is None:
                state, reason = MessageState.SKIPPED.value, SkipReason.GAVE_UP.value  # type: ignore[assignment]
        if blame is Blame.UNSENDABLE and outcome.enhanced == NEEDS_SMTPUTF8:
            # No refusal of anybody's: this way can't carry such an address.
            state, reason = MessageState.SKIPPED.value, SkipReason.BAD_ADDRESS.value  # type: ignore[assignment]
        self.settle(
            message,
            state,
            reason=reason,
            code=outcome.code,
            enhanced=outcome.enhanced,
            text=outcome.text,
            due_at=due_at,
            blame=blame,
        )
        return blame

    def write_if_due(self) -> None:
        count = len(self._settlements)
        if count >= SETTLE_MESSAGES or (self and time.monotonic() - self._oldest >= SETTLE_SECONDS):
            self.write()

    def write(self) -> None:
        settlements, self._settlements = self._settlements, []
        lost, self._lost = self._lost, []
        if settlements:
            try:
                written = self._persist(lambda: actions.settle(settlements))
            except BaseException:
                # What became of messages is not lost with the attempt: the end of the run tries once more.
                self._settlements, self._lost = settlements + self._settlements, lost + self._lost
                raise
            self._count(settlements, set(written))
        self._hand.written([*lost, *(one.claim for one in settlements)])
        if time.monotonic() - self._breakers_at > BREAKER_SECONDS or not self._hand.held:
            self._breakers_at = time.monotonic()
            self._persist(self._look_at_breakers)

    def _add(self, settlement: Settlement) -> None:
        if not self._settlements and not self._lost:
            self._oldest = time.monotonic()
        self._settlements.append(settlement)
        self._hand.held.pop(settlement.id, None)

    def _count(self, settlements: list[Settlement], written: set[int]) -> None:
        self._report.stale += len(settlements) - len(written)
        for one in settlements:
            if one.id in written:
                self._report.states[one.state] += 1
                if one.reason:
                    self._report.reasons[one.reason] += 1

    def _look_at_breakers(self) -> None:
        for kind, source_id, breaker in check_breakers(self.touched):
            say = self._report.warn if breaker.level is Level.WARN else self._report.alert
            say(f"{kind} {source_id}: {breaker.level.value}, {breaker.what} {breaker.share:.2%}")
