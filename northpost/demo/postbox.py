"""The demo's mailbox: the local mailbox in a process of its own, with addresses that nobody reads any more.

A second process, because the sender and the server it talks to should each have a core; no database in it: what
it keeps comes back to the caller, which puts it where the mailbox's page looks.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self

import uvloop

from northpost.mailbox.faults import At, Fault, Faults
from northpost.mailbox.received import ReceivedMail
from northpost.mailbox.server import MailboxServer

START_SECONDS = 30.0
_MESSAGE_ID = re.compile(rb"^Message-ID:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_NOBODY = Fault("rcpt", code=550, text="5.1.1 no such mailbox here")
_FULL = Fault("rcpt", code=452, text="4.2.2 mailbox is full")
_CUT = Fault("final", do="drop", keep=True)


@dataclass(frozen=True)
class Received:
    """What came in so far: messages, how many of them are different (Message-ID), and the newest ones, oldest first."""

    count: int
    distinct: int
    newest: tuple[ReceivedMail, ...]


class AddressFaults(Faults):
    """Refuses the dead for good and the full for now, and once breaks off instead of saying that it took the mail of
    the cut: a look in a set, however many they are."""

    __slots__ = ("cut", "dead", "full")

    def __init__(self, dead: Collection[str], full: Collection[str], cut: Collection[str] = ()) -> None:
        super().__init__()
        self.dead = frozenset(dead)
        self.full = frozenset(full)
        self.cut = set(cut)

    def strike(self, at: At, recipient: str = "") -> Fault | None:
        address = recipient.lower()
        if at == "final" and address in self.cut:
            self.cut.discard(address)
            return _CUT
        if at != "rcpt":
            return None
        if address in self.dead:
            return _NOBODY
        return _FULL if address in self.full else None


class KeptStore:
    """Counts everything and keeps the newest."""

    def __init__(self, keep: int) -> None:
        self.count = 0
        self._ids: set[bytes] = set()
        self._newest: deque[ReceivedMail] = deque(maxlen=keep)

    async def keep(self, mails: Sequence[ReceivedMail]) -> None:
        for mail in mails:
            self.count += 1
            found = _MESSAGE_ID.search(mail.raw, 0, 8192)
            self._ids.add(found[1] if found else b"")
            self._newest.append(mail)

    def received(self) -> Received:
        return Received(self.count, len(self._ids), tuple(self._newest))


class Postbox:
    """A running mailbox on 127.0.0.1: `with Postbox(...) as box: box.port`.

    `dead`, `full` and `cut` are e-mail addresses, see AddressFaults; `keep`: how many of the newest mails are handed
    back by `received()`.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        *,
        now: datetime,
        dead: Collection[str] = (),
        full: Collection[str] = (),
        cut: Collection[str] = (),
        keep: int = 200,
    ) -> None:
        self.cut = frozenset(cut)
        context = get_context("spawn")
        self._wire, far_end = context.Pipe()
        self._process = context.Process(
            target=_run, args=(far_end, now, AddressFaults(dead, full, cut), keep), daemon=True
        )
        self._far_end = far_end
        self.port = 0

    def __enter__(self) -> Self:
        self._process.start()
        # Only the child holds its end now, so its death shows as the end of the pipe instead of a wait.
        self._far_end.close()
        try:
            if not self._wire.poll(START_SECONDS):
                raise TimeoutError("the demo's mailbox did not start")
            self.port = self._wire.recv()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def tell_time(self, now: datetime) -> None:
        """Mail from now on arrives at `now`."""
        self._wire.send(now)

    def received(self) -> Received:
        """What came in so far. Raises EOFError if the mailbox has died."""
        self._wire.send("received")
        answer: Received = self._wire.recv()
        return answer

    def _end(self) -> None:
        with contextlib.suppress(OSError):
            self._wire.send("stop")
        self._process.join(5)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._wire.close()


def _run(wire: Connection, now: datetime, faults: AddressFaults, keep: int) -> None:
    # Ctrl-C reaches the whole group: the parent ends us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    uvloop.run(_serve(wire, now, faults, KeptStore(keep)))


async def _serve(wire: Connection, now: datetime, faults: AddressFaults, store: KeptStore) -> None:
    time = [now]
    server = MailboxServer(
        store, port=0, now=lambda: time[0], faults=faults, authenticate=lambda name, word: True, open_access=True
    )
    stopped = asyncio.Event()

    def hear() -> None:
        try:
            said = wire.recv()
        except EOFError:
            said = "stop"
        if said == "stop":
            stopped.set()
        elif said == "received":
            wire.send(store.received())
        else:
            time[0] = said

    async with server:
        asyncio.get_running_loop().add_reader(wire.fileno(), hear)
        # The loop makes what it watches non-blocking; an answer of megabytes would break off half-way.
        os.set_blocking(wire.fileno(), True)
        wire.send(server.port)
        await stopped.wait()
        asyncio.get_running_loop().remove_reader(wire.fileno())
