"""The mailbox's side of the dialogue: loopback only, sign-in, pipelining, group commit, limits."""

import asyncio
import base64
import datetime as dt
import json
import signal
import smtplib
import subprocess
import sys
from collections.abc import Sequence

import pytest

from northpost.mailbox.faults import BadFaults, Fault, Faults
from northpost.mailbox.received import MemoryStore, ReceivedMail
from northpost.mailbox.server import MailboxServer, NotLoopback, PortTaken

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def make(store, **options):
    options.setdefault("open_access", True)
    return MailboxServer(store, now=lambda: NOON, **options)


def run(test):
    async def limited():
        async with asyncio.timeout(20):
            await test

    asyncio.run(limited())


async def talk(port: int, text: bytes, *, until: int) -> bytes:
    """Write all at once, read until so many lines have come or the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(text)
        found = b""
        while found.count(b"\n") < until and (more := await reader.read(65536)):
            found += more
        return found
    finally:
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "mail.example", ""])
def test_it_listens_on_loopback_only(host):
    with pytest.raises(NotLoopback):
        make(MemoryStore(), host=host)


def test_a_taken_port_is_named():
    async def test():
        async with make(MemoryStore()) as first:
            with pytest.raises(PortTaken, match=f"port {first.port} on 127.0.0.1 is taken"):
                await make(MemoryStore(), port=first.port).start()

    run(test())


def test_a_whole_dialogue_in_one_packet():
    async def test():
        store = MemoryStore()
        async with make(store) as server:
            text = (
                b"EHLO me\r\nMAIL FROM:<a@shop.example> SIZE=20 BODY=8BITMIME\r\nRCPT TO:<b@mail.example>\r\n"
                b"RCPT TO:<c@mail.example>\r\nDATA\r\nSubject: x\r\n\r\n..\r\n...x\r\n.\r\n"
                b"MAIL FROM:<>\r\nRSET\r\nNOOP\r\nQUIT\r\n"
            )
            said = await talk(server.port, text, until=99)
        assert [line[:3] for line in said.splitlines()] == [
            b"220", b"250", b"250", b"250", b"250", b"250", b"250",
            b"250", b"250", b"250", b"354", b"250", b"250", b"250", b"250", b"221",
        ]  # fmt: skip
        raw = b"Subject: x\r\n\r\n.\r\n..x\r\n"
        assert store.mails == [
            ReceivedMail("", "a@shop.example", "b@mail.example", raw, NOON),
            ReceivedMail("", "a@shop.example", "c@mail.example", raw, NOON),
        ]

    run(test())


def test_only_crlf_dot_crlf_ends_a_message():
    async def test():
        store = MemoryStore()
        async with make(store) as server:
            body = b"x\n.\nMAIL FROM:<evil@shop.example>\n\r.\r\n.\n"
            text = (
                b"EHLO me\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n" + body + b"\r\n.\r\nQUIT\r\n"
            )
            await talk(server.port, text, until=99)
        assert [mail.raw for mail in store.mails] == [b"x\n.\nMAIL FROM:<evil@shop.example>\n\r.\r\n\n\r\n"]

    run(test())


def test_commands_out_of_order_and_unknown():
    async def test():
        store = MemoryStore()
        async with make(store) as server:
            text = (
                b"RCPT TO:<a@b.example>\r\nDATA\r\nMAIL FROM: a@b.example\r\nMAIL FROM:<a@b.example>\r\n"
                b"MAIL FROM:<a@b.example>\r\nRCPT TO:<>\r\nDATA\r\nVRFY x\r\n"
                b"STARTTLS\r\nAUTH PLAIN\r\nQUIT\r\n"
            )
            said = await talk(server.port, text, until=99)
        codes = [int(line[:3]) for line in said.splitlines()]
        assert codes == [220, 503, 503, 501, 250, 503, 501, 503, 502, 502, 503, 221]
        assert store.mails == []

    run(test())


def test_without_sign_in_mail_is_refused_and_accounts_are_told_apart():
    def authenticate(name: str, word: str) -> bool:
        return word == f"secret of {name}"

    def plain(name: str, word: str) -> bytes:
        return b"AUTH PLAIN " + base64.b64encode(f"\0{name}\0{word}".encode()) + b"\r\n"

    mail = b"MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n"

    async def test():
        store = MemoryStore()
        async with make(store, authenticate=authenticate, open_access=False) as server:
            said = await talk(
                server.port, b"HELO me\r\n" + plain("one", "secret of two") + mail + b"QUIT\r\n", until=99
            )
            assert [int(line[:3]) for line in said.splitlines()] == [220, 250, 535, 530, 503, 503, 221]
            for name in ("one", "two"):
                login = (
                    b"AUTH LOGIN " + base64.b64encode(name.encode()) + b"\r\n"
                    + base64.b64encode(f"secret of {name}".encode()) + b"\r\n"
                )  # fmt: skip
                sign_in = login if name == "one" else plain(name, "secret of two")
                await talk(server.port, b"HELO me\r\n" + sign_in + mail + b"x\r\n.\r\nQUIT\r\n", until=99)
            broken = await talk(server.port, b"AUTH PLAIN ???\r\nAUTH PLAIN =\r\nAUTH CRAM\r\nQUIT\r\n", until=99)
            assert [int(line[:3]) for line in broken.splitlines()] == [220, 501, 501, 504, 221]
        assert [mail.account for mail in store.mails] == ["one", "two"]

    run(test())


def test_mails_that_arrive_together_are_kept_together_and_answered_afterwards():
    class SlowStore(MemoryStore):
        def __init__(self):
            super().__init__()
            self.go_on = asyncio.Event()

        async def keep(self, mails: Sequence[ReceivedMail]) -> None:
            await self.go_on.wait()
            await super().keep(mails)

    async def test():
        store = SlowStore()
        async with make(store) as server:
            text = b"EHLO me\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n"
            talks = [asyncio.create_task(talk(server.port, text, until=99)) for _ in range(20)]
            done, _ = await asyncio.wait(talks, timeout=0.1)
            assert not done
            store.go_on.set()
            said = await asyncio.gather(*talks)
            assert all(answer.endswith(b"250 2.0.0 kept\r\n221 2.0.0 goodbye\r\n") for answer in said)
        assert sum(store.calls) == 20
        assert len(store.calls) <= 3

    run(test())


def test_a_store_that_fails_makes_451_and_the_next_mail_is_taken(caplog):
    class BrokenOnce(MemoryStore):
        async def keep(self, mails: Sequence[ReceivedMail]) -> None:
            if not self.calls:
                self.calls.append(0)
                raise OSError("disk full")
            await super().keep(mails)

    async def test():
        store = BrokenOnce()
        mail = b"MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nx\r\n.\r\n"
        async with make(store) as server:
            said = await talk(server.port, b"HELO me\r\n" + mail * 2 + b"QUIT\r\n", until=99)
        assert [int(line[:3]) for line in said.splitlines()] == [
            220,
            250,
            250,
            250,
            354,
            451,
            250,
            250,
            354,
            250,
            221,
        ]
        assert len(store.mails) == 1

    run(test())
    assert "1 mails could not be kept" in caplog.text


def test_lines_and_messages_without_end_are_cut_off():
    async def test():
        store = MemoryStore()
        async with make(store, max_size=1000) as server:
            said = await talk(server.port, b"E" * 100_000, until=99)
            assert said.splitlines()[1].startswith(b"500 ")
            envelope = b"HELO me\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n"
            said = await talk(server.port, envelope + b"x" * 60_000, until=99)
            assert said.splitlines()[-1].startswith(b"552 ")
            said = await talk(server.port, b"MAIL FROM:<a@b.example> SIZE=1001\r\nQUIT\r\n", until=99)
            assert said.splitlines()[1].startswith(b"552 ")
        assert store.mails == []

    run(test())


def test_replies_of_a_distant_server_keep_their_order():
    async def test():
        store = MemoryStore()
        async with make(store, faults=Faults(delay_ms=5)) as server:
            mail = b"MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nx\r\n.\r\n"
            said = await talk(server.port, b"HELO me\r\n" + mail * 3 + b"QUIT\r\n", until=99)
        codes = [int(line[:3]) for line in said.splitlines()]
        assert codes == [220, 250, *[250, 250, 354, 250] * 3, 221]
        assert len(store.mails) == 3

    run(test())


def test_python_s_own_client_is_understood():
    async def test():
        store = MemoryStore()

        def session(port: int) -> None:
            with smtplib.SMTP("127.0.0.1", port, timeout=5) as client:
                client.login("one", "x")
                client.sendmail("a@b.example", ["c@d.example", "e@d.example"], "Subject: x\n\n.\nbody\n")

        async with make(store, authenticate=lambda name, word: True, open_access=False) as server:
            await asyncio.to_thread(session, server.port)
        assert [(mail.account, mail.recipient, mail.raw) for mail in store.mails] == [
            ("one", "c@d.example", b"Subject: x\r\n\r\n.\r\nbody\r\n"),
            ("one", "e@d.example", b"Subject: x\r\n\r\n.\r\nbody\r\n"),
        ]

    run(test())


def test_faults_survive_the_way_through_json_and_are_the_same_each_time():
    rules = [Fault("rcpt", code=550, share=0.3), Fault("final", "drop", nth=4, keep=False)]
    faults = Faults(rules=rules, seed=5, delay_ms=20, greylist=True, messages_per_connection=9)
    again = Faults.from_json(faults.to_json())
    assert again == faults
    names = [f"p{number}@mail.example" for number in range(200)]
    first = [fault and fault.code for fault in (faults.strike("rcpt", name) for name in names)]
    assert first == [fault and fault.code for fault in (again.strike("rcpt", name) for name in names)]
    assert first.count(550) == 56
    assert [faults.strike("final", name) is not None for name in names[:5]] == [
        False,
        False,
        False,
        True,
        False,
    ]


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "[]",
        '{"rules": [{"at": "rcpt", "do": "explode"}]}',
        '{"rules": [{"at": "lunch"}]}',
        '{"rules": [{"at": "mail", "recipient": "a@b.example"}]}',
        '{"rules": [{"at": "kept", "do": "reply"}]}',
        '{"rules": [{"at": "rcpt", "code": 42}]}',
        '{"rules": [{"at": "rcpt", "nth": 0}]}',
        '{"surprise": 1}',
        '{"_seen": {}}',
    ],
)
def test_faults_that_make_no_sense_are_refused(text):
    with pytest.raises(BadFaults):
        Faults.from_json(text)


def test_the_sink_process_logs_what_it_answered_for(tmp_path):
    log = tmp_path / "sink.jsonl"
    faults = Faults(rules=[Fault("rcpt", code=550, domain="gone.example")]).to_json()
    command = [
        sys.executable,
        "-m",
        "northpost.mailbox.tests.sink_process",
        "--log",
        str(log),
        "--faults",
        faults,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            ready = json.loads(process.stdout.readline())
            with smtplib.SMTP(ready["host"], ready["port"], timeout=5) as client:
                head = "Message-ID: <1@shop.example>\r\nX-Key: 7\r\nSubject: x\r\n\r\n"
                client.sendmail("a@shop.example", "b@mail.example", head + "body\r\n")
                with pytest.raises(smtplib.SMTPRecipientsRefused):
                    client.sendmail("a@shop.example", "b@gone.example", head)
                lines = [json.loads(line) for line in log.read_text().splitlines()]
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(10)
    assert process.returncode == 0
    assert lines == [
        {
            "account": "",
            "sender": "a@shop.example",
            "recipient": "b@mail.example",
            "message_id": "<1@shop.example>",
            "x": {"X-Key": "7"},
            "size": 60,
        }
    ]
