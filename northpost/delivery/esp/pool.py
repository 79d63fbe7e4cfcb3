"""Sends through a service's API: several requests at once, each in a thread of its own.

To the sender's lane it is what transport.ConnectionPool is: envelopes in, one outcome for each out.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from northpost.delivery.esp.http import AnswerLost, Busy, Refused, Sender, deferred, in_doubt, refused
from northpost.delivery.esp.provider import Account
from northpost.delivery.transport import Envelope, Outcome, RouteUnavailable
from northpost.delivery.transport.pool import OnOutcome

log = logging.getLogger(__name__)

LONGEST_PAUSE = 20.0  # seconds; who wants to be left alone for longer is tried again by the ledger
TRIES = 3


class EspPool:
    """At most ``requests`` requests at once, each with as many messages as the service takes and are there."""

    def __init__(self, account: Account, requests: int, *, batch: int | None = None) -> None:
        self._account = account
        self._requests = requests
        self._batch = batch or account.provider.batch
        self._threads = ThreadPoolExecutor(max_workers=requests, thread_name_prefix="northpost-esp")
        self._own = threading.local()
        self._senders: list[Sender] = []
        self._stopped = asyncio.Event()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown()
        for sender in self._senders:
            sender.close()

    async def send(self, envelopes: AsyncIterable[Envelope], on_outcome: OnOutcome) -> None:
        """Send all. Raises RouteUnavailable when the service can't be used; then, and when this is cancelled, an
        envelope that was drawn and has had no outcome was not sent, not even in part."""
        self._stopped.clear()
        queue: asyncio.Queue[Envelope | None] = asyncio.Queue(maxsize=2 * self._requests * self._batch)
        workers = [asyncio.create_task(self._work(queue, on_outcome)) for _ in range(self._requests)]
        feeding = asyncio.create_task(_feed(envelopes, queue, self._requests))
        everything = asyncio.gather(feeding, *workers)
        try:
            await asyncio.shield(everything)
        except BaseException:
            self._stopped.set()
            feeding.cancel()
            winding_up = asyncio.create_task(self._wind_up(queue, feeding, workers))
            # Cancelled again meanwhile, it waits all the same: a request without its outcome would count as unsent.
            while not winding_up.done():
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.shield(winding_up)
            await asyncio.gather(everything, return_exceptions=True)
            raise

    async def _wind_up(
        self, queue: asyncio.Queue[Envelope | None], feeding: asyncio.Task[None], workers: Sequence[asyncio.Task[None]]
    ) -> None:
        """A request that is on its way can't be called back: its outcome is waited for. No other is begun."""
        while not queue.empty():
            queue.get_nowait()
        for _ in workers:
            queue.put_nowait(None)
        await asyncio.gather(feeding, *workers, return_exceptions=True)

    async def _work(self, queue: asyncio.Queue[Envelope | None], on_outcome: OnOutcome) -> None:
        loop = asyncio.get_running_loop()
        while (first := await queue.get()) is not None:
            chunk, last = [first], False
            while len(chunk) < self._batch and not queue.empty():
                more = queue.get_nowait()
                if more is None:
                    last = True
                    break
                chunk.append(more)
            await self._hand_over(loop, chunk, on_outcome)
            if last:
                return

    async def _hand_over(
        self, loop: asyncio.AbstractEventLoop, chunk: Sequence[Envelope], on_outcome: OnOutcome
    ) -> None:
        """Raises RouteUnavailable: what has no outcome by then was not sent. Broken off, it asks no more: what was
        not asked has no outcome."""
        text, lost = "", False
        for attempt in range(TRIES):
            if self._stopped.is_set():
                if lost:
                    break
                return
            try:
                outcomes = await loop.run_in_executor(self._threads, self._send, chunk)
            except Busy as busy:
                text = busy.text
                if busy.seconds > LONGEST_PAUSE or attempt == TRIES - 1:
                    break
                await self._pause(busy.seconds)
            except AnswerLost as error:
                text, lost = str(error), True
                if not self._sender_is_idempotent():
                    break
            except RouteUnavailable:
                if lost:
                    _tell(on_outcome, [in_doubt(envelope, text) for envelope in chunk])
                raise
            except Refused as no:
                if lost:
                    break
                if len(chunk) == 1:
                    _tell(on_outcome, [refused(chunk[0], no.text, recipient=no.recipient)])
                    return
                # One of them spoils it for the others: each by itself, and each told as soon as it is known.
                for one in chunk:
                    await self._hand_over(loop, [one], on_outcome)
                return
            else:
                _tell(on_outcome, outcomes)
                told = {outcome.key for outcome in outcomes}
                _tell(on_outcome, [in_doubt(one, "no answer for it") for one in chunk if one.key not in told])
                return
        _tell(on_outcome, [(in_doubt if lost else deferred)(envelope, text) for envelope in chunk])

    def _send(self, chunk: Sequence[Envelope]) -> list[Outcome]:
        sender: Sender | None = getattr(self._own, "sender", None)
        if sender is None:
            sender = self._own.sender = self._account.provider.make_sender(self._account.credentials)
            self._senders.append(sender)
        try:
            return sender.send(chunk)
        except (RouteUnavailable, Busy, AnswerLost, Refused):
            raise
        except Exception as error:
            # A fault in the program, and nobody knows whether the request had been written by then.
            log.exception("a request to a service failed")
            raise AnswerLost(f"{type(error).__name__}: {error}") from error

    async def _pause(self, seconds: float) -> None:
        """Until then, or until it is broken off."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), seconds)

    def _sender_is_idempotent(self) -> bool:
        return bool(self._senders) and self._senders[0].idempotent


def _tell(on_outcome: OnOutcome, outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        on_outcome(outcome)


async def _feed(envelopes: AsyncIterable[Envelope], queue: asyncio.Queue[Envelope | None], workers: int) -> None:
    async for envelope in envelopes:
        await queue.put(envelope)
    for _ in range(workers):
        await queue.put(None)
