"""What kind of mail came in. Pure: bytes in, a Reading out, within bounds."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from northpost.core import addresses
from northpost.delivery.inbound.automatic import is_automatic
from northpost.delivery.inbound.dmarc import reports_in
from northpost.delivery.inbound.dsn import Dsn, read_dsn
from northpost.delivery.inbound.feedback import Complaint, OtherFeedback, read_feedback
from northpost.delivery.inbound.parts import Part, read_parts
from northpost.delivery.inbound.words import own_words, text_of


@dataclass(frozen=True, slots=True)
class AutoReply:
    """A machine answered: nothing follows from it."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A person wrote. ``text``: their own words, at most 20,000 characters."""

    text: str


@dataclass(frozen=True, slots=True)
class DmarcMail:
    """One or more aggregate reports, as XML."""

    reports: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unknown:
    """``why``: a code, empty where there is nothing to say."""

    why: str = ""


Kind = Dsn | Complaint | AutoReply | Reply | DmarcMail | Unknown


@dataclass(frozen=True, slots=True)
class Reading:
    """``sender_key``: the writer's address to compare, or empty. ``mail``: the parts, for :func:`whose.whose`."""

    kind: Kind
    sender_key: str
    subject: str
    mail: Part = field(repr=False)


def classify(raw: bytes) -> Reading:
    """Raises Unreadable for a mail made in a way that no honest one is, and UnreadableReport for such an archive."""
    mail = read_parts(raw)
    return Reading(_kind(mail), _sender_key(mail.raw_header("from")), mail.header("subject")[:300], mail)


def _kind(mail: Part) -> Kind:
    feedback = read_feedback(mail)
    if isinstance(feedback, OtherFeedback):
        return Unknown("other_feedback")
    if feedback is not None:
        return feedback
    if reports := reports_in(mail):
        return DmarcMail(tuple(reports))
    # Before the automatic replies: a notification says of itself that it is one (RFC 3834).
    notification = read_dsn(mail)
    if notification is not None:
        return notification
    if is_automatic(mail):
        return AutoReply()
    text = text_of(mail)
    return Reply(own_words(text)) if text else Unknown("empty")


_ADDRESS = re.compile(r"<([^<>\s]{3,254})>|([^\s<>\"(),:;]{1,64}@[^\s<>\"(),:;]{1,253})")


def _sender_key(said: str) -> str:
    """The address in angle brackets, or else the first thing that looks like one."""
    found = sorted(_ADDRESS.findall(said[:2000]), key=lambda groups: not groups[0])
    try:
        return addresses.normalise(found[0][0] or found[0][1]).key if found else ""
    except addresses.AddressError:
        return ""
