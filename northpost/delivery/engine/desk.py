"""The ledger's side of sending: claims one batch ahead, marks, hands over, settles. Runs in the caller's thread."""

from __future__ import annotations

import contextlib
import logging
import queue
import time
import uuid
from collections.abc import Callable
from datetime import datetime

from django.db import InterfaceError, OperationalError

from northpost.core import tenancy
from northpost.delivery.engine.claiming import Claiming
from northpost.delivery.engine.hand import Hand
from northpost.delivery.engine.handing import Handing
from northpost.delivery.engine.persisting import Persistence
from northpost.delivery.engine.report import SendReport
from northpost.delivery.engine.settling import SETTLE_SECONDS, Settling
from northpost.delivery.engine.wire import Broken, Outcomes, Report, RouteDown, Wire
from northpost.delivery.routes import TIMEOUTS
from northpost.delivery.transport import Timeouts

log = logging.getLogger(__name__)

BATCH = 500
IDLE_SECONDS = 0.5


def send_due(
    workspace_id: int,
    *,
    until: datetime | None = None,
    limit: int | None = None,
    seconds: float | None = None,
    batch: int = BATCH,
    urgency: int | None = None,
    timeouts: Timeouts = TIMEOUTS,
    should_stop: Callable[[], bool] = lambda: False,
    on_first_claim: Callable[[], None] = lambda: None,
) -> SendReport:
    """Send what is due in a workspace by ``until`` (default: the clock's present, read at each claim).

    limit: claim no more than so many messages. seconds: begin no new batch after so long. urgency: only messages
    whose priority number is no higher. should_stop: asked often; when it says so, what is on the wire is finished and
    the rest given back. on_first_claim: called when this run holds something for the first time. Any number of these
    may run at once, in any number of processes. The database going away for less than ten minutes is waited out (what
    is on the wire stops when the leases are over); after that OperationalError is raised, and what was held is
    recovered by others.
    """
    began = time.monotonic()
    with tenancy.workspace(workspace_id):
        inbox: queue.SimpleQueue[Report] = queue.SimpleQueue()
        with Wire(inbox.put) as wire:
            desk = _Desk(
                workspace_id, wire, inbox, until=until, limit=limit, batch=batch, urgency=urgency, timeouts=timeouts
            )
            deadline = None if seconds is None else began + seconds

            def is_over() -> bool:
                return should_stop() or (deadline is not None and time.monotonic() > deadline)

            report = desk.run(is_over, on_first_claim)
    report.seconds = time.monotonic() - began
    return report


class _Desk:
    def __init__(
        self,
        workspace_id: int,
        wire: Wire,
        inbox: queue.SimpleQueue[Report],
        *,
        until: datetime | None,
        limit: int | None,
        batch: int,
        urgency: int | None,
        timeouts: Timeouts,
    ) -> None:
        self._inbox = inbox
        self._wire = wire
        self._report = SendReport()
        self._persist = Persistence(self._report)
        self._hand = Hand(wire, self._persist)
        self._settling = Settling(self._hand, self._persist, self._report)
        run = uuid.uuid4()
        self._handing = Handing(run, wire, self._hand, self._settling, self._persist, self._report, timeouts)
        self._claiming = Claiming(
            workspace_id,
            run,
            self._handing,
            self._hand,
            self._settling,
            self._persist,
            self._report,
            until=until,
            limit=limit,
            batch=batch,
            urgency=urgency,
        )

    def run(self, should_stop: Callable[[], bool], on_first_claim: Callable[[], None]) -> SendReport:
        try:
            self._run(should_stop, on_first_claim)
        except BaseException:
            # The wire ends in good order: what it still tells is worth writing down, if that is quickly done.
            self._persist.patience = 1.0
            with contextlib.suppress(OperationalError, InterfaceError):
                self._wire.stop()
                self._take_the_last_reports()
                self._settling.write()
            raise
        return self._report

    def _run(self, should_stop: Callable[[], bool], on_first_claim: Callable[[], None]) -> None:
        stopping = begun = False
        while True:
            self._take_reports()
            self._settling.write_if_due()
            if not stopping and should_stop():
                stopping = self._claiming.exhausted = True
                self._handing.give_back_unsent()
            self._handing.hand_over()
            if self._claiming.wants_more:
                self._claiming.claim()
                if self._hand.held and not begun:
                    begun = True
                    self._persist(on_first_claim)
            elif not self._hand.held and not self._settling and self._inbox.empty():
                break
            else:
                self._wait()
            self._hand.keep_leases()

    def _take_reports(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                self._take(self._inbox.get_nowait())

    def _take_the_last_reports(self) -> None:
        """Whatever comes of one of them, the others are taken: the run ends already, and says why."""
        while not self._inbox.empty():
            try:
                self._take_reports()
            except (OperationalError, InterfaceError):
                raise
            except Exception:
                log.exception("a report of the sending thread can't be taken")

    def _wait(self) -> None:
        seconds = SETTLE_SECONDS if self._settling or self._handing else IDLE_SECONDS
        with contextlib.suppress(queue.Empty):
            report = self._inbox.get(timeout=seconds)
            self._handing.wake()
            self._take(report)

    def _take(self, report: Report) -> None:
        if isinstance(report, Outcomes):
            self._handing.take_outcomes(report)
        elif isinstance(report, RouteDown):
            self._handing.route_is_down(report)
        elif isinstance(report, Broken):
            raise report.error
