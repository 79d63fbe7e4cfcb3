"""Adding and changing one person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict, Unpack

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from northpost.contacts import rules
from northpost.contacts.errors import ContactProblem, NotHere, Taken
from northpost.contacts.models import Contact, Field
from northpost.core import clock
from northpost.core.addresses import AddressError, normalise
from northpost.team.actions import record
from northpost.team.models import User


class PersonDetails(TypedDict, total=False):
    """What may be said of a person; what is left out stays as it is. ``attributes``: key -> value, None removes."""

    email: str
    external_id: str
    first_name: str
    last_name: str
    phone: str
    language: str
    time_zone: str
    role: str
    attributes: Mapping[str, object]


def add_contact(*, by: User | None = None, **details: Unpack[PersonDetails]) -> Contact:
    """Add a person. Raises ContactProblem for what can't be read, Taken where the person is known already."""
    now = clock.now()
    contact = Contact(created_at=now, updated_at=now)
    _apply(contact, details)
    if contact.email_key is None and contact.external_id is None:
        raise ContactProblem("email", _("Give an e-mail address, or at least the customer number."))
    with transaction.atomic():
        _save(contact)
        if by is not None:
            record(user=by, verb="added", noun="person", noun_id=contact.pk)
    return contact


def update_contact(*, contact_id: int, by: User | None = None, **details: Unpack[PersonDetails]) -> Contact:
    """Change what is known of a person. Raises NotHere, ContactProblem, Taken."""
    with transaction.atomic():
        contact = Contact.objects.select_for_update().filter(pk=contact_id).first()
        if contact is None:
            raise NotHere(f"no contact {contact_id}")
        before = _state(contact)
        _apply(contact, details)
        if contact.email_key is None and contact.external_id is None:
            raise ContactProblem("email", _("Give an e-mail address, or at least the customer number."))
        changed = sorted(name for name, value in _state(contact).items() if before[name] != value)
        if changed:
            contact.updated_at = clock.now()
            _save(contact)
            if by is not None:
                record(user=by, verb="changed", noun="person", noun_id=contact.pk, detail={"fields": changed})
    return contact


_COLUMNS = ("email", "external_id", "first_name", "last_name", "phone", "language", "time_zone", "role", "attributes")


def _state(contact: Contact) -> dict[str, Any]:
    return {name: getattr(contact, name) for name in _COLUMNS}


_READERS = {"language": rules.read_language, "time_zone": rules.read_time_zone, "role": rules.read_role}


def _apply(contact: Contact, details: PersonDetails) -> None:
    for name, given in details.items():
        if name == "email":
            contact.email, contact.email_key = _read_email(str(given or ""))
        elif name == "attributes":
            contact.attributes = _merged(contact.attributes, details["attributes"])
        elif name == "external_id":
            contact.external_id = rules.read_text(name, str(given or "")) or None
        elif name in _READERS:
            setattr(contact, name, _READERS[name](str(given or "")))
        elif name in _COLUMNS:
            setattr(contact, name, rules.read_text(name, str(given or "")))
        else:
            raise TypeError(f"no such detail of a person: {name}")


def _read_email(text: str) -> tuple[str | None, str | None]:
    if not text.strip():
        return None, None
    try:
        address = normalise(text)
    except AddressError as error:
        raise ContactProblem("email", f"{error.message[:1].upper()}{error.message[1:]}.") from error
    return address.envelope, address.key


def _merged(known: Mapping[str, Any], given: Mapping[str, object]) -> dict[str, Any]:
    fields = {field.key: field for field in Field.objects.filter(key__in=list(given))}
    merged = dict(known)
    for key, value in given.items():
        field = fields.get(key)
        if field is None:
            raise ContactProblem(key, _("There is no field of this name."))
        read = rules.read_value(key, field.kind, field.choices, value)
        if read is None:
            merged.pop(key, None)
        else:
            merged[key] = read
    return merged


def _save(contact: Contact) -> None:
    try:
        with transaction.atomic():
            contact.save()
    except IntegrityError as error:
        field = "external_id" if "external_once" in str(error) else "email"
        known = Contact.objects.filter(
            **({"external_id": contact.external_id} if field == "external_id" else {"email_key": contact.email_key})
        ).first()
        raise Taken(field, known.pk if known else None) from error
