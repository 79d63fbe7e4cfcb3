"""The wire tells of every message that it was handed: what became of it, or that it was not sent."""

from __future__ import annotations

import asyncio
import logging
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from northpost.core import clock
from northpost.delivery.engine import outbox
from northpost.delivery.engine import wire as engine_wire
from northpost.delivery.engine.compose import Prepared
from northpost.delivery.engine.outbox import Draft, Unmade
from northpost.delivery.engine.wire import Broken, Lane, Outcomes, Report, RouteDown, Wire
from northpost.delivery.esp.tests.scripted import Held, Scripted
from northpost.delivery.routes import Way
from northpost.delivery.tests.test_sending import memory_sink
from northpost.delivery.transport import Endpoint, Envelope, Timeouts
from northpost.mailbox.received import MemoryStore

QUICK = Timeouts(connect=5, greeting=5, command=5, data=5, final=5)
SECONDS = 10.0


class Signer:
    """Signs nothing, when ``go`` says so; ``begun`` is set when it is first asked."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.go = threading.Event()

    def sign(self, data: bytes, *, at: datetime, ready: bool = False) -> bytes:
        self.begun.set()
        assert self.go.wait(SECONDS)
        return data


def draft(key: int, signer: Signer | None = None) -> Draft:
    prepared = cast(Prepared, SimpleNamespace(signer=signer))
    return Draft(key, f"person{key}@mail.example", "en", 0, prepared, {}, clock.now())


def composing(monkeypatch: pytest.MonkeyPatch, *, fault: Exception | None = None, at: int = 0) -> None:
    """Each message is made in no time; the one with the key ``at`` is not."""

    def compose(prepared: Prepared, *, message_id: int, email: str, **given: Any) -> Envelope:
        if message_id == at and fault is not None:
            raise fault
        return Envelope(message_id, "news@shop.example", email, b"Subject: x\r\n\r\nx\r\n", ready=True)

    monkeypatch.setattr(outbox, "compose", compose)


def way(port: int) -> Way:
    return Way(1, Endpoint("127.0.0.1", port, "none", "", "", "shop.example", timeouts=QUICK), 1, 1)


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


class Told:
    """What a wire reports."""

    def __init__(self) -> None:
        self.inbox: queue.SimpleQueue[Report] = queue.SimpleQueue()
        self.untouched: list[int] = []
        self.states: dict[int, str] = {}
        self.unmade: list[Unmade] = []
        self.broken: list[BaseException] = []

    def wait(self, enough: Callable[[], bool]) -> None:
        deadline = time.monotonic() + SECONDS
        while not enough():
            self._take(self.inbox.get(timeout=max(0.0, deadline - time.monotonic())))

    def rest(self) -> None:
        """What was told until the wire ended."""
        while not self.inbox.empty():
            self._take(self.inbox.get_nowait())

    def _take(self, report: Report) -> None:
        if isinstance(report, RouteDown):
            self.untouched += report.untouched
        elif isinstance(report, Outcomes):
            self.states |= {outcome.key: str(outcome.state) for outcome in report.outcomes}
            self.unmade += report.unmade
        else:
            assert isinstance(report, Broken)
            self.broken.append(report.error)


def cancel_lanes(wire: Wire) -> None:
    for lane in wire._lanes.values():
        lane.task.cancel()


def inside(wire: Wire, do: Callable[[], object]) -> None:
    wire._loop.call_soon_threadsafe(do)


def test_a_lane_cancelled_before_its_first_step_gives_back(monkeypatch: pytest.MonkeyPatch, silent: int):
    composing(monkeypatch)
    told = Told()

    def made_and_cancelled() -> None:
        wire._hand_over(way(silent), [draft(1), draft(2)])
        cancel_lanes(wire)

    with Wire(told.inbox.put) as wire:
        inside(wire, made_and_cancelled)
        told.wait(lambda: bool(told.untouched))
    told.rest()
    assert (told.untouched, told.states, told.unmade) == ([1, 2], {}, [])


def test_once_the_leases_are_over_nothing_more_is_begun(monkeypatch: pytest.MonkeyPatch):
    composing(monkeypatch)
    told, store = Told(), MemoryStore()
    with memory_sink(store) as port, Wire(told.inbox.put) as wire:
        wire.valid_until = time.monotonic() - 1
        wire.send(way(port), [draft(2), draft(1)])
        told.wait(lambda: bool(told.untouched))
        assert wire._lanes == {}
        wire.valid_until = float("inf")
        wire.send(way(port), [draft(3)])
        told.wait(lambda: bool(told.states))
    told.rest()
    assert (told.untouched, told.states) == ([1, 2], {3: "accepted"})
    assert [mail.recipient for mail in store.mails] == ["person3@mail.example"]


@pytest.mark.parametrize("signed", [False, True])
def test_a_fault_in_composing_one_message_stops_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, signed: bool
):
    composing(monkeypatch, fault=KeyError("x"), at=5)
    told, store, signer = Told(), MemoryStore(), Signer()
    signer.go.set()
    with caplog.at_level(logging.ERROR), memory_sink(store) as port, Wire(told.inbox.put) as wire:
        wire.send(way(port), [draft(key, signer if signed else None) for key in range(1, 31)])
        told.wait(lambda: len(told.states) + len(told.unmade) == 30)
    told.rest()
    assert told.unmade == [Unmade(5, "render_failed", "KeyError: 'x'")]
    assert told.states == {key: "accepted" for key in range(1, 31) if key != 5}
    assert (told.untouched, told.broken) == ([], [])
    assert len(store.mails) == 29
    assert [record.getMessage() for record in caplog.records] == ["message 5 can't be composed"]


def test_what_is_signed_after_it_was_given_back_is_heard_of_no_more(monkeypatch: pytest.MonkeyPatch, silent: int):
    """The messages that are composed next would tell of keys that are not in the run's hands any more."""
    composing(monkeypatch, fault=ValueError("no"), at=65)
    told, signer = Told(), Signer()
    with Wire(told.inbox.put) as wire:
        wire.send(way(silent), [draft(key, signer) for key in range(1, 121)])
        assert signer.begun.wait(SECONDS)
        inside(wire, lambda: cancel_lanes(wire))
        told.wait(lambda: bool(told.untouched))
        signer.go.set()
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0.1), wire._loop).result(SECONDS)
    told.rest()
    assert told.untouched == list(range(1, 121))
    assert (told.states, told.unmade, told.broken) == ({}, [], [])


@pytest.mark.parametrize("when", ["handed over", "signed"])
def test_a_fault_in_the_program_is_told(monkeypatch: pytest.MonkeyPatch, silent: int, when: str):
    composing(monkeypatch)
    told, signer = Told(), Signer()
    signer.go.set()
    fault = RuntimeError("a fault")

    def broken(*given: object) -> None:
        raise fault

    if when == "handed over":
        monkeypatch.setattr(Lane, "add", broken)
    else:
        monkeypatch.setattr(outbox.Outbox, "put", broken)
    with Wire(told.inbox.put) as wire:
        wire.send(way(silent), [draft(1, signer)])
        told.wait(lambda: bool(told.broken))
    told.rest()
    assert told.broken == [fault]


def test_a_service_s_request_that_outlasts_the_leases_gets_its_outcome(monkeypatch: pytest.MonkeyPatch):
    """Longer than the wire waits between two looks at the leases: it is broken off again and again."""
    composing(monkeypatch)
    monkeypatch.setattr(engine_wire, "GUARD_SECONDS", 0.01)
    told, held = Told(), Held()
    service = Scripted(held)
    with Wire(told.inbox.put) as wire:
        wire.send(replace(way(9), account=service.account), [draft(1), draft(2)])
        assert held.begun.wait(SECONDS)
        wire.valid_until = time.monotonic() - 1
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0.1), wire._loop).result(SECONDS)
        held.go.set()
        told.wait(lambda: bool(told.untouched))
    told.rest()
    assert (told.states, told.untouched, service.asked) == ({1: "accepted"}, [2], [[1]])
