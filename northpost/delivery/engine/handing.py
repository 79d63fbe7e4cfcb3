"""Handing composed messages over to the wire, marked as ``sending`` first, and no more than can soon go."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from datetime import datetime
from functools import partial

from northpost.core import clock
from northpost.delivery import actions
from northpost.delivery.actions.routing import TRY_AGAIN, clear_route, pause_route
from northpost.delivery.engine.hand import Hand
from northpost.delivery.engine.persisting import Persistence
from northpost.delivery.engine.report import SendReport
from northpost.delivery.engine.settling import Settling
from northpost.delivery.engine.throttle import Limiter, Origin
from northpost.delivery.engine.wire import Composed, RouteDown, Wire
from northpost.delivery.limits.providers import name_of
from northpost.delivery.models import MessageState, Route
from northpost.delivery.routes import RouteUnusable, Way, way_of
from northpost.delivery.rules.replies import Blame
from northpost.delivery.transport import Envelope, Outcome, Timeouts

# Marked ahead of the wire, and so in doubt if this process dies: at least so many messages and four for each
# connection, more while the wire runs dry waiting for the ledger, but no more than go in so long and than so many.
LEAST_AHEAD = 100
MOST_AHEAD = 800
AHEAD_SECONDS = 0.5


class Window:
    """How many messages of a route may be on the wire at once."""

    def __init__(self, connections: int) -> None:
        self._least = max(LEAST_AHEAD, 4 * connections)
        self._per_second = 0.0
        self._since = time.monotonic()
        self._count = 0
        self.size = self._least

    def count(self, messages: int) -> None:
        """So many were answered for."""
        self._count += messages
        elapsed = time.monotonic() - self._since
        if elapsed >= 0.1:
            self._per_second += min(1.0, 2 * elapsed) * (self._count / elapsed - self._per_second)
            self._since, self._count = time.monotonic(), 0

    def fit(self, sending: int) -> int:
        """The size, when more is handed over to so many on the wire: larger if it had nearly run dry."""
        most = min(MOST_AHEAD, max(self._least, int(self._per_second * AHEAD_SECONDS)))
        if sending < self.size // 8:
            self.size += self.size // 2
        elif sending > self.size * 3 // 8:
            self.size -= self.size // 50
        self.size = max(self._least, min(most, self.size))
        return self.size


class Handing:
    """Composed messages by route, and how each route fares."""

    def __init__(
        self, wire: Wire, hand: Hand, settling: Settling, persist: Persistence, report: SendReport, timeouts: Timeouts
    ) -> None:
        self._wire = wire
        self._hand = hand
        self._settling = settling
        self._persist = persist
        self._report = report
        self._timeouts = timeouts
        self._ready: dict[int, deque[Envelope]] = defaultdict(deque)
        self._ways: dict[int, Way | None] = {}
        self._limiter = Limiter(self._origin)
        self._windows: dict[int, Window] = {}
        self._down: set[int] = set()
        self._cleared: set[int] = set()

    def __bool__(self) -> bool:
        """Whether anything is ready to go."""
        return any(self._ready.values())

    def hand_over(self) -> None:
        for route_id, waiting in self._ready.items():
            if waiting and route_id in self._down:
                self._give_back(route_id)
            while waiting and (way := self._way(route_id)) is not None:
                window, sending = self._windows[route_id], self._hand.sending[route_id]
                if window.size - sending < min(len(waiting), window.size // 2):
                    break
                room = min(window.fit(sending) - sending, len(waiting))
                admitted = self._persist(partial(self._limiter.admit, way, waiting, room))
                for envelope, due_at in admitted.later:
                    self._settling.give_back([self._hand.held[envelope.key]], due_at=due_at)
                if not admitted.going:
                    break
                self._mark_and_send(way, admitted.going)

    def take_composed(self, report: Composed) -> None:
        held = self._hand.held
        for route_id, envelope in report.ready:
            if envelope.key in held:
                self._ready[route_id].append(envelope)
        for message_id, (reason, words) in report.failed.items():
            if message_id in held:
                self._settling.settle(held[message_id], MessageState.SKIPPED, reason=reason, text=words)

    def take_outcomes(self, outcomes: list[Outcome]) -> None:
        counts: dict[int, int] = defaultdict(int)
        for outcome in outcomes:
            message = self._hand.held[outcome.key]
            route_id = message.route_id
            counts[route_id] += 1
            if outcome.state != "accepted" or self._limiter.is_counting:
                self._heed(message.email, route_id, outcome)
            if self._settling.take_outcome(outcome) is Blame.SENDER:
                self._pause(route_id, outcome.text or "the server refuses this sender", None)
            elif outcome.state == "accepted" and route_id not in self._cleared:
                self._cleared.add(route_id)
                if route_id not in self._down:
                    self._persist(partial(clear_route, route_id=route_id))
        for route_id, count in counts.items():
            self._windows[route_id].count(count)

    def route_is_down(self, down: RouteDown) -> None:
        """Hold the route, and give back everything that was to go by it."""
        for message_id in down.untouched:
            self._hand.sending[down.route_id] -= 1
            self._hand.tries.pop(message_id, None)
        held = self._hand.held
        self._persist(partial(self._limiter.unsent, down.untouched))
        self._settling.give_back([held[message_id] for message_id in down.untouched if message_id in held])
        self._give_back(down.route_id)
        if down.words:
            self._pause(down.route_id, down.words, None if down.needs_mending else clock.now() + TRY_AGAIN)

    def give_back_unsent(self) -> None:
        """Stop: nothing new begins, and what is not on the wire returns to the queue."""
        for waiting in self._ready.values():
            waiting.clear()
        unsent = [message for message in self._hand.held.values() if message.id not in self._hand.tries]
        self._settling.give_back(unsent)

    def _give_back(self, route_id: int) -> None:
        waiting, held = self._ready[route_id], self._hand.held
        self._settling.give_back([held[envelope.key] for envelope in waiting if envelope.key in held])
        waiting.clear()

    def _mark_and_send(self, way: Way, chunk: list[Envelope]) -> None:
        held = self._hand.held
        pairs = [(envelope.key, held[envelope.key].claim) for envelope in chunk if envelope.key in held]
        marked = self._persist(lambda: actions.mark_sending(pairs))
        going = [envelope for envelope in chunk if envelope.key in marked.sending]
        if len(going) < len(chunk):
            unsent = [envelope.key for envelope in chunk if envelope.key not in marked.sending]
            self._persist(partial(self._limiter.unsent, unsent))
            for message_id in unsent:
                self._settling.let_go(message_id)
        self._report.count_skipped(marked.skipped)
        if marked.returned:
            self._report.states["queued"] += marked.returned
        self._report.stale += marked.lost
        self._hand.tries |= marked.sending
        self._hand.sending[way.route_id] += len(going)
        if going:
            self._wire.send(way, going)

    def _way(self, route_id: int) -> Way | None:
        if route_id not in self._ways:
            way = None
            words, mending = "the route is gone", True
            try:
                route = self._persist(lambda: Route.objects.filter(pk=route_id).first())
                if route is not None:
                    way = self._persist(partial(way_of, route, timeouts=self._timeouts))
            except RouteUnusable as error:
                words, mending = str(error), not error.retryable
            self._ways[route_id] = way
            if way is None:
                self.route_is_down(RouteDown(route_id, words, mending, []))
            else:
                self._windows[route_id] = Window(way.connections)
        return self._ways[route_id]

    def _heed(self, recipient: str, route_id: int, outcome: Outcome) -> None:
        """Send less to a provider that puts our mail off."""
        way = self._ways[route_id]
        slowed = self._persist(partial(self._limiter.note, way, recipient, outcome)) if way is not None else None
        if slowed is not None:
            name = name_of(slowed.mx_group)
            self._report.warn(f"{name} is slowing us down: {slowed.connections} of {slowed.full} connections")

    def _origin(self, message_id: int) -> Origin:
        source = self._hand.held[message_id].source
        return Origin(source, self._hand.domains[source])

    def _pause(self, route_id: int, words: str, until: datetime | None) -> None:
        self._report.alert(words)
        self._down.add(route_id)
        self._persist(lambda: pause_route(route_id=route_id, reason=words, until=until))
