"""The thread that composes and sends: an event loop with one lane per route. It never touches the database.

What it is told comes by :meth:`Wire.send`; what it has to say goes to ``report``, which is called from its thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import uvloop

from northpost.delivery.engine.outbox import Draft, Outbox, Unmade
from northpost.delivery.engine.signing import SigningThreads
from northpost.delivery.routes import Way
from northpost.delivery.transport import ConnectionPool, Outcome, RouteUnavailable

log = logging.getLogger(__name__)

FLUSH_SECONDS = 0.005  # how long outcomes gather
GUARD_SECONDS = 0.5  # between looks at whether the leases still hold


@dataclass(frozen=True)
class Outcomes:
    """What became of messages; and those that could not be made, and so were not sent."""

    outcomes: list[Outcome]
    unmade: list[Unmade]


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


Report = Outcomes | RouteDown | Broken


class Wire:
    """``with Wire(report) as wire``; leaving the block ends the thread, in an orderly way unless it raises.

    ``valid_until`` (monotonic): beyond it nothing more is handed to a server, because the leases are over and others
    may take what is here for lost. Whoever renews them moves it on.
    """

    def __init__(self, report: Callable[[Report], None]) -> None:
        self._report = report
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="northpost-wire", daemon=True)
        self._lanes: dict[int, Lane] = {}
        self._stopping = asyncio.Event()
        self._signing = SigningThreads(self._signing_failed)
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

    def send(self, way: Way, drafts: Sequence[Draft]) -> None:
        """Hand over; their state must be committed as ``sending``."""
        self._loop.call_soon_threadsafe(self._hand_over, way, drafts)

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
        guarding = asyncio.create_task(self._guard())
        await self._stopping.wait()
        guarding.cancel()
        for lane in self._lanes.values():
            lane.stop()
        done = await asyncio.gather(*(lane.task for lane in self._lanes.values()), return_exceptions=True)
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

    def _hand_over(self, way: Way, drafts: Sequence[Draft]) -> None:
        if time.monotonic() > self.valid_until:
            self._report(RouteDown(way.route_id, "", False, sorted(draft.key for draft in drafts)))
            return
        try:
            lane = self._lanes.get(way.route_id)
            if lane is None or lane.task.done():
                lane = self._lanes[way.route_id] = Lane(way, self._signing, self._report)
            lane.add(drafts)
        except Exception as error:
            log.exception("handing over failed")
            self._report(Broken(error))

    def _signing_failed(self, error: BaseException) -> None:
        log.error("signing failed", exc_info=error)
        self._report(Broken(error))


class Lane:
    """One route's pool, fed for as long as the run lasts."""

    def __init__(self, way: Way, signing: SigningThreads, report: Callable[[Report], None]) -> None:
        self._way = way
        self._report = report
        self._outbox = Outbox(signing, self._cannot, self._broken)
        self._unsettled: set[int] = set()
        self._outcomes: list[Outcome] = []
        self._unmade: list[Unmade] = []
        self._flushing: asyncio.TimerHandle | None = None
        self.task = asyncio.get_running_loop().create_task(self._run())
        self.task.add_done_callback(self._has_ended)

    def add(self, drafts: Sequence[Draft]) -> None:
        self._unsettled.update([draft.key for draft in drafts])
        self._outbox.add(drafts)

    def stop(self) -> None:
        """End at once: with nothing under way, or breaking off what is."""
        self._outbox.end()
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
        else:
            # The thread may end before what has gathered is told.
            self._flush()

    async def _carry(self) -> tuple[str, bool]:
        """Send until told to stop; why the route can't be used otherwise, and whether that needs mending."""
        way = self._way
        try:
            if way.account is None:
                async with ConnectionPool(way.endpoint, way.share) as pool:
                    await pool.send(self._outbox, self._note)
            else:
                async with way.account.make_pool(way.share) as service:
                    await service.send(self._outbox.drawn(), self._note)
        except RouteUnavailable as error:
            return str(error), error.needs_mending
        except Exception as error:
            log.exception("a lane failed")
            return f"{type(error).__name__}: {error}", False
        return "", False

    def _has_ended(self, _task: asyncio.Task[None]) -> None:
        """Cancelled before its first step it has not run at all: what it was handed is given back all the same."""
        if self._unsettled:
            self._give_back("", needs_mending=False)

    def _give_back(self, words: str, *, needs_mending: bool) -> None:
        self._outbox.close()
        self._flush()
        untouched, self._unsettled = sorted(self._unsettled), set()
        self._report(RouteDown(self._way.route_id, words, needs_mending, untouched))

    def _note(self, outcome: Outcome) -> None:
        self._unsettled.discard(outcome.key)
        self._outcomes.append(outcome)
        if self._flushing is None:
            self._flush_soon()

    def _cannot(self, unmade: Unmade) -> None:
        self._unsettled.discard(unmade.key)
        self._unmade.append(unmade)
        if self._flushing is None:
            self._flush_soon()

    def _broken(self, error: Exception) -> None:
        log.error("preparing messages failed", exc_info=error)
        self._report(Broken(error))

    def _flush_soon(self) -> None:
        self._flushing = asyncio.get_running_loop().call_later(FLUSH_SECONDS, self._flush)

    def _flush(self) -> None:
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        if self._outcomes or self._unmade:
            told = Outcomes(self._outcomes, self._unmade)
            self._outcomes, self._unmade = [], []
            self._report(told)
