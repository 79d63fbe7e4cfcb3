"""Dot-stuffing, addresses and limits: what is written into the dialogue."""

import asyncio
from email import message_from_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from northpost.delivery.transport import Envelope
from northpost.delivery.transport.wire import BadAddress, NeedsSmtpUtf8, dot_stuff, encode_path

from .rig import endpoint, envelope, mailbox, run, scripted, send, states

LINES = st.lists(
    st.sampled_from([b".", b"..", b"...", b"", b". ", b".x", b"x.", b"x", b".\tQUIT", b"RCPT TO:<a@b.example>"]),
    max_size=30,
)


@given(lines=LINES)
@settings(max_examples=25, deadline=None)
def test_a_body_that_tries_to_end_data_early_stays_one_message(lines):
    data = b"Subject: dots\r\n\r\n" + b"".join(line + b"\r\n" for line in lines)

    async def test():
        async with mailbox() as (server, store):
            outcomes = await send(endpoint(server.port), [envelope(1, data=data), envelope(2, data=b".\r\n")])
            assert states(outcomes) == ["accepted", "accepted"]
            assert [mail.raw for mail in store.mails] == [data, b".\r\n"]

    run(test())


@given(data=st.binary(max_size=200) | st.text(alphabet="\r\n.x", max_size=60).map(str.encode))
@settings(max_examples=500, deadline=None)
def test_no_line_end_but_crlf_and_no_lone_dot_leaves(data):
    wire = dot_stuff(data)
    assert wire.endswith(b"\r\n")
    lines = wire.split(b"\r\n")
    assert b"." not in lines
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    unstuffed = b"\r\n".join(line.removeprefix(b".") for line in lines)
    expected = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    assert unstuffed == (expected if expected.endswith(b"\r\n") else expected + b"\r\n")


@pytest.mark.parametrize(
    "address",
    [
        "a@b.example>\r\nRCPT TO:<c@d.example",
        "a\n@b.example",
        "a\0@b.example",
        "a b@c.example",
        "<a@b.example>",
        "a@\ud800",
    ],
)
def test_an_address_can_not_break_out_of_its_command(address):
    with pytest.raises(BadAddress):
        encode_path(address, smtputf8=True)

    async def test():
        async with mailbox() as (server, store):
            outcomes = await send(endpoint(server.port), [envelope(1, address), envelope(2)])
            text = "the address holds characters that no address may hold"
            assert outcomes[1][1:] == (
                "rejected", None, "5.1.3", text, "check", False,
            )  # fmt: skip
            assert outcomes[2].state == "accepted"
            assert [mail.recipient for mail in store.mails] == ["person2@mail.example"]

    run(test())


def test_a_return_path_that_can_not_be_written_is_the_sender_s_fault():
    async def test():
        async with mailbox() as (server, store):
            outcomes = await send(endpoint(server.port), [Envelope(1, "a b@shop.example", "c@d.example", b"x\r\n")])
            assert (outcomes[1].state, outcomes[1].enhanced, outcomes[1].route_fault) == (
                "rejected",
                "5.1.7",
                True,
            )
            assert store.mails == []

    run(test())


def test_a_domain_in_cyrillic_goes_out_in_its_ascii_form():
    assert encode_path("ivan@поща.бг", smtputf8=False) == b"ivan@xn--80a1ac5b.xn--90ae"
    with pytest.raises(NeedsSmtpUtf8):
        encode_path("иван@поща.бг", smtputf8=False)
    assert encode_path("иван@поща.бг", smtputf8=True) == "иван@xn--80a1ac5b.xn--90ae".encode()
    with pytest.raises(BadAddress):
        encode_path("ivan@a..бг", smtputf8=False)


def test_an_address_that_needs_smtputf8_goes_where_it_is_offered_and_is_refused_where_not():
    async def test():
        batch = [envelope(1, "иван@mail.example"), envelope(2)]
        async with mailbox() as (server, store):
            assert states(await send(endpoint(server.port), batch)) == ["accepted", "accepted"]
            assert store.mails[0].recipient == "иван@mail.example"
        async with mailbox(hide=("SMTPUTF8",)) as (server, store):
            outcomes = await send(endpoint(server.port), batch)
            text = "the address иван@mail.example needs SMTPUTF8, which the server does not offer"
            assert outcomes[1][1:] == ("rejected", None, "5.6.7", text, "check", True)
            assert [mail.recipient for mail in store.mails] == ["person2@mail.example"]

    run(test())


def test_eight_bit_text_needs_8bitmime():
    async def test():
        batch = [envelope(1, data="Subject: x\r\n\r\nздравей\r\n".encode())]
        async with mailbox() as (server, store):
            assert states(await send(endpoint(server.port), batch)) == ["accepted"]
            assert message_from_bytes(store.mails[0].raw).get_payload(decode=True) == "здравей\r\n".encode()
        async with mailbox(hide=("8BITMIME",)) as (server, store):
            outcomes = await send(endpoint(server.port), batch)
            assert (outcomes[1].state, outcomes[1].enhanced, outcomes[1].route_fault) == (
                "rejected",
                "5.6.3",
                True,
            )
            assert store.mails == []

    run(test())


def test_a_message_over_the_size_limit_is_refused_before_it_is_sent():
    async def test():
        batch = [envelope(1, data=b"x" * 998 + b"\r\n"), envelope(2, data=b"x" * 999 + b"\r\n"), envelope(3)]
        async with mailbox(max_size=1000) as (server, store):
            outcomes = await send(endpoint(server.port), batch)
            text = "the message has 1001 bytes, and the server takes at most 1000"
            assert outcomes[2][1:] == ("rejected", None, "5.3.4", text, "check", True)
            assert states(outcomes) == ["accepted", "rejected", "accepted"]
            assert len(store.mails) == 2
        async with mailbox(max_size=1000, hide=("SIZE",)) as (server, store):
            outcomes = await send(endpoint(server.port), batch)
            assert outcomes[2][1:6] == ("rejected", 552, "5.3.4", "5.3.4 message too big", "final")
            assert len(store.mails) == 2

    run(test())


def test_body_and_next_envelope_share_a_group_and_data_waits_for_354():
    """RFC 2920 3.1: content may begin a group, DATA must end one."""
    groups: list[bytes] = []

    async def dialogue(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hi\r\n")
        for answer in (
            b"250-hi\r\n250 PIPELINING\r\n",
            b"250 ok\r\n250 ok\r\n354 go\r\n",
            b"250 kept\r\n250 ok\r\n250 ok\r\n354 go\r\n",
            b"250 kept\r\n",
            b"221 bye\r\n",
        ):
            groups.append(await reader.read(65536))
            await asyncio.sleep(0.01)
            writer.write(answer)
        await reader.read()

    async def test():
        async with scripted(dialogue) as port:
            two = [Envelope(n, "s@a.example", f"r{n}@b.example", b"m%d\r\n" % n) for n in (1, 2)]
            assert states(await send(endpoint(port, helo_name="me.example"), two)) == ["accepted", "accepted"]

    run(test())
    assert groups == [
        b"EHLO me.example\r\n",
        b"MAIL FROM:<s@a.example>\r\nRCPT TO:<r1@b.example>\r\nDATA\r\n",
        b"m1\r\n.\r\nMAIL FROM:<s@a.example>\r\nRCPT TO:<r2@b.example>\r\nDATA\r\n",
        b"m2\r\n.\r\n",
        b"QUIT\r\n",
    ]


def test_a_server_that_asks_for_content_though_it_refused_the_recipient_gets_a_lone_dot():
    seen: list[bytes] = []

    async def dialogue(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hi\r\n")
        for answer in (
            b"250-hi\r\n250 PIPELINING\r\n",
            b"250 ok\r\n550 5.1.1 nobody\r\n354 go\r\n",
            b"554 no recipients\r\n250 ok\r\n250 ok\r\n354 go\r\n",
            b"250 kept\r\n",
            b"221 bye\r\n",
        ):
            seen.append(await reader.read(65536))
            writer.write(answer)
        await reader.read()

    async def test():
        async with scripted(dialogue) as port:
            outcomes = await send(endpoint(port), [envelope(1), envelope(2)])
            assert states(outcomes) == ["rejected", "accepted"]
            assert outcomes[1][2:4] == (550, "5.1.1")

    run(test())
    assert seen[2].startswith(b".\r\nMAIL FROM:<bounce-2@")
