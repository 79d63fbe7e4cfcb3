"""A small population with everything that rules can ask of, as plain data and in the database."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from northpost.contacts.models import (
    Consent,
    Contact,
    ContactList,
    Field,
    ListMember,
    Purpose,
    Tag,
    Tagged,
)
from northpost.delivery.models import Message
from northpost.events.actions import NewEvent, record_events
from northpost.sales.models import Order, OrderLine, Product
from northpost.segments.models import Lifecycle, Stage

NOW = datetime(2026, 3, 10, 21, 30, tzinfo=UTC)
FIRST_NAMES = ["Ann", "Иван", "ANNA", "o'Neil", "100%", "a_b", ""]
DOMAINS = ["firm.example", "Mail.example", "пошта.example"]
CATEGORIES = ["Laptops", "Bags", "TV sets"]
CITIES = ["Sofia", "София", "Riga'; --", ""]
CHOICES = ["red", "green", "blue"]
EVENTS = ["contact.subscribed", "mail.replied", "mail.clicked", "mail.opened"]


@dataclass
class Placed:
    at: datetime
    total: Decimal
    refunded: Decimal
    currency: str
    lines: list[tuple[str, str, Decimal]]  # category, sku, total


@dataclass
class Happening:
    kind: str
    at: datetime
    machine: bool
    source: str | None
    message: int | None


@dataclass
class Mailed:
    source: str
    state: str
    at: datetime | None
    bounced: bool


@dataclass
class Person:
    email: str | None
    first_name: str
    last_name: str
    language: str
    time_zone: str
    role: str
    created_at: datetime
    attributes: dict[str, Any]
    id: int = 0
    consents: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    lists: set[str] = field(default_factory=set)
    tags: set[str] = field(default_factory=set)
    stage: tuple[str, datetime] | None = None
    orders: list[Placed] = field(default_factory=list)
    happenings: list[Happening] = field(default_factory=list)
    mails: list[Mailed] = field(default_factory=list)


def a_moment(dice: random.Random) -> datetime:
    """Within the last 400 days; now and then on the very edge of a window."""
    if dice.random() < 0.3:
        return NOW - timedelta(days=dice.choice([0, 1, 7, 30, 90]))
    return NOW - timedelta(minutes=dice.randrange(1, 400 * 24 * 60))


def draw_person(dice: random.Random, place: int) -> Person:
    person = Person(
        email=f"Person{place}@{dice.choice(DOMAINS)}" if dice.random() < 0.9 else None,
        first_name=dice.choice(FIRST_NAMES),
        last_name=dice.choice(["Petrova", "Smith", ""]),
        language=dice.choice(["en", "bg", "ru", ""]),
        time_zone=dice.choice(["Europe/Sofia", "UTC", ""]),
        role=dice.choice(["customer", "customer", "customer", "partner"]),
        created_at=a_moment(dice),
        attributes=_attributes(dice),
        consents={
            key: (dice.choice(["granted", "pending", "withdrawn"]), a_moment(dice))
            for key in ("marketing", "surveys")
            if dice.random() < 0.6
        },
        lists={name for name in ("News", "VIP") if dice.random() < 0.4},
        tags={name for name in ("hot", "cold") if dice.random() < 0.4},
        stage=(dice.choice(Stage.values), a_moment(dice)) if dice.random() < 0.8 else None,
        orders=[_order(dice) for _ in range(dice.choice([0, 0, 1, 2, 3, 5]))],
    )
    person.mails = [
        Mailed(source, dice.choice(["accepted", "accepted", "queued", "rejected"]), a_moment(dice), dice.random() < 0.1)
        for source in ("campaign:1", "campaign:2")
        if dice.random() < 0.6
    ]
    person.happenings = [
        Happening(
            dice.choice(EVENTS),
            a_moment(dice),
            dice.random() < 0.2,
            dice.choice(["campaign:1", "campaign:2", None]),
            dice.choice([1, 2]),
        )
        for _ in range(dice.choice([0, 1, 3, 6]))
    ]
    return person


def _attributes(dice: random.Random) -> dict[str, Any]:
    drawn: dict[str, Any] = {
        "city": dice.choice([*CITIES, None]),
        "score": dice.choice([0, 5, 12.5, -3, None]),
        "vip": dice.choice([True, False, None]),
        "birthday": dice.choice(["1990-03-11", "1988-02-29", "2026-03-10", "2026-02-20", "2026-04-01", None]),
        "colour": dice.choice([*CHOICES, None]),
    }
    return {key: value for key, value in drawn.items() if value is not None or dice.random() < 0.3}


def _order(dice: random.Random) -> Placed:
    lines = [
        (category, f"sku-{category[0]}", Decimal(dice.randrange(0, 40000)) / 100)
        for category in dice.sample(CATEGORIES, dice.choice([1, 1, 2]))
    ]
    total = sum((line[2] for line in lines), Decimal(0))
    return Placed(
        at=a_moment(dice),
        total=total,
        refunded=total if dice.random() < 0.1 else Decimal(0),
        currency=dice.choice(["EUR", "EUR", "EUR", "USD"]),
        lines=lines,
    )


def furnish() -> None:
    """Fields, purposes, lists, tags and products of the workspace."""
    Field.objects.bulk_create(
        [
            Field(key="city", label="City", kind="text", position=1),
            Field(key="score", label="Score", kind="number", position=2),
            Field(key="vip", label="VIP", kind="boolean", position=3),
            Field(key="birthday", label="Birthday", kind="date", position=4),
            Field(key="colour", label="Colour", kind="choice", choices=CHOICES, position=5),
        ]
    )
    for key in ("marketing", "surveys"):
        Purpose.objects.get_or_create(key=key, defaults={"label": key.title()})
    for name in ("News", "VIP"):
        ContactList.objects.create(name=name, created_at=NOW)
    Tag.objects.bulk_create([Tag(name="hot"), Tag(name="cold")])
    Product.objects.bulk_create(
        [
            Product(sku=f"sku-{name[0]}", name=f"A {name}", category=name, created_at=NOW, updated_at=NOW)
            for name in CATEGORIES
        ]
    )


def settle(people: list[Person]) -> None:
    """Write the people into the database; each gets its id."""
    purposes = {each.key: each for each in Purpose.objects.all()}
    lists = {each.name: each for each in ContactList.objects.all()}
    tags = {each.name: each for each in Tag.objects.all()}
    products = {each.sku: each for each in Product.objects.all()}
    events: list[NewEvent] = []
    for place, person in enumerate(people):
        contact = Contact.objects.create(
            email=person.email,
            email_key=person.email.lower() if person.email else None,
            first_name=person.first_name,
            last_name=person.last_name,
            language=person.language,
            time_zone=person.time_zone,
            role=person.role,
            created_at=person.created_at,
            updated_at=person.created_at,
            attributes=person.attributes,
        )
        person.id = contact.pk
        for key, (state, since) in person.consents.items():
            Consent.objects.create(contact=contact, purpose=purposes[key], state=state, since=since)
        for name in person.lists:
            ListMember.objects.create(contact=contact, contact_list=lists[name], since=NOW)
        for name in person.tags:
            Tagged.objects.create(contact=contact, tag=tags[name], since=NOW)
        if person.stage:
            Lifecycle.objects.create(contact_id=contact.pk, stage=person.stage[0], since=person.stage[1])
        for number, placed in enumerate(person.orders):
            order = Order.objects.create(
                number=f"{place}-{number}",
                contact_id=contact.pk,
                placed_at=placed.at,
                total=placed.total,
                refunded=placed.refunded,
                currency=placed.currency,
                created_at=NOW,
            )
            for _category, sku, total in placed.lines:
                OrderLine.objects.create(
                    order=order, product=products[sku], quantity=1, unit_price=total, total=total
                )  # fmt: skip
        for mailed in person.mails:
            kind, number_text = mailed.source.split(":")
            Message.objects.create(
                source_kind=kind,
                source_id=int(number_text),
                contact_id=contact.pk,
                state=mailed.state,
                due_at=NOW,
                enqueued_at=NOW,
                settled_at=mailed.at,
                bounced_at=NOW if mailed.bounced else None,
            )
        events += [
            NewEvent(
                key=f"{place}-{number}",
                kind=each.kind,
                contact_id=contact.pk,
                occurred_at=each.at,
                source=each.source,
                message_id=each.message,
                machine=each.machine,
            )
            for number, each in enumerate(person.happenings)
        ]
    record_events(events)
