"""Erasing a person: everything that is theirs goes, here and in the rooms above."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction

from northpost.contacts.errors import NotHere
from northpost.contacts.models import Contact
from northpost.team.actions import record
from northpost.team.models import User


@dataclass(frozen=True)
class ErasedPerson:
    """Who is being erased, for those who have something of theirs."""

    contact_id: int
    email_key: str | None


# Rooms above register what they do when a person is erased: delete, make anonymous, or keep a keyed hash so that
# the address is never written to again. Called in the transaction of the erasure, before the contact goes.
on_erasing: list[Callable[[ErasedPerson], None]] = []


def erase_contact(*, contact_id: int, by: User | None = None) -> None:
    """Erase a person (GDPR art. 17). Can't be undone. Raises NotHere."""
    with transaction.atomic():
        contact = Contact.objects.select_for_update().filter(pk=contact_id).first()
        if contact is None:
            raise NotHere(f"no contact {contact_id}")
        person = ErasedPerson(contact.pk, contact.email_key)
        for forget in on_erasing:
            forget(person)
        contact.delete()
        # The trail says that it was done and by whom, and nothing of who it was.
        record(user=by, verb="erased", noun="person", noun_id=person.contact_id)
