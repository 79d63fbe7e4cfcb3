"""Messages that come by BDAT (RFC 3030)."""

from __future__ import annotations

from northpost.mailbox.faults import Fault, Faults
from northpost.mailbox.received import MemoryStore

from .test_server import make, run, talk

ENVELOPE = b"EHLO me\r\nMAIL FROM:<a@shop.example>\r\nRCPT TO:<b@mail.example>\r\n"
QUIT = b"QUIT\r\n"


def codes(said: bytes) -> list[int]:
    """After the answers to EHLO, MAIL and RCPT."""
    return [int(line[:3]) for line in said.splitlines() if line[3:4] != b"-"][4:]


async def answers(store: MemoryStore, text: bytes, **options: object) -> list[int]:
    async with make(store, **options) as server:
        return codes(await talk(server.port, ENVELOPE + text + QUIT, until=99))


def test_a_message_in_chunks_is_kept_as_it_came():
    async def test():
        store = MemoryStore()
        text = b"BDAT 12\r\nSubject: x\r\nBDAT 2\r\n\r\nBDAT 0\r\nbdat 9 last\r\n.\r\n..\r\n\r\n"
        assert await answers(store, text) == [250, 250, 250, 250, 221]
        assert [mail.raw for mail in store.mails] == [b"Subject: x\r\n\r\n.\r\n..\r\n\r\n"]

    run(test())


def test_what_is_refused_is_read_and_thrown_away():
    async def test():
        store = MemoryStore()
        inside = b"RCPT TO:<evil@mail.example>\r\n"
        text = b"RSET\r\nBDAT %d LAST\r\n%bMAIL FROM:<a@b.example>\r\nRSET\r\n" % (len(inside), inside)
        assert await answers(store, text) == [250, 503, 250, 250, 221]
        assert await answers(store, b"BDAT 30 LAST\r\n" + b"x" * 30 + b"RSET\r\n", max_size=20) == [552, 250, 221]
        assert await answers(store, b"BDAT much\r\n") == [501]
        assert store.mails == []

    run(test())


def test_where_one_was_refused_the_transaction_is_still_open():
    async def test():
        faults = Faults(rules=[Fault("rcpt", code=550)])
        text = b"BDAT 1 LAST\r\nxMAIL FROM:<a@b.example>\r\nRSET\r\nMAIL FROM:<a@b.example>\r\n"
        assert await answers(MemoryStore(), text, faults=faults) == [503, 503, 250, 250, 221]

    run(test())


def test_a_server_that_hides_it_does_not_know_it():
    async def test():
        assert await answers(MemoryStore(), b"BDAT 0 LAST\r\n", hide=frozenset({"CHUNKING"})) == [502, 221]

    run(test())
