"""Whom a mail is about: the tokens of ours that it carries. Nothing else is believed."""

from __future__ import annotations

import hmac
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from northpost.core import signing
from northpost.delivery import addresses as ours
from northpost.delivery.inbound.parts import Part

# More than any honest mail has: each costs an HMAC.
MOST_TOKENS = 60
_MAX_PROSE = 64 * 1024

_RETURN_PATH = re.compile(r"bounce\+([0-9a-f]{24,120})@", re.IGNORECASE)
_MESSAGE_ID = re.compile(r"<([A-Za-z0-9_-]{30,60})@")
_INBOX = re.compile(r"inbox\+([0-9a-f]{40})@", re.IGNORECASE)
# Where a server notes for whom a mail came, best first.
_DELIVERED = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-delivered-to", "to", "cc")
_IN_COPY = re.compile(r"^[> \t]*(?:return-path|message-id):[^\n]{0,300}$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Whose:
    """A message of ours, proven."""

    workspace_id: int
    message_id: int


def inbox_address(workspace_id: int, domain: str) -> str:
    """An address for whatever is to reach a workspace without naming one of its messages, as DMARC reports."""
    return f"inbox+{workspace_id:08x}{_inbox_proof(workspace_id)}@{domain}"


def workspace_of_address(address: str) -> int | None:
    """The workspace that an address is of: a return path of ours, or an inbox address. None: neither."""
    for found in _from_addresses([address]):
        return found.workspace_id
    for match in _INBOX.finditer(address[:1000]):
        workspace_id = int(match[1][:8], 16)
        if hmac.compare_digest(match[1][8:].lower(), _inbox_proof(workspace_id)):
            return workspace_id
    return None


def workspace_of_mail(headers: Part) -> int | None:
    """The same by where a mail says that it was delivered."""
    said = [value for name in _DELIVERED for value in headers.raw_headers(name)]
    return next((found for value in said[:20] if (found := workspace_of_address(value)) is not None), None)


def whose(mail: Part, envelope_recipient: str = "") -> Whose | None:
    """The message that a bounce, report or reply is about; None where no token of ours proves it.

    Looks at the envelope, at where it was delivered, at what it answers, and at the mail of ours inside it.
    """
    tried = itertools.islice(_candidates(mail, envelope_recipient), MOST_TOKENS)
    return next((found for found in tried if found is not None), None)


def _candidates(mail: Part, envelope_recipient: str) -> Iterator[Whose | None]:
    said = [envelope_recipient, *(value for name in _DELIVERED for value in mail.raw_headers(name))]
    yield from _tokens(_RETURN_PATH, ours.BOUNCE, said)
    answered = [*mail.raw_headers("in-reply-to"), *reversed(mail.raw_headers("references"))]
    yield from _tokens(_MESSAGE_ID, ours.MESSAGE_ID, answered)
    for part in mail.walk():
        if part is not mail and part.headers:
            yield from _tokens(_RETURN_PATH, ours.BOUNCE, part.raw_headers("return-path"))
            yield from _tokens(_MESSAGE_ID, ours.MESSAGE_ID, part.raw_headers("message-id"))
    for part in mail.walk():
        # Programs that write prose copy our headers into it.
        if part.kind == "text/plain" and not part.parts:
            copied = [match[0] for match in _IN_COPY.finditer(part.text(_MAX_PROSE))][:20]
            yield from _tokens(_RETURN_PATH, ours.BOUNCE, copied)
            yield from _tokens(_MESSAGE_ID, ours.MESSAGE_ID, copied)


def _from_addresses(texts: Iterable[str]) -> Iterator[Whose]:
    for found in _tokens(_RETURN_PATH, ours.BOUNCE, [text[:1000] for text in texts]):
        if found is not None:
            yield found


def _tokens(pattern: re.Pattern[str], purpose: str, texts: Iterable[str]) -> Iterator[Whose | None]:
    """Each token in these texts: whose it is, or None where it is not one of ours."""
    for text in texts:
        for match in pattern.finditer(text):
            try:
                yield Whose(*ours.read_message(purpose, match[1]))
            except signing.BadToken:
                yield None


def _inbox_proof(workspace_id: int) -> str:
    return signing.keyed_hash("inbox", str(workspace_id))[:16].hex()
