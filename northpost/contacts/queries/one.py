"""Everything about one person, and what a mail may say of many."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from northpost.contacts.models import Consent, ConsentRecord, Contact, ContactList, Field, Purpose, Tag
from northpost.core import clock, sql


def person(contact_id: int) -> Contact | None:
    """The contact, or None if there is no such person in this workspace."""
    return Contact.objects.filter(pk=contact_id).first()


@dataclass(frozen=True)
class Standing:
    """Where a person stands on a purpose: ``state`` None if never asked; ``records`` the proof, newest first."""

    purpose: Purpose
    state: str | None
    since: datetime | None
    records: list[ConsentRecord]


def standings(contact_id: int) -> list[Standing]:
    """A person's consent, purpose by purpose, with its proof."""
    now = {consent.purpose_id: consent for consent in Consent.objects.filter(contact_id=contact_id)}
    proof: dict[int, list[ConsentRecord]] = {}
    for line in ConsentRecord.objects.filter(contact_id=contact_id).order_by("-at", "-id"):
        proof.setdefault(line.purpose_id, []).append(line)
    return [
        Standing(
            purpose,
            now[purpose.pk].state if purpose.pk in now else None,
            now[purpose.pk].since if purpose.pk in now else None,
            proof.get(purpose.pk, []),
        )
        for purpose in Purpose.objects.order_by("id")
    ]


_CONTEXT = """
    SELECT id, email, external_id, first_name, last_name, phone, language, time_zone, role,
           attributes::text AS attributes
    FROM contacts_contact WHERE id = ANY(%(ids)s::bigint[])
"""


def context_for(contact_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """What a mail may say of each person: the ``contact`` of its Liquid context, plain data only.

    ``email``, ``external_id``, ``first_name``, ``last_name``, ``full_name``, ``phone``, ``language``, ``time_zone``,
    ``role`` and each custom field by its key (numbers as numbers, dates as YYYY-MM-DD); unknown ids are left out.
    """
    rows = sql.fetch_prepared(_CONTEXT, {"ids": sql.integer_array(contact_ids)})
    # All that is JSON read at once: for each person alone it takes three times as long.
    attributes: list[dict[str, Any]] = json.loads(f"[{','.join([row[-1] for row in rows])}]")
    people: dict[int, dict[str, Any]] = {}
    for row, person in zip(rows, attributes, strict=True):
        contact_id, email, external_id, first_name, last_name, phone, language, time_zone, role, _attributes = row
        person.update(
            {
                "id": contact_id,
                "email": email,
                "external_id": external_id,
                "first_name": first_name,
                "last_name": last_name,
                "full_name": f"{first_name} {last_name}".strip(),
                "phone": phone,
                "language": language,
                "time_zone": time_zone,
                "role": role,
            }
        )
        people[contact_id] = person
    return people


@dataclass(frozen=True)
class Happening:
    """A line of a person's timeline. ``kind`` as events name it (mail.opened, order.placed, consent.granted)."""

    at: datetime
    kind: str
    key: str
    detail: dict[str, Any] = field(default_factory=dict)


def timeline(contact_id: int, *, before: datetime | None = None, limit: int = 50) -> list[Happening]:
    """The consent given and withdrawn by a person before a moment, newest first."""
    lines = ConsentRecord.objects.filter(contact_id=contact_id).select_related("purpose")
    if before is not None:
        lines = lines.filter(at__lt=before)
    return [
        Happening(
            line.at,
            f"consent.{line.state}",
            f"consent:{line.pk}",
            {"purpose": line.purpose.label, "source": line.source, "ip": line.ip, "version": line.text_version},
        )
        for line in lines.order_by("-at", "-id")[:limit]
    ]


# Rooms above register what they know of a person, by name, for :func:`export_person`: plain data that JSON can hold.
on_exporting: dict[str, Callable[[int], Any]] = {}


def export_person(contact_id: int) -> dict[str, Any] | None:
    """Everything that is known of a person (GDPR art. 15 and 20), as data that JSON can hold."""
    contact = person(contact_id)
    if contact is None:
        return None
    labels = dict(Field.objects.values_list("key", "label"))
    own = {
        "exported_at": clock.now().isoformat(),
        "person": {
            "email": contact.email,
            "customer_number": contact.external_id,
            "first_name": contact.first_name,
            "last_name": contact.last_name,
            "phone": contact.phone,
            "language": contact.language,
            "time_zone": contact.time_zone,
            "role": contact.role,
            "known_since": contact.created_at.isoformat(),
            "changed": contact.updated_at.isoformat(),
        },
        "fields": [
            {"key": key, "name": labels.get(key, key), "value": value}
            for key, value in sorted(contact.attributes.items())
        ],
        "consent": [_proof(line) for line in _records(contact_id)],
        "lists": list(
            ContactList.objects.filter(members__contact_id=contact_id).order_by("name").values_list("name", flat=True)
        ),
        "tags": list(Tag.objects.filter(tagged__contact_id=contact_id).order_by("name").values_list("name", flat=True)),
    }
    return own | {name: tell(contact_id) for name, tell in on_exporting.items()}


def _records(contact_id: int) -> list[ConsentRecord]:
    return list(ConsentRecord.objects.filter(contact_id=contact_id).select_related("purpose").order_by("at", "id"))


def _proof(line: ConsentRecord) -> dict[str, Any]:
    return {
        "purpose": line.purpose.label,
        "state": line.state,
        "at": line.at.isoformat(),
        "source": line.source,
        "text": line.text,
        "version": line.text_version,
        "ip": line.ip,
        "confirmed_at": line.confirmed_at.isoformat() if line.confirmed_at else None,
    }
