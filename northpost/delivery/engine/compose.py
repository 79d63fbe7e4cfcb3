"""One person's message as bytes, from a mailing that was compiled once. No database, no network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from northpost.content.compile import CompiledMail, Link, RenderedMail
from northpost.content.mime import address_header, build_message
from northpost.core import addresses
from northpost.delivery.dkim import Signer
from northpost.delivery.engine import addresses as ours
from northpost.delivery.sources import Mailing
from northpost.delivery.transport import Envelope

_TRAP = (
    '<a href="{}" style="display:none;font-size:0;max-height:0;overflow:hidden" tabindex="-1" aria-hidden="true"'
    ' rel="nofollow"></a>'
)


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


def full_context(prepared: Prepared, message_id: int, context: Mapping[str, object]) -> dict[str, object]:
    """The person's Liquid context with the message's own addresses."""
    leave = ours.unsubscribe_url(prepared.workspace_id, message_id)
    return dict(context) | {
        "unsubscribe_url": leave,
        "preferences_url": leave,
        "web_version_url": ours.web_version_url(prepared.workspace_id, message_id),
    }


def render(prepared: Prepared, *, message_id: int, language: str, context: Mapping[str, object]) -> RenderedMail:
    """The mail as this person gets it: links tracked, pixel, hidden link. Raises ContentError, TypeError."""
    mailing = prepared.mailing
    compiled: CompiledMail = mailing.content(language)
    workspace_id = prepared.workspace_id
    origin = ours.Origin(workspace_id, prepared.source_kind, prepared.source_id)

    def link_url(link: Link, url: str) -> str:
        link_id = prepared.link_ids.get(link.url)
        if link_id is None:
            return url
        return ours.click_url(origin, message_id, link_id, "" if url == link.url else url)

    rendered = compiled.render(
        full_context(prepared, message_id, context),
        link_url=link_url if mailing.track_clicks else None,
        pixel_url=ours.open_url(workspace_id, message_id) if mailing.track_opens else None,
    )
    if not mailing.track_clicks:
        return rendered
    trap = _TRAP.format(ours.click_url(origin, message_id, 0))
    head, body, tail = rendered.html.rpartition("</body>")
    html = f"{head}{trap}{body}{tail}" if body else f"{rendered.html}{trap}"
    return RenderedMail(subject=rendered.subject, preheader=rendered.preheader, html=html, text=rendered.text)


def compose(
    prepared: Prepared,
    *,
    message_id: int,
    email: str,
    language: str,
    context: Mapping[str, object],
    now: datetime,
) -> Envelope:
    """The envelope to hand over. Raises BadAddress, ContentError, InvalidHeader, TypeError."""
    try:
        recipient = addresses.normalise(email)
    except addresses.AddressError as error:
        raise BadAddress(str(error)) from error
    if recipient.needs_smtputf8:
        raise BadAddress(f"{email} needs SMTPUTF8: the part before the @ is not ASCII")
    rendered = render(prepared, message_id=message_id, language=language, context=context)
    data = build_message(
        headers=headers(
            prepared, message_id=message_id, recipient=recipient.envelope, subject=rendered.subject, now=now
        ),
        text=rendered.text,
        html=rendered.html,
        boundary_seed=f"{prepared.workspace_id}:{message_id}",
    )
    sender = ours.return_path(prepared.workspace_id, message_id, prepared.domain)
    return Envelope(message_id, sender, recipient.envelope, data)


def headers(
    prepared: Prepared, *, message_id: int, recipient: str, subject: str, now: datetime
) -> list[tuple[str, str]]:
    """RFC 5322, and what mailbox providers ask of bulk mail (RFC 2369, 2919, 8058; Gmail's Feedback-ID)."""
    mailing, workspace_id = prepared.mailing, prepared.workspace_id
    found = [
        ("Date", format_datetime(now)),
        ("From", prepared.sender),
        ("To", address_header("", recipient)),
        ("Subject", subject),
        ("Message-ID", ours.message_id_header(workspace_id, message_id, prepared.domain)),
    ]
    if prepared.reply_to:
        found.append(("Reply-To", prepared.reply_to))
    if not mailing.transactional:
        found += [
            ("List-Unsubscribe", f"<{ours.unsubscribe_url(workspace_id, message_id)}>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
            ("List-Id", prepared.list_id),
            ("Precedence", "bulk"),
        ]
    feedback = f"{prepared.source_kind}{prepared.source_id}:w{workspace_id}:{mailing.mail_type}:northpost"
    found.append(("Feedback-ID", feedback))
    return found
