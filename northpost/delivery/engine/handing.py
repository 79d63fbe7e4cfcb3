"""Handing messages over to the wire, marked as ``sending`` first, and no more than can soon go."""

from __future__ import annotations

import math
import time
import uuid
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from northpost.core import clock
from northpost.delivery import actions, queries
from northpost.delivery.actions.ledger import Claimed
from northpost.delivery.actions.routing import TRY_AGAIN, clear_route, pause_route
from northpost.delivery.engine.hand import Hand
from northpost.delivery.engine.outbox import Draft
from northpost.delivery.engine.persisting import Persistence
from northpost.delivery.engine.report import SendReport
from northpost.delivery.engine.settling import Settling
from northpost.delivery.engine.throttle import Limiter, Origin
from northpost.delivery.engine.wire import Outcomes, RouteDown, Wire
from northpost.delivery.limits.providers import name_of
from northpost.delivery.models import MessageState, Route
from northpost.delivery.routes import RouteUnusable, Way, way_of
from northpost.delivery.rules.replies import Blame
from northpost.delivery.transport import Outcome, Timeouts

# Never are more than so many on the wire: what is marked and not answered for is in doubt if this process dies.
MOST_AHEAD = 800
FIRST_PACE = 200  # messages a second, before a route's own is known
ROUND_SECONDS = 0.05  # what goes in so long is marked together
# A connection that finds nothing to begin stands still for a whole answer; a quick round says little of the next.
LEAST_BUSY_SECONDS = 0.025
MOST_BUSY_SECONDS = 0.2  # a database that was away for longer is no measure
PACE_SECONDS = 0.2  # over which a route's pace is taken


class Window:
    """How many messages of a route may be on the wire at once.

    Two for each connection, the one that is written and the one behind it; what is answered for while the ledger is
    busy with other things; and what is marked together.
    """

    def __init__(self, connections: int) -> None:
        self._always = 2 * connections
        self._per_second: float | None = None
        self._busy = 0.0
        self._since = time.monotonic()
        self._count = 0

    def count(self, messages: int) -> None:
        """So many were answered for."""
        self._count += messages
        elapsed = time.monotonic() - self._since
        if elapsed < 0.1:
            return
        pace = self._count / elapsed
        known = self._per_second
        self._per_second = pace if known is None else known + min(1.0, elapsed / PACE_SECONDS) * (pace - known)
        self._since, self._count = time.monotonic(), 0

    def was_busy(self, seconds: float) -> None:
        """So long it took from when there was room until it was filled."""
        seconds = min(seconds, MOST_BUSY_SECONDS)
        self._busy = max(seconds, 0.9 * self._busy + 0.1 * seconds)

    def room(self, sending: int, waiting: int) -> int:
        """How many more go, of so many that wait, with so many on the wire; none while it would be only a few."""
        pace = FIRST_PACE if self._per_second is None else self._per_second
        together = max(1, self._always // 4, math.ceil(pace * ROUND_SECONDS))
        size = self._always + together + math.ceil(1.5 * pace * max(self._busy, LEAST_BUSY_SECONDS))
        room = min(size, MOST_AHEAD) - sending
        return min(room, waiting) if room >= min(waiting, together, MOST_AHEAD // 2) else 0


class Handing:
    """Messages that are ready to go, by route, and how each route fares."""

    def __init__(
        self,
        run: uuid.UUID,
        wire: Wire,
        hand: Hand,
        settling: Settling,
        persist: Persistence,
        report: SendReport,
        timeouts: Timeouts,
    ) -> None:
        self._run = run
        self._wire = wire
        self._hand = hand
        self._settling = settling
        self._persist = persist
        self._report = report
        self._timeouts = timeouts
        self._ready: dict[int, deque[Draft]] = defaultdict(deque)
        self._ways: dict[int, Way | None] = {}
        self._limiter = Limiter(run, self._origin, persist)
        self._windows: dict[int, Window] = {}
        self._down: set[int] = set()
        self._cleared: set[int] = set()
        self._free_since = time.monotonic()

    def __bool__(self) -> bool:
        """Whether anything is ready to go."""
        return any(self._ready.values())

    def wake(self) -> None:
        """There was nothing to do until now."""
        self._free_since = time.monotonic()

    def hand_over(self) -> None:
        for route_id, waiting in self._ready.items():
            if waiting and route_id in self._down:
                self._give_back(route_id)
            while waiting and (way := self._way(route_id)) is not None:
                window = self._windows[route_id]
                room = window.room(self._hand.sending[route_id], len(waiting))
                if not room:
                    break
                admitted = self._limiter.admit(way, waiting, room)
                for draft, due_at in admitted.later:
                    self._settling.give_back(self._unsent([draft]), due_at=due_at)
                if not admitted.going:
                    break
                self._mark_and_send(way, admitted.going)
                window.was_busy(time.monotonic() - self._free_since)
        self._free_since = time.monotonic()

    def put(self, route_id: int, drafts: Sequence[Draft]) -> None:
        self._ready[route_id].extend(drafts)

    def take_outcomes(self, report: Outcomes) -> None:
        counts: dict[int, int] = defaultdict(int)
        for unmade in report.unmade:
            if not self._hand.is_on_wire(unmade.key):
                continue
            unsent = self._hand.ended(unmade.key)
            counts[unsent.route_id] += 1
            self._limiter.unsent([unmade.key])
            self._settling.settle(unsent, MessageState.SKIPPED, reason=unmade.reason, text=unmade.words)
        held, tries = self._hand.held, self._hand.tries
        for outcome in report.outcomes:
            message = held.get(outcome.key)
            if message is None or outcome.key not in tries:
                continue
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
        held = self._hand.held
        untouched = [message_id for message_id in down.untouched if self._hand.is_on_wire(message_id)]
        for message_id in untouched:
            self._hand.ended(message_id)
        self._limiter.unsent(untouched)
        self._settling.give_back([held[message_id] for message_id in untouched])
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
        waiting = self._ready[route_id]
        self._settling.give_back(self._unsent(waiting))
        waiting.clear()

    def _unsent(self, drafts: Iterable[Draft]) -> list[Claimed]:
        """The messages of drafts that are not on the wire, each once."""
        held, tries = self._hand.held, self._hand.tries
        keys = dict.fromkeys(draft.key for draft in drafts)
        return [held[key] for key in keys if key in held and key not in tries]

    def _mark_and_send(self, way: Way, drafts: Sequence[Draft]) -> None:
        """Never are there two of one message on the wire, whatever was claimed."""
        held, tries = self._hand.held, self._hand.tries
        chunk = list({draft.key: draft for draft in drafts if draft.key in held and draft.key not in tries}.values())
        if not chunk:
            return
        pairs = [(draft.key, held[draft.key].claim) for draft in chunk]
        marked = self._persist(lambda: actions.mark_sending(pairs, route_id=way.route_id))
        sending = marked.sending
        if len(sending) < len(chunk):
            unsent = [draft.key for draft in chunk if draft.key not in sending]
            self._limiter.unsent(unsent)
            for message_id in unsent:
                self._settling.let_go(message_id)
        self._report.count_skipped(marked.skipped)
        if marked.returned:
            self._report.states["queued"] += marked.returned
        self._report.stale += marked.lost
        self._hand.begin(way.route_id, sending)
        # To the address that the gate has looked at, should it have changed since the claim.
        going = [
            draft if draft.recipient == found.email else draft._replace(recipient=found.email)
            for draft in chunk
            if (found := sending.get(draft.key)) is not None
        ]
        if going:
            self._wire.send(way, going)

    def _way(self, route_id: int) -> Way | None:
        if route_id not in self._ways:
            way = None
            words, mending = "the route is gone", True
            try:
                route = self._persist(lambda: Route.objects.filter(pk=route_id).first())
                if route is not None:
                    way = self._share(self._persist(partial(way_of, route, timeouts=self._timeouts)))
            except RouteUnusable as error:
                words, mending = str(error), not error.retryable
            self._ways[route_id] = way
            if way is None:
                self.route_is_down(RouteDown(route_id, words, mending, []))
            else:
                self._windows[route_id] = Window(way.share)
        return self._ways[route_id]

    def _share(self, way: Way) -> Way:
        """What the route may be asked at once is shared by all runs that send now; each has one connection at least."""
        others = self._persist(lambda: queries.other_runs(self._run, clock.now()))
        return replace(way, share=-(-way.connections // (others + 1)))

    def _heed(self, recipient: str, route_id: int, outcome: Outcome) -> None:
        """Send less to a provider that puts our mail off."""
        way = self._ways[route_id]
        slowed = self._limiter.note(way, recipient, outcome) if way is not None else None
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
