"""The sink that benchmarks send to: it counts right, keeps what it was told, and notices what is broken."""

from __future__ import annotations

import socket
import time

import pytest

from northpost.program.bench import sink

KINDS = ["compiled", "plain"]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "compiled" and not sink.is_compiled():
        pytest.skip("NO C COMPILER HERE: the compiled sink is not tested")
    if request.param == "plain":
        monkeypatch.setattr(sink, "compiler", lambda: None)
    return request.param


def converse(port: int, *pieces: bytes) -> bytes:
    """Send the pieces with a moment between them, then read to the end."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as wire:
        for piece in pieces:
            wire.sendall(piece)
            time.sleep(0.02)
        wire.shutdown(socket.SHUT_WR)
        answers = b""
        while got := wire.recv(65536):
            answers += got
    return answers


def mail(number: int, body: bytes = b"hello\r\n") -> bytes:
    envelope = b"MAIL FROM:<from%d@bench.example> SIZE=9\r\nRCPT TO:<to%d@bench.example>\r\nDATA\r\n" % (number, number)
    return envelope + b"Subject: %d\r\n\r\n" % number + body + b".\r\n"


def test_it_counts_and_writes_down_each_mail(kind: str):
    with sink.running(every=2) as target:
        answers = converse(target.port, b"EHLO me\r\n" + mail(1) + mail(2, b"..dot\r\n") + mail(3) + b"QUIT\r\n")
        counted = target.counted()
        assert (counted.mails, counted.bytes, counted.broken) == (3, 3 * 21, 0)
        assert list(target.records()) == [
            sink.Record(f"to{number}@bench.example", f"from{number}@bench.example", 21) for number in (1, 2, 3)
        ]
        assert [sample["Subject"] for sample in target.samples()] == ["1", "3"]
    assert answers.startswith(b"220 ")
    assert b"PIPELINING" in answers
    assert answers.count(b"354 ") == 3
    assert answers.count(b"250 2.0.0 taken") == 3
    assert answers.endswith(b"221 2.0.0 bye\r\n")


def test_wherever_packets_are_cut_it_is_the_same_mail(kind: str):
    whole = mail(1, b"a\r\n..\r\nb.\r\n.c\r\n")
    with sink.running(every=1) as target:
        for cut in range(1, len(whole), 7):
            converse(target.port, whole[:cut], whole[cut:])
        counted = target.counted()
        assert {record.size for record in target.records()} == {len(whole) - whole.index(b"Subject") - 3}
        assert {sample.get_content() for sample in target.samples()} == {"a\r\n.\r\nb.\r\n.c\r\n"}
    assert counted.mails == len(range(1, len(whole), 7))
    assert counted.broken == 0


def test_what_ends_in_the_middle_and_what_goes_to_two_is_broken(kind: str):
    with sink.running() as target:
        converse(target.port, mail(1)[:-3])
        converse(target.port, mail(2).replace(b"DATA", b"RCPT TO:<other@bench.example>\r\nDATA"))
        assert b"503" in converse(target.port, b"EHLO me\r\nMAIL FROM:<a@bench.example>\r\nDATA\r\n")
        counted = target.counted()
    assert (counted.mails, counted.broken) == (1, 2)


def test_its_answers_can_take_their_time(kind: str):
    with sink.running(delay_ms=50) as target:
        began = time.monotonic()
        with socket.create_connection(("127.0.0.1", target.port), timeout=10) as wire:
            assert wire.recv(1000).startswith(b"220 ")
            wire.sendall(b"EHLO me\r\n")
            assert wire.recv(1000).startswith(b"250")
        assert time.monotonic() - began >= 0.1
