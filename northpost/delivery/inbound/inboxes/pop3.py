"""POP3 (RFC 1939, 2595): no folders; what was taken is deleted."""

from __future__ import annotations

import base64
import poplib
import ssl
from collections.abc import Iterable
from typing import Any

from northpost.delivery.inbound.inboxes.account import Account
from northpost.delivery.inbound.inboxes.problems import Trouble, told
from northpost.delivery.inbound.parts import MAX_BYTES
from northpost.delivery.transport import xoauth2

_LONGEST_LINE = 1024 * 1024
_LINES = 5_000  # of a mail that is larger than what is kept of one


class _Tolerant:
    """poplib, and lines of more than 2,048 bytes, as mail has them: those beyond a megabyte are cut. And where
    the greeting is none, the connection is closed.
    """

    _torn = False

    def __init__(self, *arguments: Any, **options: Any) -> None:
        try:
            super().__init__(*arguments, **options)
        except BaseException:
            for held in (getattr(self, "file", None), getattr(self, "sock", None)):
                if held is not None:
                    held.close()
            raise

    def _getline(self) -> tuple[bytes, int]:
        line = self.file.readline(_LONGEST_LINE)  # type: ignore[attr-defined]
        if not line:
            raise poplib.error_proto("-ERR EOF")
        torn, self._torn = self._torn, not line.endswith(b"\n")
        text = line.rstrip(b"\r\n")
        # The rest of a line that was too long, were it a dot alone, is not the mail's end.
        return (b" " + text if torn and text.startswith(b".") else text), len(line)

    def show(self, words: bytes) -> None:
        """Sign in by XOAUTH2 (RFC 5034). In two steps: a token is longer than one line may be."""
        ask = self._shortcmd  # type: ignore[attr-defined]
        ask("AUTH XOAUTH2")
        if not ask(base64.b64encode(words).decode("ascii")).startswith(b"+OK"):
            # Why it is refused; the refusal itself follows an empty line.
            ask("")
            raise poplib.error_proto("-ERR refused")


class _Pop3(_Tolerant, poplib.POP3):
    pass


class _Pop3Tls(_Tolerant, poplib.POP3_SSL):
    pass


class Pop3Client:
    """Raises InboxProblem, here and in each method."""

    def __init__(self, account: Account) -> None:
        with told(poplib.error_proto):
            self._pop = _connect(account)
        try:
            with told(poplib.error_proto, account.refused):
                if account.token:
                    self._pop.show(xoauth2(account.username, account.token))
                else:
                    self._pop.user(account.username)
                    self._pop.pass_(account.password)
            with told(poplib.error_proto):
                lines = [line.split() for line in self._pop.list()[1]]
                self._sizes = {number.decode(): int(size) for number, size, *_more in lines}
        except BaseException:
            self._pop.close()
            raise

    def count(self) -> int:
        return len(self._sizes)

    def first(self, most: int) -> list[str]:
        return list(self._sizes)[:most]

    def fetch(self, key: str) -> bytes:
        with told(poplib.error_proto):
            whole = self._sizes[key] <= MAX_BYTES
            _said, lines, _octets = self._pop.retr(int(key)) if whole else self._pop.top(int(key), _LINES)
            return b"\r\n".join(lines) + b"\r\n"

    def put_away(self, keys: Iterable[str]) -> None:
        with told(poplib.error_proto):
            for key in keys:
                self._pop.dele(int(key))

    def close(self) -> None:
        with told(poplib.error_proto):
            self._pop.quit()


def _connect(account: Account) -> _Pop3 | _Pop3Tls:
    context = ssl.create_default_context()
    if account.security == "tls":
        return _Pop3Tls(account.host, account.port, context=context, timeout=account.seconds)
    pop = _Pop3(account.host, account.port, timeout=account.seconds)
    if account.security == "starttls":
        try:
            with told(poplib.error_proto, Trouble.NO_TLS):
                pop.stls(context)
        except BaseException:
            pop.close()
            raise
    return pop
