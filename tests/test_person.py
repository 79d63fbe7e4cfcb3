"""A person across all rooms: what an export tells, and what an erasure leaves."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from northpost.contacts import actions, queries
from northpost.delivery.models import Message, Suppression
from northpost.events.actions import NewEvent, record_events
from northpost.events.models import Event
from northpost.sales.models import Order
from northpost.segments.models import Lifecycle, Move
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db
WHEN = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def ann(workspace: Workspace) -> int:
    ann = actions.add_contact(email="ann@shop.example", first_name="Ann").pk
    actions.grant_consent(contact_id=ann, source="form", at=WHEN)
    Order.objects.create(
        number="A-1", contact_id=ann, placed_at=WHEN, total=Decimal(20), currency="EUR", created_at=WHEN
    )
    record_events([NewEvent("1", "mail.clicked", ann, WHEN, properties={"url": "https://shop.example/"})])
    Lifecycle.objects.create(contact_id=ann, stage="new", since=WHEN)
    Move.objects.create(contact_id=ann, to_stage="new", at=WHEN)
    Message.objects.create(
        source_kind="campaign", source_id=1, contact_id=ann, email="ann@shop.example", state="accepted",
        due_at=WHEN, enqueued_at=WHEN, settled_at=WHEN, context={"first_name": "Ann"},
    )  # fmt: skip
    return ann


def test_an_export_tells_what_every_room_knows(ann: int):
    told = json.loads(json.dumps(queries.export_person(ann)))
    assert set(told) >= {"person", "consent", "orders", "events", "messages", "life_cycle"}
    assert [row["state"] for row in told["messages"]] == ["accepted"]
    assert [row["to"] for row in told["life_cycle"]] == ["new"]
    assert len(told["orders"]) == 1
    assert {row["kind"] for row in told["events"]} == {"contact.subscribed", "mail.clicked"}


def test_an_erasure_leaves_sums_and_no_name(ann: int):
    actions.erase_contact(contact_id=ann)
    assert queries.person(ann) is None
    assert Lifecycle.objects.count() == 0
    message = Message.objects.get()
    assert (message.state, message.email, message.context) == ("accepted", None, None)
    assert Order.objects.get().contact_id is None
    assert set(Event.objects.values_list("contact_id", flat=True)) == {None}
    kept = Suppression.objects.get()
    assert (kept.email_key, kept.reason, len(kept.email_hash)) == (None, "erased", 32)
