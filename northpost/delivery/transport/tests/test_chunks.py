"""With a server far away messages are written whole, two at once: each arrives once or not at all, and its outcome does
not contradict what the server kept."""

import asyncio
from collections.abc import Iterator

import pytest

from northpost.delivery.transport import Envelope, chunks
from northpost.mailbox.faults import Fault

from .rig import HASTY, endpoint, envelope, envelopes, mailbox, recipients, run, scripted, send, states


@pytest.fixture(autouse=True)
def far(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every server seems far away, and none is distrusted yet."""
    monkeypatch.setattr(chunks, "FAR_SECONDS", 0.0)
    monkeypatch.setattr(chunks, "_distrusted", {})
    yield


def ready(key: int) -> Envelope:
    return Envelope(key, "s@a.example", f"r{key}@b.example", b"m%d\r\n" % key)


async def heard_by(answers: list[bytes], batch: list[Envelope]) -> tuple[list[bytes], list[str]]:
    """What a server reads that gives these answers, after its greeting, a connection over; and the states."""
    groups: list[bytes] = []

    async def dialogue(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hi\r\n")
        for answer in answers:
            groups.append(await reader.read(65536))
            await asyncio.sleep(0.01)
            writer.write(answer)
        await reader.read()

    async with scripted(dialogue) as port:
        found = states(await send(endpoint(port, helo_name="me.example"), batch))
    return groups, found


HELLO = b"250-hi\r\n250-CHUNKING\r\n250 PIPELINING\r\n"
BEGUN, KEPT = b"250 ok\r\n250 ok\r\n354 go\r\n", b"250 kept\r\n"
WHOLE = b"250 ok\r\n250 ok\r\n250 kept\r\n250 reset\r\n"


def written(key: int) -> bytes:
    return b"MAIL FROM:<s@a.example>\r\nRCPT TO:<r%d@b.example>\r\nBDAT 4 LAST\r\nm%d\r\nRSET\r\n" % (key, key)


def test_first_by_data_then_one_alone_then_two_at_once():
    async def test():
        answers = [HELLO, BEGUN, KEPT, WHOLE, WHOLE + WHOLE, WHOLE, b"221 bye\r\n"]
        groups, found = await heard_by(answers, [ready(key) for key in range(1, 6)])
        assert found == ["accepted"] * 5
        assert groups == [
            b"EHLO me.example\r\n",
            b"MAIL FROM:<s@a.example>\r\nRCPT TO:<r1@b.example>\r\nDATA\r\n",
            b"m1\r\n.\r\n",
            written(2),
            written(3) + written(4),
            written(5),
            b"QUIT\r\n",
        ]

    run(test())


def test_a_server_nearby_gives_leave_for_each(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(chunks, "FAR_SECONDS", 5.0)

    async def test():
        groups, found = await heard_by(
            [HELLO, BEGUN, KEPT + BEGUN, KEPT + BEGUN, KEPT, b"221 bye\r\n"], [ready(key) for key in (1, 2, 3)]
        )
        assert found == ["accepted"] * 3
        assert groups[2] == b"m1\r\n.\r\nMAIL FROM:<s@a.example>\r\nRCPT TO:<r2@b.example>\r\nDATA\r\n"

    run(test())


@pytest.mark.parametrize(
    ("at", "code", "state", "route_fault"),
    [
        ("mail", 451, "deferred", False),
        ("mail", 550, "deferred", True),
        ("rcpt", 450, "deferred", False),
        ("rcpt", 550, "rejected", False),
        ("final", 452, "deferred", False),
        ("final", 550, "rejected", False),
    ],
)
@pytest.mark.parametrize("nth", [1, 2, 5])
def test_a_refusal_is_for_that_message_only(nth, at, code, state, route_fault):
    async def test():
        fault = Fault(at, code=code, text=f"{code // 100}.7.515 not this one", nth=nth)
        async with mailbox(fault) as (server, store):
            outcomes = await send(endpoint(server.port), envelopes(8))
            expected = ["accepted"] * 8
            expected[nth - 1] = state
            assert states(outcomes) == expected
            text = f"{code // 100}.7.515"
            assert outcomes[nth - 1][2:] == (code, text, f"{text} not this one", at, route_fault)
            assert recipients(store) == [f"person{key}@mail.example" for key in range(8) if key != nth - 1]
            # each in a transaction of its own, whatever became of the one before
            assert all(mail.sender == f"bounce-{mail.recipient[6]}@shop.example" for mail in store.mails)

    run(test())


def test_who_refuses_the_chunk_refuses_the_message():
    async def test():
        async with mailbox(Fault("data", code=554, nth=4)) as (server, store):
            outcomes = await send(endpoint(server.port), envelopes(6))
            assert states(outcomes) == ["accepted"] * 3 + ["rejected"] + ["accepted"] * 2
            assert len(store.mails) == 5

    run(test())


def test_421_says_that_what_is_behind_it_was_not_looked_at():
    async def test():
        async with mailbox(messages_per_connection=4) as (server, store):
            outcomes = await send(endpoint(server.port), envelopes(12))
            assert states(outcomes) == (["accepted"] * 4 + ["deferred"]) * 2 + ["accepted"] * 2
            assert (outcomes[4].code, outcomes[4].phase) == (421, "mail")
            assert len(store.mails) == 10
            assert chunks.is_trusted(f"127.0.0.1:{server.port}")

    run(test())


@pytest.mark.parametrize("at", ["mail", "rcpt", "data", "final"])
def test_421_at_any_moment(at):
    async def test():
        async with mailbox(Fault(at, code=421, nth=4)) as (server, store):
            outcomes = await send(endpoint(server.port), envelopes(8))
            assert states(outcomes) == ["accepted"] * 3 + ["deferred"] + ["accepted"] * 4
            assert len(store.mails) == 7

    run(test())


@pytest.mark.parametrize("keep", [True, False])
def test_broken_off_without_a_word_two_are_in_doubt_and_the_rest_waits_for_leave(keep):
    async def test():
        async with mailbox(Fault("final", "drop", nth=5, keep=keep)) as (server, store):
            outcomes = await send(endpoint(server.port), envelopes(12))
            assert states(outcomes) == ["accepted"] * 4 + ["in_doubt"] * 2 + ["accepted"] * 6
            assert outcomes[4][2:] == (None, None, "the server closed the connection", "final", False)
            kept = recipients(store)
            missing = {5} if keep else {4, 5}
            assert kept == sorted(f"person{key}@mail.example" for key in range(12) if key not in missing)
            assert not chunks.is_trusted(f"127.0.0.1:{server.port}")

    run(test())


def test_a_server_that_closes_after_each_few_messages_is_found_out_once():
    async def test():
        async with mailbox(Fault("kept", "drop", every=5)) as (server, store):
            outcomes = await send(endpoint(server.port), envelopes(40))
            # what was on its way when the connection ended
            assert states(outcomes).count("in_doubt") == 2
            assert states(outcomes).count("accepted") == 38
            assert len(store.mails) == 38

    run(test())


def test_a_server_that_offers_it_and_does_not_know_it_gets_data():
    async def dialogue(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hi\r\n")
        in_data = False
        while line := await reader.readline():
            verb = line[:4]
            if in_data:
                in_data = line != b".\r\n"
                writer.write(b"" if in_data else KEPT)
            elif verb == b"DATA":
                in_data = True
                writer.write(b"354 go\r\n")
            elif verb == b"EHLO":
                writer.write(HELLO)
            else:
                writer.write(b"250 ok\r\n" if verb in (b"MAIL", b"RCPT", b"RSET", b"QUIT") else b"500 what\r\n")

    async def test():
        async with scripted(dialogue) as port:
            outcomes = await send(endpoint(port), envelopes(9), connections=3)
            assert states(outcomes) == ["accepted"] * 9
            assert not chunks.is_trusted(f"127.0.0.1:{port}")

    run(test())


def test_trust_comes_back(monkeypatch: pytest.MonkeyPatch):
    chunks.distrust("mail.example:25")
    assert not chunks.is_trusted("mail.example:25")
    assert chunks.is_trusted("mail.example:587")
    late = chunks.time.monotonic() + chunks.HOUR
    monkeypatch.setattr(chunks.time, "monotonic", lambda: late)
    assert chunks.is_trusted("mail.example:25")


def test_a_server_that_hangs_leaves_two_in_doubt_and_the_others_go_on():
    async def test():
        async with mailbox(Fault("mail", "hang", nth=6)) as (server, store):
            outcomes = await send(endpoint(server.port, timeouts=HASTY), envelopes(20), connections=1)
            assert states(outcomes).count("in_doubt") == 2
            assert states(outcomes).count("accepted") == 18
            doubtful = {outcome.text for outcome in outcomes.values() if outcome.state == "in_doubt"}
            assert doubtful == {"no answer in time (mail)"}
            assert len(store.mails) == 18

    run(test())


def test_dots_bare_line_ends_and_long_content_arrive_as_they_should():
    async def test():
        long = b"Subject: long\r\n\r\n" + b".0123456789\r\n" * 200_000
        bodies = [
            b"x\r\n",
            b"x\r\n",
            b".\r\n..\r\n.x\r\n",
            b"a\nb\rc",
            long,
            b"\r\n.\r\n",
            long,
            b"y\r\n",
            long,
            b"z\r\n",
        ]
        async with mailbox() as (server, store):
            batch = [envelope(key, data=body) for key, body in enumerate(bodies)]
            assert states(await send(endpoint(server.port), batch)) == ["accepted"] * 10
            bodies[3] = b"a\r\nb\r\nc\r\n"
            assert [mail.raw for mail in store.mails] == bodies

    run(test())


def test_lost_in_the_middle_of_long_content_is_deferred():
    async def test():
        long = envelope(5, data=b"Subject: long\r\n\r\n" + b"0123456789\r\n" * 2_000_000)
        async with mailbox(Fault("content", "drop", nth=5), max_size=50_000_000) as (server, store):
            batch = [*envelopes(4), long, envelope(6)]
            outcomes = await send(endpoint(server.port), batch)
            assert outcomes[5][1:6] == ("deferred", None, None, outcomes[5].text, "content")
            assert {key: outcome.state for key, outcome in outcomes.items() if key != 5} == dict.fromkeys(
                (0, 1, 2, 3, 6), "accepted"
            )
            assert len(store.mails) == 5

    run(test())


@pytest.mark.parametrize("quick", [True, False], ids=["uvloop", "asyncio"])
@pytest.mark.parametrize("trusting", [True, False])
def test_every_fault_at_random_and_each_recipient_gets_it_once_or_not_at_all(quick, trusting, monkeypatch):
    if trusting:  # to the end, or the first fault would end what is to be tried
        monkeypatch.setattr(chunks, "is_trusted", lambda address: True)
        monkeypatch.setattr("northpost.delivery.transport.handshake.is_trusted", lambda address: True)

    async def test():
        rules = [
            Fault("mail", code=451, share=0.03),
            Fault("rcpt", code=550, share=0.05),
            Fault("rcpt", code=421, share=0.05),
            Fault("data", "drop", share=0.05),
            Fault("data", code=451, share=0.05),
            Fault("final", "drop", share=0.05),
            Fault("final", "drop", share=0.1, keep=False),
            Fault("final", code=451, share=0.15),
            Fault("kept", "drop", share=0.1),
        ]
        async with mailbox(*rules) as (server, store):
            outcomes = await send(endpoint(server.port), envelopes(600), connections=4)
            kept = recipients(store)
            assert len(kept) == len(set(kept))
            accepted = {f"person{key}@mail.example" for key, o in outcomes.items() if o.state == "accepted"}
            doubtful = {f"person{key}@mail.example" for key, o in outcomes.items() if o.state == "in_doubt"}
            assert accepted <= set(kept) <= accepted | doubtful
            assert len(outcomes) == 600
            assert {o.state for o in outcomes.values()} == {"accepted", "deferred", "rejected", "in_doubt"}
            assert all(
                mail.sender == f"bounce-{mail.recipient[6:].partition('@')[0]}@shop.example" for mail in store.mails
            )

    run(test(), quick=quick)
