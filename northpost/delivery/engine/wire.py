"""The thread that composes and sends: an event loop with one lane per route. It never touches the database.

What it is told comes by :meth:`Wire.compose` and :meth:`Wire.send`; what it has to say goes to ``report``, which is
called from its thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import uvloop

from northpost.content.errors import ContentError, InvalidHeader
from northpost.delivery.engine.compose import BadAddress, Prepared, compose
from northpost.delivery.engine.signing import SigningThreads, Unsigned
from northpost.delivery.models import SkipReason
from northpost.delivery.routes import Way
from northpost.delivery.transport import ConnectionPool, Envelope, Outcome, RouteUnavailable

log = logging.getLogger(__name__)

SLICE = 8  # messages composed before the sockets get their turn
CHUNK = 100  # composed messages reported together
FLUSH_SECONDS = 0.005  # how long outcomes gather
GUARD_SECONDS = 0.5  # between looks at whether the leases still hold


@dataclass(frozen=True)
class Draft:
    """A message to compose."""

    id: int
    route_id: int
    email: str
    language: str
    prepared: Prepared
    context: Mapping[str, object]
    now: datetime


@dataclass(frozen=True)
class Composed:
    """Ready to be sent, by the route's id; and what could not be composed: id -> (skip reason, words)."""

    ready: list[tuple[int, Envelope]]
    failed: dict[int, tuple[str, str]]


@dataclass(frozen=True)
class Outcomes:
    outcomes: list[Outcome]


@dataclass(frozen=True)
class RouteDown:
    """No mail goes this way now; ``untouched`` were handed over and not sent, not even in part."""

    route_id: int
    words: str
    needs_mending: bool
    untouched: list[int]


@dataclass(frozen=True)
class Broken:
    """The thread itself failed: a fault in the program."""

    error: BaseException


Report = Composed | Outcomes | RouteDown | Broken


class Wire:
    """``with Wire(report) as wire``; leaving the block ends the thread, in an orderly way unless it raises.

    ``valid_until`` (monotonic): beyond it nothing more is handed to a server, because the leases are over and others
    may take what is here for lost. Whoever renews them moves it on.
    """

    def __init__(self, report: Callable[[Report], None]) -> None:
        self._report = report
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="northpost-wire", daemon=True)
        self._drafts: deque[Draft] = deque()
        self._drafts_there = asyncio.Event()
        self._lanes: dict[int, Lane] = {}
        self._stopping = asyncio.Event()
        self._signing = SigningThreads(lambda signed: report(Composed(signed, {})), lambda error: report(Broken(error)))
        self.valid_until = float("inf")

    def __enter__(self) -> Wire:
        self._thread.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the thread; what was being sent has told its outcome then."""
        if self._thread.is_alive():
            with contextlib.suppress(RuntimeError):  # it has just ended by itself
                self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()
        self._signing.stop()

    def compose(self, drafts: Sequence[Draft]) -> None:
        def add() -> None:
            self._drafts.extend(drafts)
            self._drafts_there.set()

        self._loop.call_soon_threadsafe(add)

    def send(self, way: Way, envelopes: Sequence[Envelope]) -> None:
        """Hand over; their state must be committed as ``sending``."""
        self._loop.call_soon_threadsafe(self._hand_over, way, envelopes)

    # --- inside the thread -----------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        except BaseException as error:
            log.exception("the sending thread failed")
            self._report(Broken(error))
        finally:
            asyncio.set_event_loop(None)
            self._loop.close()

    async def _serve(self) -> None:
        composing = asyncio.create_task(self._compose())
        stopping = asyncio.create_task(self._stopping.wait())
        guarding = asyncio.create_task(self._guard())
        await asyncio.wait((composing, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        guarding.cancel()
        composing.cancel()
        for lane in self._lanes.values():
            lane.stop()
        done = await asyncio.gather(composing, *(lane.task for lane in self._lanes.values()), return_exceptions=True)
        for result in done:
            if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError):
                raise result

    async def _guard(self) -> None:
        """Break off what is being sent when the leases are over."""
        while True:
            await asyncio.sleep(GUARD_SECONDS)
            if time.monotonic() > self.valid_until:
                for lane in self._lanes.values():
                    lane.task.cancel()

    def _hand_over(self, way: Way, envelopes: Sequence[Envelope]) -> None:
        lane = self._lanes.get(way.route_id)
        if lane is None or lane.task.done():
            lane = self._lanes[way.route_id] = Lane(way, self._report)
        lane.put(envelopes)

    async def _compose(self) -> None:
        ready: list[tuple[int, Envelope]] = []
        unsigned: list[Unsigned] = []
        failed: dict[int, tuple[str, str]] = {}
        while True:
            if not self._drafts:
                self._drafts_there.clear()
                await self._drafts_there.wait()
            for _ in range(min(SLICE, len(self._drafts))):
                draft = self._drafts.popleft()
                made = _composed(draft)
                if not isinstance(made, Envelope):
                    failed[draft.id] = made
                elif (signer := draft.prepared.signer) is not None:
                    unsigned.append(Unsigned(draft.route_id, made, signer, draft.now))
                else:
                    ready.append((draft.route_id, made))
            if len(ready) + len(unsigned) + len(failed) >= CHUNK or not self._drafts:
                self._report(Composed(ready, failed))
                self._signing.sign(unsigned)
                ready, unsigned, failed = [], [], {}
            await asyncio.sleep(0)


def _composed(draft: Draft) -> Envelope | tuple[str, str]:
    try:
        return compose(
            draft.prepared,
            message_id=draft.id,
            email=draft.email,
            language=draft.language,
            context=draft.context,
            now=draft.now,
        )
    except BadAddress as error:
        return SkipReason.BAD_ADDRESS.value, str(error)
    except (ContentError, InvalidHeader, TypeError, ValueError, ArithmeticError) as error:
        # One person's data that the template can't take stops nobody else's mail.
        return SkipReason.RENDER_FAILED.value, f"{type(error).__name__}: {error}"


class Lane:
    """One route's pool, fed for as long as the run lasts."""

    def __init__(self, way: Way, report: Callable[[Report], None]) -> None:
        self._way = way
        self._report = report
        self._queue: asyncio.Queue[Envelope | None] = asyncio.Queue()
        self._unsettled: set[int] = set()
        self._outcomes: list[Outcome] = []
        self._flushing: asyncio.TimerHandle | None = None
        self.task = asyncio.get_running_loop().create_task(self._run())

    def put(self, envelopes: Sequence[Envelope]) -> None:
        for envelope in envelopes:
            self._unsettled.add(envelope.key)
            self._queue.put_nowait(envelope)

    def stop(self) -> None:
        """End once everything handed over has its outcome; at once if there is nothing."""
        self._queue.put_nowait(None)
        if self._unsettled:
            self.task.cancel()

    async def _run(self) -> None:
        try:
            words, needs_mending = await self._carry()
        except asyncio.CancelledError:
            self._give_back("", needs_mending=False)
            raise
        if words or self._unsettled:
            self._give_back(words, needs_mending=needs_mending)

    async def _carry(self) -> tuple[str, bool]:
        """Send until told to stop; why the route can't be used otherwise, and whether that needs mending."""
        way = self._way
        connect = partial(ConnectionPool, way.endpoint) if way.account is None else way.account.make_pool
        async with connect(way.connections) as pool:
            try:
                await pool.send(self._draw(), self._note)
            except RouteUnavailable as error:
                return str(error), error.needs_mending
            except Exception as error:
                log.exception("a lane failed")
                return f"{type(error).__name__}: {error}", False
        return "", False

    async def _draw(self) -> AsyncIterator[Envelope]:
        while (envelope := await self._queue.get()) is not None:
            yield envelope

    def _give_back(self, words: str, *, needs_mending: bool) -> None:
        self._flush()
        untouched, self._unsettled = sorted(self._unsettled), set()
        self._report(RouteDown(self._way.route_id, words, needs_mending, untouched))

    def _note(self, outcome: Outcome) -> None:
        self._unsettled.discard(outcome.key)
        self._outcomes.append(outcome)
        if self._flushing is None:
            self._flushing = asyncio.get_running_loop().call_later(FLUSH_SECONDS, self._flush)

    def _flush(self) -> None:
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        if self._outcomes:
            told, self._outcomes = self._outcomes, []
            self._report(Outcomes(told))
