"""A service lane that is broken off, or whose sender has a fault: what may have arrived never counts as unsent."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest

from northpost.delivery.esp.http import AnswerLost, Busy, Refused
from northpost.delivery.esp.tests.scripted import Held, Scripted, taken
from northpost.delivery.esp.tests.services import envelope
from northpost.delivery.transport import Envelope, Outcome


def sent(service: Scripted, count: int, meddle: Callable[[asyncio.Task[None]], Any] | None = None) -> dict[int, str]:
    """Key -> state of what has an outcome, ``meddle`` having had the sending in its hands."""
    found: list[Outcome] = []

    async def drawn() -> AsyncIterator[Envelope]:
        for number in range(count):
            yield envelope(number)
        if meddle is not None:
            await asyncio.sleep(60)

    async def run() -> None:
        async with service.make_pool(1) as pool:
            await pool.send(drawn(), found.append)

    async def story() -> None:
        task = asyncio.create_task(run())
        if meddle is None:
            await task
            return
        await meddle(task)
        await asyncio.wait([task], timeout=10)
        assert task.cancelled()

    asyncio.run(story())
    states = {outcome.key: str(outcome.state) for outcome in found}
    assert len(states) == len(found)
    return states


def test_however_often_it_is_cancelled_a_request_on_its_way_gets_its_outcome():
    held = Held()
    service = Scripted(held)

    async def cancelled_again_and_again(task: asyncio.Task[None]) -> None:
        await asyncio.to_thread(held.begun.wait, 10)
        for _each in range(4):
            task.cancel()
            await asyncio.sleep(0.02)
        assert not task.done()
        held.go.set()

    assert sent(service, 3, cancelled_again_and_again) == {0: "accepted"}
    assert service.asked == [[0]]


def test_broken_off_while_the_service_wants_a_pause_it_asks_no_more():
    def busy(envelopes: Sequence[Envelope]) -> list[Outcome]:
        raise Busy(15.0, "slow down")

    held = Held(busy)
    service = Scripted(held)

    async def in_the_pause(task: asyncio.Task[None]) -> None:
        held.go.set()
        await asyncio.to_thread(held.begun.wait, 10)
        await asyncio.sleep(0.05)
        task.cancel()

    assert sent(service, 1, in_the_pause) == {}
    assert service.asked == [[0]]


def test_broken_off_in_the_midst_of_a_refused_batch_the_rest_is_not_asked_for():
    held = Held()

    def one_by_one(envelopes: Sequence[Envelope]) -> list[Outcome]:
        if len(envelopes) > 1:
            raise Refused("one of them is wrong", recipient=False)
        return held(envelopes)

    service = Scripted(one_by_one, batch=3)

    async def at_the_first(task: asyncio.Task[None]) -> None:
        await asyncio.to_thread(held.begun.wait, 10)
        task.cancel()
        await asyncio.sleep(0.02)
        held.go.set()

    assert sent(service, 3, at_the_first) == {0: "accepted"}
    assert service.asked[-1] == [0]


def test_broken_off_after_a_lost_answer_it_stays_in_doubt():
    def lost(envelopes: Sequence[Envelope]) -> list[Outcome]:
        raise AnswerLost("nothing came")

    held = Held(lost)
    service = Scripted(held, idempotent=True)

    async def before_the_second_try(task: asyncio.Task[None]) -> None:
        await asyncio.to_thread(held.begun.wait, 10)
        task.cancel()
        await asyncio.sleep(0.02)
        held.go.set()

    assert sent(service, 1, before_the_second_try) == {0: "in_doubt"}
    assert service.asked == [[0]]


def test_a_fault_in_a_sender_leaves_its_request_in_doubt_and_the_others_go(caplog: pytest.LogCaptureFixture):
    def faulty(envelopes: Sequence[Envelope]) -> list[Outcome]:
        if envelopes[0].key == 1:
            raise RecursionError("too deep")
        return taken(envelopes)

    service = Scripted(faulty)
    with caplog.at_level(logging.ERROR):
        assert sent(service, 3) == {0: "accepted", 1: "in_doubt", 2: "accepted"}
    assert service.asked == [[0], [1], [2]]
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [RecursionError]


def test_what_an_answer_says_nothing_of_is_in_doubt():
    service = Scripted(lambda envelopes: taken(envelopes[1:]), batch=3)
    states = sent(service, 3)
    assert sorted(states) == [0, 1, 2]
    first_of_each = {keys[0] for keys in service.asked}
    assert {key for key, state in states.items() if state == "in_doubt"} == first_of_each
