"""A mailing in the ledger, people who react to it, and orders."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

import pytest

from northpost.campaigns.models import Campaign, CampaignState
from northpost.contacts.actions import add_contact
from northpost.core import clock
from northpost.delivery.models import Link, Message
from northpost.events.actions import NewEvent, record_events
from northpost.events.consumers import consume_all
from northpost.sales.models import Order
from northpost.team.models import Workspace

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
_numbers = count(1)


@pytest.fixture(autouse=True)
def nine_o_clock():
    with clock.use(clock.VirtualClock(NOW)) as virtual:
        yield virtual


@pytest.fixture
def make_mailing(workspace: Workspace) -> Callable[[str], Campaign]:
    def make(name: str = "Spring") -> Campaign:
        return Campaign.objects.create(
            name=name, state=CampaignState.SENT, started_at=NOW, created_at=NOW, updated_at=NOW
        )

    return make


@pytest.fixture
def mailing(make_mailing: Callable[[str], Campaign]) -> Campaign:
    return make_mailing("Spring")


def send(campaign: Campaign, contact_id: int, *, domain: str = "mail.example", **fields: object) -> Message:
    details = {"state": "accepted", "settled_at": NOW} | fields
    return Message.objects.create(
        source_kind="campaign",
        source_id=campaign.pk,
        contact_id=contact_id,
        email=f"p{contact_id}@{domain}",
        due_at=NOW,
        enqueued_at=NOW,
        **details,
    )


def person() -> int:
    return add_contact(email=f"p{next(_numbers)}@people.example").pk


def link(campaign: Campaign, url: str, label: str = "", position: int = 0) -> Link:
    return Link.objects.create(
        source_kind="campaign", source_id=campaign.pk, url=url, label=label, position=position, url_hash=url
    )


def happen(kind: str, at: datetime, *, message: Message | None = None, **fields: object) -> None:
    details: dict[str, object] = {"contact_id": None}
    if message is not None:
        details |= {
            "contact_id": message.contact_id,
            "message_id": message.pk,
            "source": f"campaign:{message.source_id}",
        }
    record_events([NewEvent(key=f"k{next(_numbers)}", kind=kind, occurred_at=at, **(details | fields))])


def click(message: Message, at: datetime, *, link_id: int = 0, agent: str = "", machine: bool = False) -> None:
    happen("mail.clicked", at, message=message, machine=machine, properties={"link_id": link_id, "agent": agent})


def order(contact_id: int, at: datetime, total: str, *, currency: str = "EUR", backfill: bool = False) -> Order:
    made = Order.objects.create(
        number=f"A{next(_numbers)}",
        contact_id=contact_id,
        placed_at=at,
        total=Decimal(total),
        currency=currency,
        created_at=NOW,
    )
    happen("order.placed", at, contact_id=contact_id, value=Decimal(total), currency=currency, backfill=backfill)
    return made


def consume() -> None:
    while consume_all():
        pass


HOUR, DAY, MOMENT = timedelta(hours=1), timedelta(days=1), timedelta(microseconds=1)
