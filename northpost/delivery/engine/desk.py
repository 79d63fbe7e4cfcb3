"""The ledger's side of sending: claims one batch ahead, marks, hands over, settles. Runs in the caller's thread."""

from __future__ import annotations

import contextlib
import logging
import queue
import time
import uuid
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection

from northpost.content.errors import ContentError
from northpost.core import clock, tenancy
from northpost.delivery import actions, sources
from northpost.delivery.actions.ledger import Claimed, Settlement, SourceKey
from northpost.delivery.actions.routing import TRY_AGAIN, check_breakers, clear_route, pause_route
from northpost.delivery.domains.signing import signer_for
from northpost.delivery.engine.compose import Prepared, prepare
from northpost.delivery.engine.links import link_rows
from northpost.delivery.engine.report import SendReport
from northpost.delivery.engine.throttle import Throttle
from northpost.delivery.engine.wire import Broken, Composed, Draft, Outcomes, Report, RouteDown, Wire
from northpost.delivery.models import MessageState, Route, SkipReason
from northpost.delivery.routes import TIMEOUTS, RouteUnusable, Way, way_of
from northpost.delivery.rules.breakers import Level
from northpost.delivery.rules.replies import Blame, classify_reply
from northpost.delivery.rules.retrying import retry_at
from northpost.delivery.transport import Envelope, Outcome, Timeouts

log = logging.getLogger(__name__)
T = TypeVar("T")

BATCH = 500
SETTLE_SECONDS = 0.03
LOOK_SECONDS = 0.25
HEARTBEAT_SECONDS = 30.0
# As long as a lease: after that other workers have taken over what this one held.
PATIENCE_SECONDS = 600.0
DISK_FULL = "53100"


def send_due(
    workspace_id: int,
    *,
    until: datetime | None = None,
    limit: int | None = None,
    seconds: float | None = None,
    batch: int = BATCH,
    timeouts: Timeouts = TIMEOUTS,
    should_stop: Callable[[], bool] = lambda: False,
) -> SendReport:
    """Send what is due in a workspace by ``until`` (default: the clock's present, read at each claim).

    limit: claim no more than so many messages. seconds: begin no new batch after so long. should_stop: asked often;
    when it says so, what is on the wire is finished and the rest given back. Any number of these may run at once,
    in any number of processes. The database going away for less than ten minutes is waited out; after that
    OperationalError is raised, and what was held is recovered when its lease has run out.
    """
    began = time.monotonic()
    with tenancy.workspace(workspace_id):
        desk = _Desk(workspace_id, until=until, limit=limit, seconds=seconds, batch=batch, timeouts=timeouts)
        report = desk.run(should_stop)
    report.seconds = time.monotonic() - began
    return report


class _Desk:
    def __init__(
        self,
        workspace_id: int,
        *,
        until: datetime | None,
        limit: int | None,
        seconds: float | None,
        batch: int,
        timeouts: Timeouts,
    ) -> None:
        self._workspace_id = workspace_id
        self._until = until
        self._left = limit
        self._deadline = None if seconds is None else time.monotonic() + seconds
        self._batch = batch
        self._timeouts = timeouts
        self._inbox: queue.SimpleQueue[Report] = queue.SimpleQueue()
        self._held: dict[int, Claimed] = {}
        self._ready: dict[int, deque[Envelope]] = defaultdict(deque)
        self._tries: dict[int, tuple[int, datetime]] = {}
        self._sending: Counter[int] = Counter()
        self._settlements: list[Settlement] = []
        self._oldest_settlement = 0.0
        self._prepared: dict[SourceKey, Prepared | None] = {}
        self._ways: dict[int, Way | None] = {}
        self._throttles: dict[int, Throttle] = {}
        self._patience = PATIENCE_SECONDS
        self._down: set[int] = set()
        self._exhausted = False
        self._last_look = 0.0
        self._beat = time.monotonic()
        self._report = SendReport()

    def run(self, should_stop: Callable[[], bool]) -> SendReport:
        try:
            self._run(should_stop)
        except BaseException:
            # The wire has ended in good order: what it still told is worth writing down, if that is quickly done.
            self._patience = 1.0
            with contextlib.suppress(OperationalError, InterfaceError):
                self._take_reports()
                self._write_settlements()
            raise
        return self._report

    def _run(self, should_stop: Callable[[], bool]) -> None:
        with Wire(self._inbox.put) as wire:
            while True:
                self._take_reports()
                self._settle_if_due()
                if should_stop() or (self._deadline is not None and time.monotonic() > self._deadline):
                    self._give_back_unsent()
                self._hand_over(wire)
                if self._wants_more():
                    self._claim(wire)
                elif not self._held and not self._settlements and self._inbox.empty():
                    break
                else:
                    self._wait()
                self._keep_leases()

    # --- claiming and composing ------------------------------------------------------------------

    def _wants_more(self) -> bool:
        if self._exhausted or self._left == 0:
            return False
        # One batch ahead of what is being sent.
        return len(self._held) - self._sending.total() < self._batch

    def _claim(self, wire: Wire) -> None:
        size = self._batch if self._left is None else min(self._batch, self._left)
        batch = self._persist(lambda: actions.claim(batch=size, until=self._until))
        if not batch:
            self._exhausted = True
            return
        if self._left is not None:
            self._left -= len(batch.claimed)
        self._count_skipped(batch.skipped)
        by_source: dict[SourceKey, list[Claimed]] = defaultdict(list)
        for message in batch.claimed:
            self._held[message.id] = message
            by_source[message.source].append(message)
        for source, messages in by_source.items():
            self._draft(wire, source, messages)

    def _draft(self, wire: Wire, source: SourceKey, messages: list[Claimed]) -> None:
        prepared = self._prepare(source)
        if prepared is None:
            self._give_back(messages)
            return
        try:
            contexts = self._persist(lambda: prepared.mailing.contexts([message.contact_id for message in messages]))
        except (ContentError, LookupError, ValueError, TypeError) as error:
            self._hold(source, error)
            self._give_back(messages)
            return
        now = clock.now()
        drafts = []
        for message in messages:
            own = contexts.get(message.contact_id)
            if own is None:
                self._settle(message, MessageState.SKIPPED, reason=SkipReason.ERASED)
                continue
            context = dict(own) | dict(message.context or {})
            drafts.append(Draft(message.id, message.route_id, message.email, message.language, prepared, context, now))
        wire.compose(drafts)

    def _prepare(self, source: SourceKey) -> Prepared | None:
        """The source's mailing, worked out once; None, and the source held, if it can't be made."""
        if source not in self._prepared:
            kind, source_id = source
            try:
                self._prepared[source] = self._persist(lambda: self._load(kind, source_id))
            except (ContentError, LookupError, ValueError, TypeError) as error:
                self._hold(source, error)
        return self._prepared[source]

    def _hold(self, source: SourceKey, error: Exception) -> None:
        kind, source_id = source
        self._prepared[source] = None
        words = f"the mail could not be made: {error}"
        self._report.alert(words)
        log.error("%s %s is paused: %s", kind, source_id, words)
        self._persist(lambda: actions.pause_source(kind=kind, source_id=source_id, reason=words))

    def _load(self, kind: str, source_id: int) -> Prepared:
        mailing = sources.load(kind, source_id)
        prepared = prepare(
            mailing,
            workspace_id=self._workspace_id,
            source_kind=kind,
            source_id=source_id,
            link_ids=link_rows(mailing, source_kind=kind, source_id=source_id),
        )
        return replace(prepared, signer=signer_for(prepared.domain))

    # --- handing over ----------------------------------------------------------------------------

    def _hand_over(self, wire: Wire) -> None:
        for route_id, waiting in self._ready.items():
            if waiting and route_id in self._down:
                self._give_back([self._held[envelope.key] for envelope in waiting if envelope.key in self._held])
                waiting.clear()
            while waiting and (way := self._way(route_id)) is not None:
                # Little is ever marked ahead of the wire: all of it is in doubt if this process dies.
                window = max(100, 4 * way.connections)
                room = min(window - self._sending[route_id], self._throttles[route_id].allowance(), len(waiting))
                if room < min(len(waiting), window // 2, self._throttles[route_id].burst):
                    break
                chunk = [waiting.popleft() for _ in range(room)]
                self._mark_and_send(wire, way, chunk)

    def _mark_and_send(self, wire: Wire, way: Way, chunk: list[Envelope]) -> None:
        pairs = [(envelope.key, self._held[envelope.key].claim) for envelope in chunk if envelope.key in self._held]
        marked = self._persist(lambda: actions.mark_sending(pairs))
        going = [envelope for envelope in chunk if envelope.key in marked.sending]
        for envelope in chunk:
            if envelope.key not in marked.sending:
                self._held.pop(envelope.key, None)
        self._count_skipped(marked.skipped)
        if marked.returned:
            self._report.states["queued"] += marked.returned
        self._report.stale += marked.lost
        self._tries |= marked.sending
        self._sending[way.route_id] += len(going)
        self._throttles[way.route_id].spend(len(going))
        if going:
            wire.send(way, going)

    def _way(self, route_id: int) -> Way | None:
        if route_id not in self._ways:
            way = None
            try:
                route = self._persist(lambda: Route.objects.filter(pk=route_id).first())
                way = way_of(route, timeouts=self._timeouts) if route is not None else None
                words = "the route is gone"
            except RouteUnusable as error:
                words = str(error)
            self._ways[route_id] = way
            if way is None:
                self._route_is_down(RouteDown(route_id, words, True, []))
            self._throttles[route_id] = Throttle(way.per_minute if way else None)
        return self._ways[route_id]

    # --- what comes back -------------------------------------------------------------------------

    def _take_reports(self) -> None:
        while True:
            try:
                report = self._inbox.get_nowait()
            except queue.Empty:
                return
            self._take(report)

    def _wait(self) -> None:
        seconds = SETTLE_SECONDS if self._settlements or any(self._ready.values()) else 0.5
        with contextlib.suppress(queue.Empty):
            self._take(self._inbox.get(timeout=seconds))

    def _take(self, report: Report) -> None:
        if isinstance(report, Composed):
            for route_id, envelope in report.ready:
                if envelope.key in self._held:
                    self._ready[route_id].append(envelope)
            for message_id, (reason, words) in report.failed.items():
                if message_id in self._held:
                    self._settle(self._held[message_id], MessageState.SKIPPED, reason=reason, text=words)
        elif isinstance(report, Outcomes):
            for outcome in report.outcomes:
                self._take_outcome(outcome)
        elif isinstance(report, RouteDown):
            self._route_is_down(report)
        elif isinstance(report, Broken):
            raise report.error

    def _take_outcome(self, outcome: Outcome) -> None:
        message = self._held[outcome.key]
        self._sending[message.route_id] -= 1
        attempts, first_tried_at = self._tries.pop(outcome.key)
        blame = None
        if outcome.state in ("deferred", "rejected"):
            blame = classify_reply(
                code=outcome.code,
                enhanced=outcome.enhanced,
                text=outcome.text,
                phase=outcome.phase,
                route_fault=outcome.route_fault,
            )
        if blame is Blame.SENDER:
            self._pause(message.route_id, outcome.text or "the server refuses this sender", None)
        state, reason, due_at = outcome.state, "", None
        if outcome.state == "deferred":
            due_at = retry_at(
                message_id=message.id,
                attempts=attempts,
                first_tried_at=first_tried_at,
                now=clock.now(),
                expires_at=message.expires_at,
            )
            if due_at is None:
                state, reason = MessageState.SKIPPED.value, SkipReason.GAVE_UP.value  # type: ignore[assignment]
        self._settle(
            message,
            state,
            reason=reason,
            code=outcome.code,
            enhanced=outcome.enhanced,
            text=outcome.text,
            due_at=due_at,
            blame=blame,
        )

    def _route_is_down(self, down: RouteDown) -> None:
        """Hold the route, and give back everything that was to go by it."""
        for message_id in down.untouched:
            self._sending[down.route_id] -= 1
            self._tries.pop(message_id, None)
        waiting = self._ready.get(down.route_id)
        returning = list(down.untouched) + [envelope.key for envelope in waiting or ()]
        if waiting:
            waiting.clear()
        self._give_back([self._held[message_id] for message_id in returning if message_id in self._held])
        if down.words:
            self._pause(down.route_id, down.words, None if down.needs_mending else clock.now() + TRY_AGAIN)

    def _pause(self, route_id: int, words: str, until: datetime | None) -> None:
        self._report.alert(words)
        self._down.add(route_id)
        self._persist(lambda: pause_route(route_id=route_id, reason=words, until=until))

    # --- settling --------------------------------------------------------------------------------

    def _settle(self, message: Claimed, state: str, **details: object) -> None:
        if not self._settlements:
            self._oldest_settlement = time.monotonic()
        self._settlements.append(Settlement(message.id, message.claim, str(state), **details))  # type: ignore[arg-type]
        self._held.pop(message.id, None)

    def _give_back(self, messages: list[Claimed], *, due_at: datetime | None = None) -> None:
        """Back to the queue; with ``due_at`` nobody takes them up again before then (a limit is used up)."""
        for message in messages:
            self._settle(message, MessageState.QUEUED, due_at=due_at)

    def _give_back_unsent(self) -> None:
        """Stop: nothing new begins, and what is not on the wire returns to the queue."""
        self._exhausted = True
        for waiting in self._ready.values():
            waiting.clear()
        self._give_back([message for message in self._held.values() if message.id not in self._tries])

    def _settle_if_due(self) -> None:
        count = len(self._settlements)
        if count == 0 or (count < self._batch and time.monotonic() - self._oldest_settlement < SETTLE_SECONDS):
            return
        self._write_settlements()

    def _write_settlements(self) -> None:
        settlements, self._settlements = self._settlements, []
        if not settlements:
            return
        rows = self._persist(lambda: actions.settle(settlements))
        written = {row["id"] for row in rows}
        self._report.stale += len(settlements) - len(written)
        for one in settlements:
            if one.id in written:
                self._report.states[one.state] += 1
                if one.reason:
                    self._report.reasons[one.reason] += 1
        if time.monotonic() - self._last_look > LOOK_SECONDS or not self._held:
            self._last_look = time.monotonic()
            self._persist(self._look_at_breakers)

    def _look_at_breakers(self) -> None:
        touched = [source for source, prepared in self._prepared.items() if prepared is not None]
        for kind, source_id, breaker in check_breakers(touched):
            say = self._report.warn if breaker.level is Level.WARN else self._report.alert
            say(f"{kind} {source_id}: {breaker.level.value}, {breaker.what} {breaker.share:.2%}")
        if self._report.accepted:
            for route_id in self._ways.keys() - self._down:
                clear_route(route_id=route_id)

    def _count_skipped(self, skipped: dict[str, int]) -> None:
        self._report.reasons.update(skipped)
        if skipped:
            self._report.states["skipped"] += sum(skipped.values())

    # --- staying alive ---------------------------------------------------------------------------

    def _keep_leases(self) -> None:
        if time.monotonic() - self._beat < HEARTBEAT_SECONDS or not self._held:
            return
        self._beat = time.monotonic()
        claims: set[uuid.UUID] = {message.claim for message in self._held.values()}
        self._persist(lambda: actions.extend_leases(sorted(claims)))

    def _persist(self, write: Callable[[], T]) -> T:
        """Do it, and again while the database restarts or its disk is full. The fence keeps a repetition right."""
        began, pause = time.monotonic(), 0.1
        while True:
            try:
                return write()
            except (OperationalError, InterfaceError) as error:
                if time.monotonic() - began > self._patience:
                    raise
                full = getattr(error.__cause__, "sqlstate", None) == DISK_FULL
                words = "the database's disk is full" if full else "the database can't be reached"
                self._report.alert(words)
                log.log(logging.ERROR if full else logging.WARNING, "%s; sending waits: %s", words, error)
                connection.close()
                time.sleep(pause)
                pause = min(pause * 2, 5.0)
