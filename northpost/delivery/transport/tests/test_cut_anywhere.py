"""The connection is cut after any byte, in either direction: each message arrives once or not at all, and its outcome
does not contradict what the server kept."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from northpost.delivery.transport import ConnectionPool, Outcome, RouteUnavailable

from .rig import endpoint, envelope, mailbox, recipients, run


@asynccontextmanager
async def cutting_line(port: int, lengths: list[tuple[int, int]]) -> AsyncIterator[int]:
    """Passes bytes to and from `port`; the nth connection is cut after (to the server, to the client) so many bytes."""
    tasks: set[asyncio.Task[None]] = set()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, length: int) -> None:
        while length and (data := await reader.read(min(length, 65536))):
            length -= len(data)
            writer.write(data)
            await writer.drain()

    async def line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_server, to_client = lengths.pop() if lengths else (10**9, 10**9)
        there, back = await asyncio.open_connection("127.0.0.1", port)
        halves = [
            asyncio.create_task(carry(reader, back, to_server)),
            asyncio.create_task(carry(there, writer, to_client)),
        ]
        try:
            await asyncio.wait(halves, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for half in halves:
                half.cancel()
            await asyncio.gather(*halves, return_exceptions=True)
            back.close()
            writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(line(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


@pytest.mark.parametrize("hide", [(), ("PIPELINING",)], ids=["pipelined", "lock-step"])
@pytest.mark.parametrize("seed", range(6))
def test_each_message_arrives_once_or_not_at_all(seed, hide):
    chance = random.Random(seed)
    # Some long enough to be written in pieces, and to be cut in the middle.
    bodies = [b"Subject: x\r\n\r\n" + b".line\r\n" * chance.choice((1, 50, 90_000)) for _ in range(60)]
    batch = [envelope(key, data=body) for key, body in enumerate(bodies)]
    size = sum(map(len, bodies)) // 8
    lengths = [
        (chance.randrange(200, size), 10**9) if chance.random() < 0.6 else (10**9, chance.randrange(160, 1200))
        for _ in range(12)
    ]

    async def test() -> None:
        outcomes: list[Outcome] = []
        async with mailbox(hide=hide) as (server, store), cutting_line(server.port, lengths) as port:
            async with ConnectionPool(endpoint(port), 3, attempts=20, pause=0.001, reopen=0.001) as pool:
                await pool.send(batch, outcomes.append)
            await asyncio.sleep(0.05)
            kept = recipients(store)
            assert all(mail.raw == bodies[int(mail.recipient[6:].partition("@")[0])] for mail in store.mails)
        by_state: dict[str, set[str]] = {"accepted": set(), "in_doubt": set(), "deferred": set(), "rejected": set()}
        for outcome in outcomes:
            by_state[outcome.state].add(f"person{outcome.key}@mail.example")
        assert sorted(outcome.key for outcome in outcomes) == list(range(60))
        assert len(kept) == len(set(kept))
        assert by_state["accepted"] <= set(kept) <= by_state["accepted"] | by_state["in_doubt"]
        assert by_state["rejected"] == set()
        assert len(by_state["accepted"]) >= 40
        assert len(lengths) <= 8

    run(test())


def test_a_line_that_is_always_cut_early_leaves_everything_unsent():
    async def test() -> None:
        outcomes: list[Outcome] = []
        async with mailbox() as (server, store), cutting_line(server.port, [(30, 10**9)] * 1000) as port:
            async with ConnectionPool(endpoint(port), 3, attempts=2, pause=0.001) as pool:
                with pytest.raises(RouteUnavailable):
                    await pool.send([envelope(key) for key in range(50)], outcomes.append)
            assert store.mails == []
        assert {outcome.state for outcome in outcomes} <= {"deferred"}

    run(test())
