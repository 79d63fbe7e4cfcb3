"""Who reads a public page: as much of a message's person as the page needs, and no more."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from northpost.contacts.models import Consent, ConsentState, Contact, Purpose
from northpost.core import tenancy
from northpost.delivery.models import Message
from northpost.team.models import Workspace


@dataclass(frozen=True)
class Reader:
    """``address`` is shown shortened: a mail that was forwarded must not tell whose it was."""

    firm: str
    address: str
    purpose: str
    language: str
    gets_mail: bool
    postal_address: str


def read_reader(message_id: int) -> Reader | None:
    """The person of a message of the current workspace; None without message. An erased one has no address."""
    message = Message.objects.filter(pk=message_id).first()
    if message is None:
        return None
    workspace = Workspace.objects.get(pk=tenancy.require_workspace())
    purposes = Purpose.objects.order_by("pk")
    own = purposes if message.purpose_id is None else purposes.filter(pk=message.purpose_id)
    purpose = own.first() or purposes.first()
    contact = Contact.objects.filter(pk=message.contact_id).first()
    agreed = (
        contact is not None
        and Consent.objects.filter(contact_id=contact.pk, purpose=purpose, state=ConsentState.GRANTED).exists()
    )
    wish = (contact.language if contact else "") or message.language or workspace.language
    return Reader(
        firm=workspace.company_name or workspace.name,
        address=shortened(contact.email or "" if contact else ""),
        purpose=purpose.label if purpose else "",
        language=wish if wish in dict(settings.LANGUAGES) else workspace.language,
        gets_mail=agreed,
        postal_address=workspace.postal_address,
    )


def shortened(email: str) -> str:
    """ivan.petrov@example.com -> i•••v@example.com"""
    local, at, domain = email.rpartition("@")
    if not at:
        return ""
    return f"{local[:1]}•••{local[-1:] if len(local) > 2 else ''}@{domain}"
