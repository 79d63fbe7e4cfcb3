"""One person's message as bytes, from a mailing that was compiled once. No database, no network."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache

from django.conf import settings

from northpost.content.bound import Binding, BoundMail, Marks, filled
from northpost.content.compile import RenderedMail
from northpost.content.links import Link
from northpost.content.liquid import LinkUrl
from northpost.content.mime import address_header, frame, header
from northpost.core import addresses
from northpost.delivery import addresses as ours
from northpost.delivery.dkim import Signer
from northpost.delivery.sources import Mailing
from northpost.delivery.transport import Envelope

# An address that needs no second look: it is its own spelling on the wire. (No dots in a row, no IDNA.)
_SIMPLE = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,63}")
_SIMPLE_LENGTH = 64  # of the whole, so that no part of it can be too long


@dataclass(frozen=True)
class Prepared:
    """A mailing with what is worked out once a run: its link rows (address as written -> id), domain and headers.

    ``signer``: signs what is composed, where its domain has DKIM keys.
    """

    mailing: Mailing
    workspace_id: int
    source_kind: str
    source_id: int
    link_ids: Mapping[str, int]
    domain: str
    sender: str
    reply_to: str
    list_id: str
    signer: Signer | None = None
    letters: dict[tuple[str, int], Letter] = field(default_factory=dict, repr=False, compare=False)

    def letter(self, language: str, variant: int = 0) -> Letter:
        """A variant in a language, or in the mailing's own where it hasn't that; made when it is first asked for.
        Raises ContentError for a variant that there is none of."""
        known = language if language in self.mailing.by_language(variant) else self.mailing.language
        letter = self.letters.get((known, variant))
        if letter is None:
            letter = self.letters[known, variant] = Letter(self, known, variant)
        return letter


class BadAddress(ValueError):
    """The person's address can't be written to. Permanent; the message says why."""


def prepare(
    mailing: Mailing, *, workspace_id: int, source_kind: str, source_id: int, link_ids: Mapping[str, int]
) -> Prepared:
    """Raises AddressError or InvalidHeader if the sender can't stand in a header."""
    domain = addresses.normalise(mailing.sender_email).domain
    list_id = f"<{mailing.mail_type}.w{workspace_id}.{domain}>"
    return Prepared(
        mailing=mailing,
        workspace_id=workspace_id,
        source_kind=source_kind,
        source_id=source_id,
        link_ids=link_ids,
        domain=domain,
        sender=address_header(mailing.sender_name, mailing.sender_email),
        reply_to=address_header("", mailing.reply_to) if mailing.reply_to else "",
        list_id=f"{address_phrase(mailing.list_name)}{list_id}",
    )


def address_phrase(name: str) -> str:
    """A name before an angle bracket, with a blank behind it; nothing where it can't be plain ASCII (RFC 2919)."""
    plain = " ".join(name.split())
    quotable = plain.isascii() and plain.isprintable() and '"' not in plain and "\\" not in plain
    return f'"{plain}" ' if plain and quotable else ""


class Letter:
    """A variant in one language: its mail and its headers, with marks where a message's own tokens go."""

    def __init__(self, prepared: Prepared, language: str, variant: int) -> None:
        mailing = prepared.mailing
        origin = ours.Origin(prepared.workspace_id, prepared.source_kind, prepared.source_id)
        self._own = ours.Addresses(origin)
        self._domain = prepared.domain
        marks = Marks(ours.TOKENS)
        base = settings.NORTHPOST_URL
        leave = f"{base}/m/u/{marks[ours.LEAVE]}"
        binding = Binding(
            marks=marks,
            shared=mailing.shared,
            own={
                "unsubscribe_url": leave,
                "preferences_url": leave,
                "web_version_url": f"{base}/m/v/{marks[ours.VIEW]}",
            },
            link_url=self._link_url(prepared, marks) if mailing.track_clicks else None,
            pixel_url=f"{base}/m/o/{marks[ours.OPEN]}.gif" if mailing.track_opens else None,
            trap_url=f"{base}/m/c/{self._own.link(0)}/{marks[ours.CLICK]}" if mailing.track_clicks else None,
        )
        seed = f"{prepared.workspace_id}:{prepared.source_kind}:{prepared.source_id}:{language}:{variant}"
        self._mail = BoundMail(mailing.content(language, variant), binding, frame(seed))
        self._sender = header("From", prepared.sender)
        self._headers = marks.cut(_headers(prepared, marks))

    def _link_url(self, prepared: Prepared, marks: Marks) -> LinkUrl:
        base, mark = f"{settings.NORTHPOST_URL}/m/c", marks[ours.CLICK]

        def link_url(link: Link, url: str) -> str:
            link_id = prepared.link_ids.get(link.url)
            if link_id is None:
                return url
            return f"{base}/{self._own.link(link_id, '' if url == link.url else url)}/{mark}"

        return link_url

    def render(self, message_id: int, context: Mapping[str, object]) -> RenderedMail:
        """Raises ContentError, TypeError."""
        return self._mail.render(context, self._own.parts(message_id).tokens)

    def compose(self, message_id: int, recipient: str, context: Mapping[str, object], now: datetime) -> Envelope:
        """recipient: as it stands in the envelope. Raises ContentError, InvalidHeader, TypeError."""
        parts = self._own.parts(message_id)
        before = b"%b%bTo: %b\r\n" % (_date(now), self._sender, recipient.encode())
        after = filled(self._headers, parts.tokens)
        data = self._mail.message(lambda subject: before + subject + after, context, parts.tokens)
        plain = recipient.isascii()
        return Envelope(
            message_id, f"bounce+{parts.bounce}@{self._domain}", recipient, data, smtputf8=not plain, ready=plain
        )


def _headers(prepared: Prepared, marks: Marks) -> bytes:
    """What follows the subject: RFC 5322, and what mailbox providers ask of bulk mail (RFC 2369, 2919, 8058; Gmail's
    Feedback-ID)."""
    mailing, workspace_id = prepared.mailing, prepared.workspace_id
    found = [("Message-ID", f"<{marks[ours.MESSAGE_ID]}@{prepared.domain}>")]
    if prepared.reply_to:
        found.append(("Reply-To", prepared.reply_to))
    if not mailing.transactional:
        found += [
            ("List-Unsubscribe", f"<{settings.NORTHPOST_URL}/m/u/{marks[ours.LEAVE]}>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
            ("List-Id", prepared.list_id),
            ("Precedence", "bulk"),
        ]
    feedback = f"{prepared.source_kind}{prepared.source_id}:w{workspace_id}:{mailing.mail_type}:northpost"
    found.append(("Feedback-ID", feedback))
    return b"".join(header(name, value) for name, value in found)


@lru_cache(maxsize=64)
def _date(now: datetime) -> bytes:
    return header("Date", format_datetime(now))


def render(
    prepared: Prepared, *, message_id: int, language: str, variant: int = 0, context: Mapping[str, object]
) -> RenderedMail:
    """The mail as this person gets it: links tracked, pixel, hidden link. Raises ContentError, TypeError."""
    return prepared.letter(language, variant).render(message_id, context)


def compose(
    prepared: Prepared,
    *,
    message_id: int,
    email: str,
    language: str,
    variant: int = 0,
    context: Mapping[str, object],
    now: datetime,
) -> Envelope:
    """The envelope to hand over. Raises BadAddress, ContentError, InvalidHeader, TypeError."""
    return prepared.letter(language, variant).compose(message_id, recipient_of(email), context, now)


def recipient_of(email: str) -> str:
    """The address as the envelope and To have it; raw UTF-8 before the @ where it is such (RFC 6531, 6532). Raises
    BadAddress."""
    if len(email) <= _SIMPLE_LENGTH and _SIMPLE.fullmatch(email) and "xn--" not in email:
        return email
    try:
        recipient = addresses.normalise(email)
    except addresses.AddressError as error:
        raise BadAddress(str(error)) from error
    return recipient.envelope
