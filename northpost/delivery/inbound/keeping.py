"""How long what came in is kept, and what an erasure leaves of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from northpost.contacts.actions import ErasedPerson
from northpost.core import tenancy
from northpost.delivery.models import InboundKind, InboundMail, InboundState, Message
from northpost.mailbox.actions import forget_address

KEPT = timedelta(days=30)
# Those of which nothing follows, and which tell nothing later.
_PASSING = (InboundKind.DELAY, InboundKind.AUTO_REPLY, InboundKind.UNKNOWN)


def forget_old(now: datetime) -> int:
    """After KEPT: mails as they came, and altogether those that meant nothing. Returns how many it concerned."""
    tenancy.require_workspace()
    old = InboundMail.objects.filter(received_at__lt=now - KEPT).exclude(state=InboundState.WAITING)
    gone, _each = old.filter(Q(kind__in=_PASSING) | Q(state=InboundState.REFUSED)).delete()
    return gone + old.exclude(raw=None).update(raw=None)


def forget_person(person: ErasedPerson) -> None:
    """Everything they wrote, and every bounce that names them, goes; also what lies in the local mailbox for them."""
    theirs = Q(contact_id=person.contact_id) | Q(
        message_id__in=Message.objects.filter(contact_id=person.contact_id).values("pk")
    )
    if person.email_key:
        theirs |= Q(sender_key=person.email_key) | Q(about_key=person.email_key)
        theirs |= Q(envelope_recipient__iexact=person.email_key)
        forget_address(person.email_key)
    InboundMail.objects.filter(theirs).delete()


def export_person(contact_id: int) -> list[dict[str, Any]]:
    """What came back from a person or about their address, oldest first, as JSON holds it."""
    return [
        {
            "at": row.received_at.isoformat(),
            "kind": row.kind,
            "from": row.sender_key,
            "subject": row.subject,
            "text": row.text,
            "diagnostic": row.diagnostic,
        }
        for row in InboundMail.objects.filter(contact_id=contact_id).defer("raw").order_by("received_at", "pk")
    ]
