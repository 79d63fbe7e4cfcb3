"""Asking servers outside, for addresses that somebody typed: webhooks, feeds, pictures, tokens.

The name is resolved here, every address that it has must be a public one, and the connection goes to just that address:
a name that leads to another address a moment later (rebinding) gains nothing. No redirect is followed, no proxy asked,
and both time and size have a limit for the whole answer, however slowly it comes.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import SplitResult, urlsplit

SECONDS = 10.0
MOST_BYTES = 1_000_000

Resolve = Callable[[str, int], list[str]]
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_SAFE_HEADER = frozenset(map(chr, range(32, 127)))


class FetchRefused(Exception):
    """It may not, or can't ever, be asked: no address of the web, a private network, an answer too large.

    Permanent.
    """

    retryable = False


class FetchFailed(Exception):
    """No answer, this time. Retryable."""

    retryable = True


@dataclass(frozen=True)
class Answer:
    """``headers`` have names in lower case; of several with one name the last. A redirect is an answer like others."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


def resolve_host(host: str, port: int) -> list[str]:
    """The addresses of a name, as this machine resolves it. How long that takes is the machine's resolver's limit."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_kind, address in found))


def fetch(
    url: str,
    *,
    method: str = "GET",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    seconds: float = SECONDS,
    most: int = MOST_BYTES,
    private: bool = False,
    resolve: Resolve = resolve_host,
) -> Answer:
    """One question, one answer. ``most``: bytes of its body. ``private``: only for addresses that the installation
    itself is set up with, never for one that a user typed.

    Raises FetchRefused, FetchFailed.
    """
    parts, port = _read(url)
    given = {"Accept-Encoding": "identity", "User-Agent": "Northpost", "Connection": "close"} | dict(headers or {})
    if not all(_SAFE_HEADER.issuperset(name + value) for name, value in given.items()):
        raise FetchRefused("a header holds what no header may hold")
    host = parts.hostname or ""
    address = _choose(host, port, private=private, resolve=resolve)
    until = time.monotonic() + seconds
    try:
        with _connect(parts.scheme, host, address, port, until) as link:
            return _ask(link, parts, method, body, given, most, until)
    except TimeoutError as error:
        raise FetchFailed(f"{host} did not answer within {seconds:g} seconds") from error
    except ssl.SSLCertVerificationError as error:
        raise FetchFailed(f"the certificate of {host} can't be trusted: {error.verify_message}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise FetchFailed(f"{host}: {str(error) or type(error).__name__}") from error


def is_public(address: str) -> bool:
    """Whether an address is out on the internet, and not this machine, its network, or a way back into it."""
    known = ipaddress.ip_address(address)
    if isinstance(known, ipaddress.IPv6Address):
        if known.scope_id is not None:
            return False
        inner = known.ipv4_mapped or known.sixtofour or (known.teredo[1] if known.teredo else None)
        if known in _NAT64:
            inner = ipaddress.IPv4Address(int(known) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return known.is_global and not (known.is_multicast or known.is_reserved or known.is_unspecified)


def _read(url: str) -> tuple[SplitResult, int]:
    if len(url) > 2000 or not _SAFE_HEADER.issuperset(url) or " " in url:
        raise FetchRefused("not an address on the web")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise FetchRefused("not an address on the web") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise FetchRefused("an address on the web begins with https:// or http://")
    if parts.username is not None or parts.password is not None:
        raise FetchRefused("an address may not hold a user name or password")
    return parts, port or (443 if parts.scheme == "https" else 80)


def _choose(host: str, port: int, *, private: bool, resolve: Resolve) -> str:
    try:
        found = resolve(host, port)
    except (OSError, UnicodeError) as error:
        raise FetchFailed(f"the name {host} can't be found") from error
    if not found:
        raise FetchFailed(f"the name {host} can't be found")
    # All of them: a name with one public address beside a private one is a trap.
    if not private and not all(is_public(address) for address in found):
        raise FetchRefused(f"{host} leads to a private network")
    return found[0]


def _connect(scheme: str, host: str, address: str, port: int, until: float) -> socket.socket:
    link = socket.create_connection((address, port), timeout=_left(until))
    if scheme == "http":
        return link
    try:
        link.settimeout(_left(until))
        return _tls().wrap_socket(link, server_hostname=host)
    except BaseException:
        link.close()
        raise


@cache
def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _ask(
    link: socket.socket,
    parts: SplitResult,
    method: str,
    body: bytes | None,
    headers: Mapping[str, str],
    most: int,
    until: float,
) -> Answer:
    asked = http.client.HTTPConnection(parts.hostname or "", parts.port)
    asked.sock = _Bounded(link, until)
    target = parts.path or "/"
    asked.putrequest(
        method, f"{target}?{parts.query}" if parts.query else target, skip_host=True, skip_accept_encoding=True
    )
    asked.putheader("Host", parts.netloc)
    for name, value in headers.items():
        asked.putheader(name, value)
    if body is not None:
        asked.putheader("Content-Length", str(len(body)))
    asked.endheaders(body)
    with asked.getresponse() as answer:
        got = answer.read(most + 1)
        if len(got) > most:
            raise FetchRefused(f"the answer is larger than {most} bytes")
        if answer.length:
            raise http.client.IncompleteRead(got, answer.length)
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, got)


class _Bounded:
    """A socket as http.client wants one, with one deadline for everything."""

    def __init__(self, link: socket.socket, until: float) -> None:
        self._link, self._until = link, until

    def sendall(self, data: Any) -> None:
        self._link.settimeout(_left(self._until))
        self._link.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._link, self._until))

    def close(self) -> None:
        """Whoever opened it closes it."""


class _Reader(io.RawIOBase):
    def __init__(self, link: socket.socket, until: float) -> None:
        self._link, self._until = link, until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._link.settimeout(_left(self._until))
        return self._link.recv_into(buffer)
