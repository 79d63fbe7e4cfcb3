"""Emptying a mailbox: each mail is stored, and only then put away. After a crash in between it is stored once all the
same."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from northpost.core import clock, signing
from northpost.delivery.actions.tokens import NoToken, access_token
from northpost.delivery.errors import NotHere
from northpost.delivery.inbound.inboxes.account import SECONDS, Account, Client
from northpost.delivery.inbound.inboxes.imap import ImapClient
from northpost.delivery.inbound.inboxes.pop3 import Pop3Client
from northpost.delivery.inbound.inboxes.problems import InboxProblem, Trouble
from northpost.delivery.inbound.taking import take_in
from northpost.delivery.models import Inbox, Protocol, Way

MOST = 500  # mails in one look
_PUT_AWAY = 50
LONGEST = 120.0  # seconds


@dataclass(frozen=True)
class Looked:
    """``taken``: mails stored and put away; ``new``: those of them that were not here yet. ``left``: more lie there."""

    taken: int
    new: int
    left: bool


@dataclass(frozen=True)
class Checked:
    """``waiting``: how many mails lie there now."""

    waiting: int


def look(*, inbox_id: int) -> Looked:
    """Take in what lies in a mailbox, up to 500 mails. What went wrong is kept with the mailbox, and raised.

    Raises NotHere, InboxProblem. What was stored before something went wrong stays stored.
    """
    inbox = _found(inbox_id)
    try:
        looked = _look(inbox)
    except InboxProblem as problem:
        _note(inbox, problem)
        raise
    _note(inbox, None)
    return looked


def check(*, inbox_id: int) -> Checked:
    """Sign in and count, and touch nothing. Raises NotHere, InboxProblem; either way it is noted with the mailbox."""
    inbox = _found(inbox_id)
    try:
        with _client(inbox, seconds=10.0) as client:
            checked = Checked(client.count())
    except InboxProblem as problem:
        _note(inbox, problem)
        raise
    _note(inbox, None)
    return checked


def _look(inbox: Inbox) -> Looked:
    began = time.monotonic()
    taken = new = 0
    with _client(inbox) as client:
        keys = client.first(MOST)
        waiting = client.count()
        held: list[str] = []
        for key in keys:
            raw = client.fetch(key)
            if raw.strip():
                new += take_in(raw=raw, way=Way(inbox.protocol), workspace_id=inbox.workspace_id).new
            held.append(key)
            if len(held) >= _PUT_AWAY:
                client.put_away(held)
                taken, held = taken + len(held), []
            if time.monotonic() - began > LONGEST:
                break
        client.put_away(held)
        taken += len(held)
    return Looked(taken, new, left=waiting > taken)


@contextmanager
def _client(inbox: Inbox, *, seconds: float = SECONDS) -> Iterator[Client]:
    account = _account(inbox, seconds)
    client: Client = ImapClient(account) if inbox.protocol == Protocol.IMAP else Pop3Client(account)
    try:
        yield client
    except BaseException:
        with contextlib.suppress(InboxProblem):
            client.close()
        raise
    client.close()


def _account(inbox: Inbox, seconds: float) -> Account:
    try:
        password = signing.unseal(inbox.password_sealed) if inbox.password_sealed else ""
        token = access_token(inbox)
    except signing.BadToken as error:
        raise InboxProblem(Trouble.SEALED) from error
    except NoToken as error:
        raise InboxProblem(Trouble.LATER if error.retryable else Trouble.PERMISSION, str(error)) from error
    if not password and not token:
        raise InboxProblem(Trouble.NO_PASSWORD)
    return Account(
        host=inbox.host,
        port=inbox.port,
        security=inbox.security,
        username=inbox.username,
        password=password,
        folder=inbox.folder or "INBOX",
        done_folder=inbox.done_folder,
        seconds=seconds,
        token=token,
    )


def _found(inbox_id: int) -> Inbox:
    inbox = Inbox.objects.filter(pk=inbox_id, archived_at=None).first()
    if inbox is None:
        raise NotHere(f"no mailbox {inbox_id}")
    return inbox


def _note(inbox: Inbox, problem: InboxProblem | None) -> None:
    Inbox.objects.filter(pk=inbox.pk).update(
        looked_at=clock.now(),
        problem=problem.trouble.value if problem else "",
        problem_text=problem.said if problem else "",
    )
