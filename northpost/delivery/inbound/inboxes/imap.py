"""IMAP4rev1 (RFC 3501), with MOVE (RFC 6851) and UIDPLUS (RFC 4315) where the server has them."""

from __future__ import annotations

import base64
import imaplib
import re
import ssl
from collections.abc import Iterable
from typing import Any

from northpost.delivery.inbound.inboxes.account import Account
from northpost.delivery.inbound.inboxes.problems import InboxProblem, Trouble, told
from northpost.delivery.inbound.parts import MAX_BYTES
from northpost.delivery.transport import xoauth2

_UID = re.compile(rb"\bUID (\d+)")
_AT_ONCE = 50


class ImapClient:
    """Raises InboxProblem, here and in each method."""

    def __init__(self, account: Account) -> None:
        self._account = account
        with told(imaplib.IMAP4.error):
            self._imap = _connect(account)
        try:
            with told(imaplib.IMAP4.error, account.refused):
                self._sign_in()
            with told(imaplib.IMAP4.error, Trouble.FOLDER):
                status, said = self._imap.select(quoted(account.folder))
                if status != "OK":
                    raise InboxProblem(Trouble.FOLDER, _text(said))
                self._count = int(said[0] or b"0")
        except BaseException:
            self._imap.shutdown()
            raise

    def count(self) -> int:
        return self._count

    def first(self, most: int) -> list[str]:
        if not self._count:
            return []
        with told(imaplib.IMAP4.error):
            # By number and not by SEARCH, whose answer is one line however many there are.
            found = _checked(self._imap.fetch(f"1:{min(most, self._count)}", "(UID)"))
            return [match[1].decode() for line in found if isinstance(line, bytes) and (match := _UID.search(line))]

    def fetch(self, key: str) -> bytes:
        with told(imaplib.IMAP4.error):
            found = _checked(self._imap.uid("FETCH", key, f"(BODY.PEEK[]<0.{MAX_BYTES + 1}>)"))
            return next((part[1] for part in found if isinstance(part, tuple)), b"")

    def put_away(self, keys: Iterable[str]) -> None:
        waiting = list(keys)
        with told(imaplib.IMAP4.error):
            for start in range(0, len(waiting), _AT_ONCE):
                self._put_away(",".join(waiting[start : start + _AT_ONCE]))

    def close(self) -> None:
        with told(imaplib.IMAP4.error):
            self._imap.logout()

    def _sign_in(self) -> None:
        account = self._account
        if account.token:
            # Should it be refused, the server says why first, and wants an empty answer to that.
            answers = iter((xoauth2(account.username, account.token), b""))
            self._imap.authenticate("XOAUTH2", lambda _challenge: next(answers, None))
        elif "AUTH=PLAIN" in self._imap.capabilities:
            said = f"\x00{account.username}\x00{account.password}".encode()
            self._imap.authenticate("PLAIN", lambda _challenge: said)
        else:
            self._imap.login(quoted(account.username), account.password)

    def _put_away(self, uids: str) -> None:
        folder = self._account.done_folder
        if folder:
            # One that is there already is refused, which is as good.
            self._imap.create(quoted(folder))
            if "MOVE" in self._imap.capabilities:
                _checked(self._imap.uid("MOVE", uids, quoted(folder)))
                return
            _checked(self._imap.uid("COPY", uids, quoted(folder)))
        _checked(self._imap.uid("STORE", uids, "+FLAGS.SILENT", r"(\Deleted)"))
        if "UIDPLUS" in self._imap.capabilities:
            _checked(self._imap.uid("EXPUNGE", uids))
        else:
            _checked(self._imap.expunge())


def _connect(account: Account) -> imaplib.IMAP4:
    context = ssl.create_default_context()
    if account.security == "tls":
        return imaplib.IMAP4_SSL(account.host, account.port, ssl_context=context, timeout=account.seconds)
    imap = imaplib.IMAP4(account.host, account.port, timeout=account.seconds)
    if account.security == "starttls":
        try:
            with told(imaplib.IMAP4.error, Trouble.NO_TLS):
                imap.starttls(context)
        except BaseException:
            imap.shutdown()
            raise
    return imap


def quoted(name: str) -> str:
    """A folder's name in modified UTF-7 (RFC 3501, 5.1.3), quoted."""
    found: list[str] = []
    for piece in re.split(r"([^\x20-\x7e]+)", name):
        if piece and not (piece.isascii() and piece.isprintable()):
            letters = base64.b64encode(piece.encode("utf-16-be")).decode().rstrip("=").replace("/", ",")
            found.append(f"&{letters}-")
        else:
            found.append(piece.replace("&", "&-"))
    return '"' + "".join(found).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _checked(answer: tuple[str, Any]) -> list[Any]:
    status, found = answer
    if status != "OK":
        raise InboxProblem(Trouble.PROTOCOL, _text(found))
    return found


def _text(said: list[Any]) -> str:
    return " ".join(part.decode("utf-8", "replace") for part in said if isinstance(part, bytes))
