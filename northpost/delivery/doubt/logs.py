"""What a mail server's own log says of our messages: Postfix's and Exim's main log.

A message is recognised by what we signed, its Message-ID or its return path: a line that merely looks right proves
nothing. Formats: postfix.org DEBUG_README, qmgr(8), smtp(8); the Exim specification, chapter "Log files".
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from northpost.delivery.rules.replies import reply_in

# A line holds at most a few KB; what is longer was not written by a mail server.
LONGEST_LINE = 16_384

_POSTFIX = re.compile(r" postfix[\w.-]*/([\w./-]+)\[\d+\]: (\w{6,24}): (.*)$")
_POSTFIX_ID = re.compile(r"message-id=<([^>\s]+)>")
_POSTFIX_FROM = re.compile(r"from=<([^>\s]+)>, .*\(queue active\)")
_POSTFIX_DONE = re.compile(r"to=<[^>]*>,.*? dsn=(\d\.\d{1,3}\.\d{1,3}), status=(\w+) \((.*)\)\s*$")
_EXIM = re.compile(r"^\S+ \S+ (?:[+-]\d{4} )?(?:\[\d+\] )?(\w{6}-\w{6,11}-\w{2,4}) (<=|=>|->|\*\*|==) (.*)$")
_EXIM_ID = re.compile(r" id=(\S+)")
_EXIM_TAIL = re.compile(r": (.*)$")


@dataclass(frozen=True)
class Entry:
    """What the log tells of a message: ``taken`` (the server has it), ``sent`` on, or ``refused``."""

    message_id: int
    fate: str
    code: int | None = None
    enhanced: str | None = None
    text: str = ""


class LogReader:
    """Feed it lines in their order; ``entries`` then says the last word on each message.

    ours: the local part of a Message-ID or a return path -> the number of our message, or None for all others.
    """

    def __init__(self, ours: Callable[[str], int | None]) -> None:
        self._ours = ours
        self._queued: dict[str, int] = {}
        self.entries: dict[int, Entry] = {}

    def read(self, lines: Iterable[str]) -> None:
        for line in lines:
            postfix = _POSTFIX.search(line)
            if postfix is not None:
                self._postfix(postfix[1], postfix[2], postfix[3])
                continue
            exim = _EXIM.match(line)
            if exim is not None:
                self._exim(exim[1], exim[2], exim[3])

    # --- Postfix ---------------------------------------------------------------------------------

    def _postfix(self, program: str, queue_id: str, rest: str) -> None:
        if program.endswith("cleanup"):
            # Only known by name yet: a client may still break off before the end.
            found = _POSTFIX_ID.search(rest)
            self._recognise(queue_id, found[1] if found else "")
        elif program.endswith("qmgr"):
            found = _POSTFIX_FROM.search(rest)
            if found is not None:
                self._recognise(queue_id, found[1])
                self._note(queue_id, "taken", None, None, "")
            elif rest.startswith("removed"):
                self._queued.pop(queue_id, None)
        else:
            done = _POSTFIX_DONE.search(rest)
            if done is not None:
                enhanced, status, text = done.groups()
                fate = {"sent": "sent", "bounced": "refused", "expired": "refused"}.get(status, "taken")
                code, _said = reply_in(text)
                self._note(queue_id, fate, code, enhanced, text)

    # --- Exim ------------------------------------------------------------------------------------

    def _exim(self, queue_id: str, flag: str, rest: str) -> None:
        if flag == "<=":
            named = _EXIM_ID.search(rest)
            self._recognise(queue_id, rest.split(" ", 1)[0])
            self._recognise(queue_id, named[1] if named else "")
            self._note(queue_id, "taken", None, None, "")
            return
        tail = _EXIM_TAIL.search(rest)
        text = tail[1] if tail and flag in ("**", "==") else rest
        code, enhanced = reply_in(text)
        self._note(queue_id, {"=>": "sent", "->": "sent", "**": "refused"}.get(flag, "taken"), code, enhanced, text)

    # --- both ------------------------------------------------------------------------------------

    def _recognise(self, queue_id: str, address: str) -> None:
        message_id = self._ours(address.rpartition("@")[0])
        if message_id is not None:
            self._queued[queue_id] = message_id

    def _note(self, queue_id: str, fate: str, code: int | None, enhanced: str | None, text: str) -> None:
        message_id = self._queued.get(queue_id)
        if message_id is None:
            return
        before = self.entries.get(message_id)
        # Put off after it went: another copy's line. Nothing unsays that it went.
        if before is None or fate != "taken" or before.fate == "taken":
            self.entries[message_id] = Entry(message_id, fate, code, enhanced, text[:500])


def log_lines(path: Path) -> Iterator[str]:
    """The lines of a log, also of one that was compressed when it was put by. Raises OSError, EOFError."""
    with path.open("rb") as plain:
        packed = plain.read(2) == b"\x1f\x8b"
    with gzip.open(path) if packed else path.open("rb") as file:
        while line := file.readline(LONGEST_LINE):
            yield line.decode("utf-8", "replace").rstrip("\r\n")
