"""People in batches to the database: a temporary table, then a few statements over it.

Used by the kind "contacts", and by kinds of higher rooms whose rows name people (orders).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from northpost.contacts.actions.consent import ImportedConsents, announce_imported
from northpost.contacts.models import ConsentState, ContactList, Purpose, Tag
from northpost.core import clock, sql, tenancy
from northpost.team.models import Workspace

from .kinds import ImportRefused, Tally
from .options import Existing, Options

_ROOM = "northpost.contacts"
_COPY = (
    "COPY contacts_incoming (place, email, email_key, external_id, first_name, last_name, phone, language, time_zone,"
    " role, attributes, consented_at) FROM STDIN"
)


@dataclass(slots=True)
class Person:
    """What a row says of a person; empty where it says nothing."""

    email: str | None = None
    email_key: str | None = None
    external_id: str | None = None
    first_name: str = ""
    last_name: str = ""
    phone: str = ""
    language: str = ""
    time_zone: str = ""
    role: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)
    consented_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """Options with the names in them looked up."""

    purpose_id: int | None
    purpose_key: str
    consent_source: str
    consent_text: str
    text_version: str
    list_ids: tuple[int, ...]
    tag_ids: tuple[int, ...]
    time_zone: str


def settle_options(options: Options) -> Settled:
    """Look up what the options name; tags that are new are made. Raises ImportRefused."""
    purpose = None
    if options.purpose:
        purpose = Purpose.objects.filter(key=options.purpose).first()
        if purpose is None:
            raise ImportRefused(_("There is no consent called “%(name)s”.") % {"name": options.purpose})
        if not options.consent_source.strip():
            raise ImportRefused(_("Say where and how these people gave their consent."))
    lists = set(ContactList.objects.filter(pk__in=options.lists, archived_at=None).values_list("pk", flat=True))
    if lists != set(options.lists):
        raise ImportRefused(_("A list that was chosen is not there any more."))
    names = sorted({name.strip() for name in options.tags if name.strip()})
    if any(len(name) > 60 for name in names):
        raise ImportRefused(_("A tag has at most 60 characters."))
    Tag.objects.bulk_create([Tag(name=name) for name in names], ignore_conflicts=True)
    tags = Tag.objects.filter(name__in=names).values_list("pk", flat=True)
    return Settled(
        purpose_id=purpose.pk if purpose else None,
        purpose_key=options.purpose,
        consent_source=options.consent_source.strip()[:200],
        consent_text=options.consent_text.strip() or (purpose.text if purpose else ""),
        text_version="" if options.consent_text.strip() or not purpose else purpose.text_version,
        list_ids=tuple(sorted(lists)),
        tag_ids=tuple(sorted(tags)),
        time_zone=Workspace.objects.get(pk=tenancy.require_workspace()).time_zone,
    )


def store_people(batch: Sequence[Person], *, run_id: int, existing: Existing, settled: Settled) -> Tally:
    """Make or change these people inside the caller's transaction."""
    tally = Tally()
    folded, places = _fold(batch, existing, tally)
    _stage(folded)
    params = _params(run_id, existing, settled)
    created = _match_and_create(params)
    changed = 0
    if created < len(folded):
        for place, reason in _refuse_clashes(params).items():
            tally.refused |= dict.fromkeys(places[place], reason)
        changed = 0 if existing is Existing.SKIP else _update(params)
    _attach(params, settled)
    tally.created = created
    tally.updated = changed
    tally.unchanged = len(batch) - created - changed - len(tally.refused)
    return tally


def resolve_people(
    people: Sequence[Person], *, run_id: int, settled: Settled, create: bool = True
) -> tuple[list[int | None], dict[int, str]]:
    """Who these are: an id for each in the same order, and the places of those who can't be told, with the reason.

    People who are not here are made (or, without `create`, have no id); what is missing of the others is filled in.
    Inside the caller's transaction.
    """
    if not people:
        return [], {}
    tally = Tally()
    folded, places = _fold(people, Existing.FILL, tally)
    refused = dict(tally.refused)
    _stage(folded)
    params = _params(run_id, Existing.FILL, settled)
    created = 0
    if create:
        created = _match_and_create(params)
    else:
        sql.run(sql.load(_ROOM, "match_incoming_contacts"), params)
    if created < len(folded):
        for place, reason in _refuse_clashes(params).items():
            refused |= dict.fromkeys(places[place], reason)
        if create:
            _update(params)
    if create:
        _attach(params, settled)
    ids: list[int | None] = [None] * len(people)
    for row in sql.fetch_all("SELECT place, contact_id FROM contacts_incoming"):
        for place in places[row["place"]]:
            ids[place] = row["contact_id"]
    return ids, refused


def _params(run_id: int, existing: Existing, settled: Settled) -> dict[str, Any]:
    return {
        "workspace_id": tenancy.require_workspace(),
        "now": clock.now(),
        "run_id": run_id,
        "overwrite": existing is Existing.OVERWRITE,
        "purpose_id": settled.purpose_id,
        "source": settled.consent_source,
        "text": settled.consent_text,
        "text_version": settled.text_version,
        "granted": ConsentState.GRANTED.value,
        "withdrawn": ConsentState.WITHDRAWN.value,
    }


def _fold(batch: Sequence[Person], existing: Existing, tally: Tally) -> tuple[dict[int, Person], dict[int, list[int]]]:
    """One person for all rows of a batch that mean the same one: place of the first row -> person, and its rows."""
    by_email: dict[str, int] = {}
    by_number: dict[str, int] = {}
    folded: dict[int, Person] = {}
    places: dict[int, list[int]] = {}
    for place, person in enumerate(batch):
        first = by_email.get(person.email_key) if person.email_key else None
        same = by_number.get(person.external_id) if person.external_id else None
        if first is None and same is None:
            folded[place], places[place] = person, [place]
            first = place
        elif first is not None and same is not None and first != same:
            tally.refused[place] = _two_people()
            continue
        else:
            first = same if first is None else first
            held = folded[first]  # type: ignore[index]
            if same is None and held.external_id and person.external_id:
                tally.refused[place] = _other_number(held.external_id)
                continue
            places[first].append(place)  # type: ignore[index]
            _merge(held, person, existing)
        if person.email_key:
            by_email.setdefault(person.email_key, first)  # type: ignore[arg-type]
        if person.external_id:
            by_number.setdefault(person.external_id, first)  # type: ignore[arg-type]
    return folded, places


def _merge(held: Person, later: Person, existing: Existing) -> None:
    if existing is Existing.SKIP:
        return
    overwrite = existing is Existing.OVERWRITE
    for name in _MERGED:
        new = getattr(later, name)
        if new and (overwrite or not getattr(held, name)):
            setattr(held, name, new)
    held.attributes = held.attributes | later.attributes if overwrite else later.attributes | held.attributes


_MERGED = (
    *("email", "email_key", "external_id", "first_name", "last_name", "phone", "language", "time_zone", "role"),
    "consented_at",
)


def _stage(people: dict[int, Person]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.load(_ROOM, "stage_contacts"))
        with cursor.copy(_COPY) as copy:
            for place, person in people.items():
                copy.write_row(
                    (
                        place,
                        person.email,
                        person.email_key,
                        person.external_id,
                        person.first_name,
                        person.last_name,
                        person.phone,
                        person.language,
                        person.time_zone,
                        person.role,
                        json.dumps(person.attributes) if person.attributes else "{}",
                        person.consented_at,
                    )
                )


def _match_and_create(params: dict[str, Any]) -> int:
    """Find who is here already and make the rest; returns how many were made."""
    match = sql.load(_ROOM, "match_incoming_contacts")
    sql.run(match, params)
    missing = sql.fetch_value("SELECT count(*) FROM contacts_incoming WHERE contact_id IS NULL")
    if not missing:
        return 0
    created = sql.run(sql.load(_ROOM, "insert_incoming_contacts"), params)
    if created == missing:
        sql.run("UPDATE contacts_incoming SET by_email = new_id WHERE contact_id IS NULL")
    else:  # somebody else made some of them at the same moment
        sql.run(match, params)
    return created


def _refuse_clashes(params: dict[str, Any]) -> dict[int, str]:
    clashes = sql.fetch_all(sql.load(_ROOM, "refuse_incoming_contacts"), params)
    return {row["place"]: _other_number(row["number"]) if row["number"] else _two_people() for row in clashes}


def _update(params: dict[str, Any]) -> int:
    return sum(sql.run(sql.load(_ROOM, "update_incoming_contacts"), params | {"turn": turn}) for turn in (1, 2))


def _attach(params: dict[str, Any], settled: Settled) -> None:
    if settled.purpose_id is not None:
        _grant(params)
    for list_id in settled.list_ids:
        sql.run(sql.load(_ROOM, "list_incoming_contacts"), params | {"list_id": list_id})
    for tag_id in settled.tag_ids:
        sql.run(sql.load(_ROOM, "tag_incoming_contacts"), params | {"tag_id": tag_id})


def _grant(params: dict[str, Any]) -> None:
    given = sql.fetch_one(sql.load(_ROOM, "grant_incoming_consent"), params)
    assert given is not None, "an aggregate always has a row"
    announce_imported(ImportedConsents(given["record_ids"], given["months"]))


def _two_people() -> str:
    return _("the e-mail address belongs to one person and the customer number to another")


def _other_number(number: str) -> str:
    return _("the e-mail address belongs to the customer with the number %(number)s") % {"number": number}
