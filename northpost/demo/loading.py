"""Voltline's people, products and orders, brought in the way a firm brings in its own: by files, through the import.

The files are written to a temporary directory and forgotten; refused rows are an error here, for the demo's own
data must be good.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from django.db import transaction

from northpost.contacts import actions as contacts
from northpost.contacts import imports
from northpost.contacts.actions.consent import MARKETING
from northpost.contacts.imports.people import read_email
from northpost.contacts.imports.storing import Person, settle_options, store_people
from northpost.contacts.models import Contact, ContactList, FieldKind
from northpost.core import clock
from northpost.demo.company import Company
from northpost.demo.company.people import CONSENT_TEXTS, CUSTOMER_TYPES, LISTS

CONSENT_SOURCE = "Voltline shop"
FIRST_CUSTOMER = 10_001
NO_FILE = 0  # no import run: they came one by one
# key -> name, kind, choices
FIELDS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "city": ("City", FieldKind.TEXT, ()),
    "birthday": ("Birthday", FieldKind.DATE, ()),
    "customer_type": ("Customer type", FieldKind.CHOICE, CUSTOMER_TYPES),
    "loyalty_points": ("Loyalty points", FieldKind.NUMBER, ()),
    "questionnaire": ("Filled in the questionnaire", FieldKind.BOOLEAN, ()),
    "signed_up_on": ("Signed up on", FieldKind.DATE, ()),
    "firm": ("Firm", FieldKind.TEXT, ()),
}
_PERSON_COLUMNS = ("email", "external_id", "first_name", "last_name", "language", "time_zone", "role", "consented_at")


class DemoDataRefused(RuntimeError):
    """The product refused rows that the demo made: one of the two is wrong."""


@dataclass
class Register:
    """Who is who: a person's number in the company, and the contact that stands for them."""

    contact_of: dict[int, int] = field(default_factory=dict)
    person_of: dict[int, int] = field(default_factory=dict)

    def add(self, person: int, contact_id: int) -> None:
        self.contact_of[person] = contact_id
        self.person_of[contact_id] = person


def define_fields() -> None:
    """The shop's own attributes."""
    for key, (label, kind, choices) in FIELDS.items():
        contacts.define_field(label=label, kind=kind, choices=choices, key=key)


def make_lists() -> dict[str, ContactList]:
    """The shop's lists, by name."""
    return {name: contacts.create_list(name=name) for name in LISTS}


def import_people(company: Company, numbers: Sequence[int], register: Register) -> int:
    """Import these people with consent, lists and tags; returns how many."""
    people = company.people
    groups: dict[str, list[int]] = defaultdict(list)
    for number in numbers:
        groups[people.language[number] if people.consent_at[number] else ""].append(number)
    with TemporaryDirectory(prefix="northpost-demo-") as place:
        for language, group in sorted(groups.items()):
            path = Path(place) / f"people-{language or 'no-consent'}.csv"
            _write(path, [*_PERSON_COLUMNS, *FIELDS], (_person_row(company, number) for number in group))
            mapping = dict.fromkeys(_PERSON_COLUMNS) | {key: f"attributes.{key}" for key in FIELDS}
            import_file("contacts", path, {column: to or column for column, to in mapping.items()}, _proof(language))
    _enter(company, numbers, register)
    _put_on_lists(company, numbers, register)
    return len(numbers)


def import_file(kind: str, path: Path, mapping: dict[str, str], options: imports.Options) -> None:
    """Bring one file in, as a command would. Raises DemoDataRefused unless every row is taken."""
    run = imports.receive(kind=kind, path=path)
    imports.start(run_id=run.pk, mapping=mapping, options=options)
    report = imports.work(run_id=run.pk)
    if report.refused or report.error:
        why = Path(report.refused_path).read_text(encoding="utf-8")[:500] if report.refused_path else report.error
        raise DemoDataRefused(f"{path.name}: {report.refused} rows refused: {why}")


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)


def _person_row(company: Company, number: int) -> tuple[object, ...]:
    people = company.people
    return (
        people.email[number],
        customer_number(number),
        people.first_name[number],
        people.last_name[number],
        people.language[number],
        people.time_zone[number],
        people.role[number] or "customer",
        _iso(people.consent_at[number]),
        people.city[number],
        people.birthday[number] or "",
        people.customer_type[number],
        people.loyalty_points[number] or "",
        "yes" if people.questionnaire[number] else "no",
        people.signed_up_at[number].date(),
        people.firm[number],
    )


def _iso(moment: datetime | None) -> str:
    return "" if moment is None else moment.isoformat()


def customer_number(number: int) -> str:
    """The shop's number for a person."""
    return f"C{FIRST_CUSTOMER + number}"


def _enter(company: Company, numbers: Sequence[int], register: Register) -> None:
    keys = {customer_number(number): number for number in numbers}
    found = Contact.objects.filter(external_id__in=list(keys)).values_list("external_id", "pk")
    for key, contact_id in found:
        register.add(keys[key or ""], contact_id)
    if missing := [number for number in numbers if number not in register.contact_of]:
        raise DemoDataRefused(f"{len(missing)} people are not there after their import")


def _put_on_lists(company: Company, numbers: Sequence[int], register: Register) -> None:
    on_list: dict[str, list[int]] = defaultdict(list)
    tagged: dict[str, list[int]] = defaultdict(list)
    for number in numbers:
        for name in company.people.lists[number]:
            on_list[name].append(register.contact_of[number])
        for name in company.people.tags[number]:
            tagged[name].append(register.contact_of[number])
    for shop_list in ContactList.objects.filter(name__in=list(on_list)):
        contacts.add_to_list(list_id=shop_list.pk, people=on_list[shop_list.name])
    for name, people in sorted(tagged.items()):
        contacts.add_tag(tag_id=contacts.find_or_create_tag(name=name).pk, people=people)


def sign_up(company: Company, numbers: Sequence[int], register: Register) -> int:
    """People who sign up one by one, each with proof of their own (time, text, IP); returns how many."""
    people = company.people
    for number in numbers:
        with clock.use(clock.VirtualClock(people.signed_up_at[number])):
            contact = contacts.add_contact(
                email=people.email[number],
                external_id=customer_number(number),
                first_name=people.first_name[number],
                last_name=people.last_name[number],
                language=people.language[number],
                time_zone=people.time_zone[number],
                role=people.role[number] or "customer",
                attributes=_attributes(company, number),
            )
        register.add(number, contact.pk)
        agreed_at = people.consent_at[number]
        if agreed_at is not None:
            contacts.grant_consent(
                contact_id=contact.pk,
                source=f"{CONSENT_SOURCE}: {people.consent_form[number]}",
                text=CONSENT_TEXTS[people.language[number]],
                version=people.consent_version[number],
                ip=people.consent_ip[number],
                at=agreed_at,
                confirmed_at=agreed_at + timedelta(minutes=3),
            )
    if numbers:
        _put_on_lists(company, numbers, register)
    return len(numbers)


def sign_up_many(company: Company, numbers: Sequence[int], register: Register) -> int:
    """The same for many at once, in a few statements, with one wording of the proof for each language."""
    people = company.people
    groups: dict[str, list[int]] = defaultdict(list)
    for number in numbers:
        groups[people.language[number] if people.consent_at[number] else ""].append(number)
    for language, group in sorted(groups.items()):
        with transaction.atomic():
            tally = store_people(
                [_person(company, number) for number in group],
                run_id=NO_FILE,
                existing=imports.Existing.FILL,
                settled=settle_options(_proof(language)),
            )
        if tally.refused:
            raise DemoDataRefused(f"{len(tally.refused)} people refused: {next(iter(tally.refused.values()))}")
    if numbers:
        _enter(company, numbers, register)
        _put_on_lists(company, numbers, register)
    return len(numbers)


def _person(company: Company, number: int) -> Person:
    people = company.people
    person = Person(
        external_id=customer_number(number),
        first_name=people.first_name[number],
        last_name=people.last_name[number],
        language=people.language[number],
        time_zone=people.time_zone[number],
        role=people.role[number] or "customer",
        attributes=_attributes(company, number),
        consented_at=people.consent_at[number],
    )
    read_email(people.email[number], person)
    return person


def _proof(language: str) -> imports.Options:
    """The consent of people who agreed in this language; none for a blank one."""
    if not language:
        return imports.Options()
    return imports.Options(purpose=MARKETING, consent_source=CONSENT_SOURCE, consent_text=CONSENT_TEXTS[language])


def _attributes(company: Company, number: int) -> dict[str, object]:
    people = company.people
    born = people.birthday[number]
    said: dict[str, object] = {
        "city": people.city[number],
        "birthday": born.isoformat() if born else None,
        "customer_type": people.customer_type[number],
        "loyalty_points": people.loyalty_points[number] or None,
        "questionnaire": people.questionnaire[number],
        "signed_up_on": people.signed_up_at[number].date().isoformat(),
        "firm": people.firm[number] or None,
    }
    return {key: value for key, value in said.items() if value is not None}
