"""Fetching from addresses that somebody typed: where it may lead, and what a bad server can do."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from northpost.core.fetch import Answer, FetchFailed, FetchRefused, fetch, is_public

Serve = Callable[[socket.socket], None]


def _question(link: socket.socket) -> bytes:
    """All of it, however many pieces it comes in."""
    got = link.recv(65536)
    while got.startswith(b"POST") and not got.endswith(b"{}"):
        got += link.recv(65536)
    return got


@contextmanager
def server(serve: Serve) -> Iterator[tuple[int, list[bytes]]]:
    """Answers one connection; what was asked is in the list."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(5)

        def run() -> None:
            try:
                link, _where = listening.accept()
            except (TimeoutError, OSError):
                return
            with link:
                link.settimeout(5)
                asked.append(_question(link))
                try:
                    serve(link)
                except OSError:
                    return

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield listening.getsockname()[1], asked
        finally:
            if not asked:
                with socket.create_connection(listening.getsockname()) as last:
                    last.sendall(b"-")
            thread.join(6)


def say(answer: bytes) -> Serve:
    return lambda link: link.sendall(answer)


def to_loopback(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


def ask(port: int, path: str = "/", **details: object) -> Answer:
    return fetch(f"http://hooks.example:{port}{path}", private=True, resolve=to_loopback, **details)  # type: ignore[arg-type]


def test_a_question_and_its_answer() -> None:
    with server(say(b"HTTP/1.1 201 Made\r\nContent-Length: 5\r\nX-One: a\r\n\r\nhello")) as (port, asked):
        answer = ask(port, "/a?b=c", method="POST", body=b"{}", headers={"Content-Type": "application/json"})
    assert (answer.status, answer.ok, answer.body, answer.headers["x-one"]) == (201, True, b"hello", "a")
    head = asked[0].decode()
    assert head.startswith("POST /a?b=c HTTP/1.1\r\n")
    assert f"Host: hooks.example:{port}\r\n" in head
    assert head.endswith("Content-Length: 2\r\n\r\n{}")


def test_chunks_are_put_together() -> None:
    with server(say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")) as (
        port,
        _,
    ):
        assert ask(port).body == b"abcde"


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    with server(say(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n")) as (
        port,
        asked,
    ):
        answer = ask(port)
    assert (answer.status, answer.ok, len(asked)) == (302, False, 1)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.18.0.1",
        "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "2001:db8::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "2002:7f00:1::", "2002:a00:1::",
        "64:ff9b::7f00:1", "64:ff9b::a00:1", "2001:0:7f00:1::",
    ],
)  # fmt: skip
def test_no_way_leads_inside(address: str) -> None:
    assert not is_public(address)
    with pytest.raises(FetchRefused):
        fetch("http://hooks.example/", resolve=lambda host, port: [address])


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_what_is_outside(address: str) -> None:
    assert is_public(address)


def test_one_private_address_among_public_ones_is_a_trap() -> None:
    with pytest.raises(FetchRefused):
        fetch("http://hooks.example/", resolve=lambda host, port: ["8.8.8.8", "127.0.0.1"])


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "localhost"]
)
def test_other_spellings_of_this_machine(host: str) -> None:
    with server(say(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) as (port, asked):
        with pytest.raises((FetchRefused, FetchFailed)) as refused:
            fetch(f"http://{host}:{port}/")
        assert asked == []
    assert isinstance(refused.value, FetchRefused) or "can't be found" in str(refused.value)


def test_a_name_that_changes_its_address_is_asked_once() -> None:
    """Rebinding: the second answer would be another machine."""
    answers = [["127.0.0.1"], ["127.0.0.2"]]
    times: list[str] = []

    def changing(host: str, port: int) -> list[str]:
        times.append(host)
        return answers[len(times) - 1]

    with server(say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")) as (port, _):
        assert fetch(f"http://hooks.example:{port}/", private=True, resolve=changing).body == b"ok"
    assert times == ["hooks.example"]


@pytest.mark.parametrize(
    "url",
    [
        "ftp://hooks.example/", "file:///etc/passwd", "gopher://hooks.example/", "//hooks.example/", "hooks.example",
        "http://", "http://user:word@hooks.example/", "http://hooks.example:99999/", "http://hooks.example/a b",
        "http://hooks.example/\r\nX: y", "http://hooks.example/\x00", "http://[::1", "http://" + "a" * 2000,
    ],
)  # fmt: skip
def test_what_is_no_address_on_the_web(url: str) -> None:
    with pytest.raises(FetchRefused):
        fetch(url, resolve=to_loopback, private=True)


def test_a_header_cannot_bring_another() -> None:
    with pytest.raises(FetchRefused):
        fetch("http://hooks.example/", headers={"X": "a\r\nY: b"}, resolve=to_loopback, private=True)


def test_too_large_an_answer_is_refused_whatever_it_says_of_its_size() -> None:
    for head in (b"Content-Length: 99999999\r\n", b""):
        with (
            server(say(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n" + b"x" * 5000)) as (port, _),
            pytest.raises(FetchRefused),
        ):
            ask(port, most=1000)


def drip(piece: bytes) -> Serve:
    def serve(link: socket.socket) -> None:
        link.sendall(b"HTTP/1.1 200 OK\r\n")
        for _ in range(200):
            link.sendall(piece)
            time.sleep(0.02)

    return serve


@pytest.mark.parametrize(
    "serve", [drip(b"X-More: 1\r\n"), drip(b"X"), lambda link: time.sleep(0.8), lambda link: drip(b"\r\n" + b"x")(link)]
)
def test_slow_and_endless_answers_end_at_the_deadline(serve: Serve) -> None:
    began = time.monotonic()
    with server(serve) as (port, _):
        with pytest.raises(FetchFailed):
            ask(port, seconds=0.3)
        assert time.monotonic() - began < 3


@pytest.mark.parametrize("said", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"])
def test_broken_answers_fail(said: bytes) -> None:
    with server(say(said)) as (port, _), pytest.raises(FetchFailed):
        ask(port)


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(FetchFailed):
        ask(port)
    with pytest.raises(FetchFailed):
        fetch("http://hooks.example/", resolve=lambda host, port: [])


def test_a_certificate_is_asked_for() -> None:
    with server(say(b"HTTP/1.1 200 OK\r\n\r\n")) as (port, _), pytest.raises(FetchFailed):
        fetch(f"https://hooks.example:{port}/", private=True, resolve=to_loopback)
