"""A finished message taken apart again, for services that want its parts instead of the whole."""

from __future__ import annotations

import email.policy
from collections.abc import Container
from email import message_from_bytes
from email.message import EmailMessage

from django.core.mail import EmailMultiAlternatives

from northpost.delivery.transport import Envelope

TAG = "northpost"
# Said by other means, or the service's own affair.
_NOT_HANDED_ON = frozenset(
    ["from", "to", "subject", "reply-to", "date", "message-id", "mime-version", "dkim-signature", "return-path"]
)


def parse(envelope: Envelope) -> EmailMessage:
    return message_from_bytes(envelope.data, policy=email.policy.SMTP)


def token_of(parsed: EmailMessage) -> str:
    """What names the message in the service's reports: the local part of its Message-ID, which we signed."""
    return str(parsed["Message-ID"] or "").strip().strip("<>").rpartition("@")[0]


def _plain(name: str, value: str) -> str:
    """A header's value as it may be handed on. A list's name in other letters goes no further than here: some services
    refuse it, some send it unencoded; what counts is the part in brackets (RFC 2919, 3)."""
    if name.lower() == "list-id" and not value.isascii():
        return f"<{value.rpartition('<')[2]}"
    return value


def taken_apart(envelope: Envelope, *, headers: Container[str] | None = None) -> EmailMultiAlternatives:
    """Subject, addresses, both bodies and the other headers (only ``headers``, in lower case, where given)."""
    parsed = parse(envelope)
    text = parsed.get_body(("plain",))
    html = parsed.get_body(("html",))
    others = {
        name: _plain(name, " ".join(str(value).split()))
        for name, value in parsed.items()
        if name.lower() not in _NOT_HANDED_ON
        and not name.lower().startswith("content-")
        and (headers is None or name.lower() in headers)
    }
    made = EmailMultiAlternatives(
        subject=str(parsed["Subject"] or ""),
        body=str(text.get_content()) if text else "",
        from_email=str(parsed["From"]),
        to=[envelope.recipient],
        reply_to=[str(parsed["Reply-To"])] if parsed["Reply-To"] else [],
        headers=others,
    )
    if html:
        made.attach_alternative(str(html.get_content()), "text/html")
    made.metadata = {TAG: token_of(parsed)}  # type: ignore[attr-defined]
    return made
