"""Routes that can't be used, and servers that talk nonsense."""

import asyncio
import contextlib
import itertools

import pytest

from northpost.delivery.transport import ConnectionPool, Envelope, Outcome, RouteUnavailable, Supply, check
from northpost.mailbox.faults import Fault

from .rig import (
    HASTY,
    closed_port,
    endpoint,
    envelope,
    envelopes,
    mailbox,
    run,
    scripted,
    send,
    states,
)


def test_a_port_nobody_listens_on():
    async def test():
        port = await closed_port()
        outcomes: dict[int, Outcome] = {}
        with pytest.raises(RouteUnavailable) as caught:
            await send(endpoint(port), envelopes(50), connections=4, outcomes=outcomes)
        assert outcomes == {}
        assert caught.value.cause == "refused"
        assert (caught.value.retryable, caught.value.needs_mending) == (True, False)
        assert str(caught.value) == (
            f"127.0.0.1 does not take connections on port {port}: connection refused. "
            "Check the port, and that the server is running."
        )

    run(test())


def test_a_name_that_does_not_exist():
    async def test():
        with pytest.raises(RouteUnavailable) as caught:
            await send(endpoint(25).__class__("no..such.invalid", 25, "none"), envelopes(1))
        assert (caught.value.cause, caught.value.needs_mending) == ("unknown_host", True)

    run(test())


def test_a_server_that_comes_back_after_the_first_try_is_used():
    async def test():
        async with mailbox(Fault("connect", code=421, text="4.3.2 not now", nth=1)) as (server, store):
            assert states(await send(endpoint(server.port), envelopes(3))) == ["accepted"] * 3
            assert len(store.mails) == 3

    run(test())


def test_a_server_that_turns_everyone_away():
    async def test():
        async with mailbox(Fault("connect", code=554, text="5.7.1 not from there")) as (server, store):
            with pytest.raises(RouteUnavailable) as caught:
                await send(endpoint(server.port), envelopes(3))
            assert (caught.value.cause, caught.value.code) == ("greeting", 554)
            assert "554 5.7.1 not from there" in str(caught.value)
            assert store.mails == []

    run(test())


@pytest.mark.parametrize("at", ["connect", "ehlo"])
def test_a_server_that_never_answers(at):
    async def test():
        async with mailbox(Fault(at, "hang")) as (server, _):
            with pytest.raises(RouteUnavailable) as caught:
                await send(endpoint(server.port, timeouts=HASTY), envelopes(3))
            assert caught.value.cause == "timeout"

    run(test())


def test_a_server_that_breaks_off_every_connection_is_given_up_with_nothing_lost():
    async def test():
        outcomes: dict[int, Outcome] = {}
        async with mailbox(Fault("rcpt", code=421, text="4.7.0 go away")) as (server, store):
            with pytest.raises(RouteUnavailable) as caught:
                await send(endpoint(server.port), envelopes(100), outcomes=outcomes)
            assert caught.value.cause == "unstable"
            assert "4.7.0 go away" in str(caught.value)
            assert states(outcomes) == ["deferred"] * 5
            assert store.mails == []

    run(test())


def test_the_report_of_a_good_route():
    async def test():
        async with mailbox(max_size=1_000_000) as (server, store):
            report = await check(endpoint(server.port))
            assert (report.ok, report.error, report.tls, report.signed_in) == (True, None, None, None)
            assert report.greeting == "mailbox.localhost ESMTP Northpost local mailbox, delivers nothing"
            offers = report.capabilities
            assert offers is not None
            assert (offers.pipelining, offers.eightbit, offers.smtputf8, offers.size) == (
                True,
                True,
                True,
                1_000_000,
            )
            assert store.mails == []

    run(test())


def test_replies_split_over_packets():
    async def dialogue(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def slowly(text: bytes) -> None:
            for byte in text:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0)

        await slowly(b"220-hello\r\n220-more\r\n220 end\r\n")
        await reader.readline()
        await slowly(b"250-hi\r\n250-PIPELINING\r\n250 SIZE 100000\r\n")
        await reader.readuntil(b"DATA\r\n")
        await slowly(b"250 ok\n250-one\r\n250 two\r\n354 go\r\n")
        await reader.readuntil(b"\r\n.\r\n")
        await slowly(b"250-2.6.0 kept\r\n250 as 4711\x00\r\n")
        await reader.readline()
        await slowly(b"221 bye\r\n")

    async def test():
        async with scripted(dialogue) as port:
            outcomes = await send(endpoint(port), [envelope(1)])
            assert outcomes[1][1:5] == ("accepted", 250, "2.6.0", "2.6.0 kept as 4711")

    run(test())


@pytest.mark.parametrize(
    "nonsense",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"220 " + b"x" * 9000,
        b"220-x\r\n" * 500,
        b"\x15\x03\x01\r\n",
        b"199 x\r\n",
    ],
)
def test_nonsense_for_a_greeting_is_bounded_and_named(nonsense):
    async def dialogue(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(nonsense)
        await reader.read()

    async def test():
        async with scripted(dialogue) as port:
            with pytest.raises(RouteUnavailable) as caught:
                await send(endpoint(port), envelopes(1))
            assert caught.value.cause in ("protocol", "lost")
            assert len(str(caught.value)) < 400

    run(test())


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ((b"garbage\r\n",), "deferred"),
        ((b"250 ok\r\n250 ok\r\n250 what\r\n",), "deferred"),
        ((b"354 go\r\n",), "deferred"),
        ((b"250 ok\r\n250 ok\r\n354 go\r\n", b"garbage\r\n"), "in_doubt"),
        ((b"250 ok\r\n250 ok\r\n354 go\r\n", b"354 go\r\n"), "in_doubt"),
        ((b"250 ok\r\n250 ok\r\n354 go\r\n", b"x" * 9000), "in_doubt"),
    ],
)
def test_nonsense_in_mid_dialogue_ends_the_connection_and_never_counts_as_accepted(answers, state):
    async def dialogue(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hi\r\n")
        await reader.readline()
        writer.write(b"250-hi\r\n250 PIPELINING\r\n")
        for answer in answers:
            await reader.read(65536)
            writer.write(answer)
        await reader.read()

    async def test():
        async with scripted(dialogue) as port:
            assert states(await send(endpoint(port), [envelope(1)])) == [state]

    run(test())


def test_stopping_says_what_is_in_doubt_and_leaves_the_rest_without_outcome():
    async def test():
        outcomes: dict[int, Outcome] = {}
        async with mailbox(Fault("final", "hang", nth=3)) as (server, store):
            task = asyncio.create_task(send(endpoint(server.port), envelopes(10), outcomes=outcomes))
            while len(store.mails) < 3:
                await asyncio.sleep(0.005)
            await asyncio.sleep(0.02)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert states(outcomes) == ["accepted", "accepted", "in_doubt"]
            assert len(store.mails) == 3

    run(test())


def test_what_was_taken_of_a_supply_that_fails_midway_has_its_outcome():
    class Failing(Supply):
        def take(self) -> Envelope | None:
            if not self._ready:
                raise LookupError("the source broke")
            return super().take()

    async def test():
        outcomes: list[Outcome] = []
        async with mailbox() as (server, store), ConnectionPool(endpoint(server.port), 2) as pool:
            with pytest.raises(LookupError):
                await pool.send(Failing(envelopes(4)), outcomes.append)
            assert sorted(outcome.key for outcome in outcomes) == [0, 1, 2, 3]
            assert {outcome.state for outcome in outcomes} == {"accepted"}

            await pool.send(envelopes(5), outcomes.append)
            assert len(store.mails) == 9

    run(test())


def test_what_comes_later_wakes_connections_that_rest():
    async def test():
        outcomes: list[Outcome] = []
        supply = Supply()
        async with mailbox() as (server, store), ConnectionPool(endpoint(server.port), 2) as pool:
            sending = asyncio.create_task(pool.send(supply, outcomes.append))
            for number in range(3):
                supply.put([envelope(2 * number), envelope(2 * number + 1)])
                while len(outcomes) < 2 * number + 2:
                    await asyncio.sleep(0.001)
            assert not sending.done()
            supply.end()
            await sending
            assert sorted(outcome.key for outcome in outcomes) == list(range(6))
            assert len(store.mails) == 6

    run(test())


def test_an_error_in_the_caller_s_own_callback_is_raised():
    async def test():
        def broken(outcome: Outcome) -> None:
            raise ZeroDivisionError

        async with mailbox() as (server, _), ConnectionPool(endpoint(server.port)) as pool:
            with pytest.raises(ZeroDivisionError):
                await pool.send(envelopes(1), broken)

    run(test())


def test_a_pool_closed_by_the_server_between_batches_opens_anew():
    async def test():
        outcomes: list[Outcome] = []
        async with (
            mailbox(Fault("kept", "drop", nth=1)) as (server, store),
            ConnectionPool(endpoint(server.port)) as pool,
        ):
            await pool.send([envelope(1)], outcomes.append)
            await pool.send([envelope(2)], outcomes.append)
            assert [outcome.state for outcome in outcomes] == ["accepted", "accepted"]
            assert len(store.mails) == 2

    run(test())


@pytest.mark.parametrize("name", ["", "a b", "me\r\nRSET", "пример.бг"])
def test_a_name_to_greet_with_can_not_break_out_of_its_command(name):
    with pytest.raises(ValueError, match="not a name to greet with"):
        endpoint(25, helo_name=name)


def test_connections_that_were_opened_in_vain_and_closed_when_idle_are_no_fault():
    busy = asyncio.Event()
    closed: list[int] = []
    places = itertools.count()

    async def dialogue(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        place = next(places)
        if 0 < place < 6:
            await busy.wait()
        writer.write(b"220 hi\r\n")
        await reader.readline()
        writer.write(b"250 hi\r\n")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.1):
                while (line := await reader.readline()).strip():
                    writer.write(b"354 go\r\n" if line == b"DATA\r\n" else b"250 ok\r\n")
                    if line == b"DATA\r\n":
                        await reader.readuntil(b"\r\n.\r\n")
                        writer.write(b"250 kept\r\n")
        writer.close()
        await writer.wait_closed()
        closed.append(place)

    async def provide(supply: Supply):
        supply.put(envelopes(12))
        while len(outcomes) < 12:
            await asyncio.sleep(0.001)
        busy.set()
        while len(closed) < 6:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        supply.put([envelope(12)])
        supply.end()

    outcomes: list[Outcome] = []

    async def test():
        async with scripted(dialogue) as port, ConnectionPool(endpoint(port), 6, pause=0.001) as pool:
            supply = Supply()
            await asyncio.gather(pool.send(supply, outcomes.append), provide(supply))
            assert [outcome.state for outcome in outcomes] == ["accepted"] * 13
            assert sorted(closed) == [0, 1, 2, 3, 4, 5]

    run(test())
