"""Each customer's stage follows from orders; every move is dated, and makes an event unless it is history."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from northpost.contacts.models import Contact
from northpost.core import clock, sql
from northpost.events import consumers
from northpost.events.actions import NewEvent, record_events
from northpost.events.models import Event
from northpost.sales.models import Order
from northpost.segments import lifecycle
from northpost.segments.models import Lifecycle, Move, Thresholds
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def days_ago(count: int) -> datetime:
    return NOW - timedelta(days=count)


@pytest.fixture(autouse=True)
def standing_clock() -> Iterator[clock.Clock]:
    with clock.use(clock.VirtualClock(NOW)) as now:
        yield now


def customer(*ordered_days_ago: int, role: str = "customer") -> int:
    contact = Contact.objects.create(role=role, created_at=days_ago(900), updated_at=NOW)
    for number, count in enumerate(ordered_days_ago):
        order(contact.pk, days_ago(count), f"{contact.pk}-{number}")
    return contact.pk


def order(contact_id: int, at: datetime, number: str) -> None:
    Order.objects.create(
        number=number, contact_id=contact_id, placed_at=at, total=Decimal(10), currency="EUR", created_at=NOW
    )


def stages() -> dict[int, tuple[str, datetime]]:
    return {each.contact_id: (each.stage, each.since) for each in Lifecycle.objects.all()}


def moved() -> list[tuple[str, str, datetime]]:
    return [(each.from_stage, each.to_stage, each.at) for each in Move.objects.order_by("pk")]


@pytest.mark.parametrize(
    ("ordered", "stage", "since"),
    [
        ((), "prospect", 900),
        ((59,), "new", 59),
        ((60,), "active", 0),
        ((100,), "active", 40),
        ((40, 20), "active", 20),
        ((150, 20), "active", 90),
        ((179,), "active", 119),
        ((180,), "at_risk", 0),
        ((364,), "at_risk", 184),
        ((365,), "lapsed", 0),
        ((500, 400), "lapsed", 35),
        # 440 days between two orders: had lapsed, came back, and is won back for 60 days
        ((500, 60), "active", 0),
        ((500, 59), "won_back", 59),
        ((500, 59, 5), "won_back", 59),
        ((500, 130, 100), "active", 70),
        # 200 days between: was at risk only
        ((300, 100), "active", 100),
    ],
)
def test_a_stage_follows_from_the_orders(workspace: Workspace, ordered: tuple[int, ...], stage: str, since: int):
    contact_id = customer(*ordered)
    assert lifecycle.refresh(NOW) == lifecycle.Refreshed(moved=1, filled=1)
    assert stages() == {contact_id: (stage, days_ago(since))}
    assert moved() == [("", stage, days_ago(since))]
    # The first filling is history: no event.
    assert Event.objects.count() == 0
    assert lifecycle.refresh(NOW) == lifecycle.Refreshed(moved=0, filled=0)


def test_thresholds_are_the_workspaces_own(workspace: Workspace):
    Thresholds.objects.create(new_days=10, at_risk_days=30, lapsed_days=50)
    one, two, three = customer(9), customer(31), customer(51)
    lifecycle.refresh(NOW)
    assert {key: stage for key, (stage, _since) in stages().items()} == {one: "new", two: "at_risk", three: "lapsed"}


def test_partners_have_no_stage(workspace: Workspace):
    partner, person = customer(10, role="partner"), customer(10)
    lifecycle.refresh(NOW)
    assert set(stages()) == {person}
    Contact.objects.filter(pk=person).update(role="supplier")
    Contact.objects.filter(pk=partner).update(role="customer")
    lifecycle.refresh(NOW)
    assert set(stages()) == {partner}


def test_time_alone_moves_people_and_each_move_is_an_event(workspace: Workspace):
    contact_id = customer(170)
    lifecycle.refresh(NOW)
    later = NOW + timedelta(days=30)
    assert lifecycle.refresh(later) == lifecycle.Refreshed(moved=1, filled=0)
    at_risk_since = days_ago(170) + timedelta(days=180)
    assert stages() == {contact_id: ("at_risk", at_risk_since)}
    assert moved()[1] == ("active", "at_risk", at_risk_since)
    event = Event.objects.get()
    assert (event.kind, event.contact_id, event.occurred_at, event.backfill, event.properties) == (
        "lifecycle.moved",
        contact_id,
        at_risk_since,
        False,
        {"from": "active", "to": "at_risk"},
    )


def test_a_stage_can_be_asked_for_at_a_moment_past(workspace: Workspace):
    contact_id = customer(300, 20)
    for ago, stage in ((301, "prospect"), (299, "new"), (200, "active"), (110, "at_risk"), (19, "active")):
        query = lifecycle.stages_at(days_ago(ago))
        rows = sql.fetch_all(query.text, query.params)
        assert [(row["contact_id"], row["stage"]) for row in rows] == [(contact_id, stage)]


def placed(contact_id: int, key: str, *, backfill: bool = False) -> None:
    record_events([NewEvent(key=key, kind="order.placed", contact_id=contact_id, occurred_at=NOW, backfill=backfill)])


@pytest.mark.django_db(transaction=True)
def test_an_order_moves_the_person_who_ordered_and_nobody_else(workspace: Workspace):
    buyer, other = customer(400), customer(400)
    lifecycle.refresh(NOW - timedelta(days=300))
    assert stages()[buyer][0] == stages()[other][0] == "active"
    order(buyer, days_ago(1), "again")
    placed(buyer, "again")
    # The order, and the move that followed: its own event moves nobody.
    assert consumers.consume("lifecycle") == 2
    assert stages() == {buyer: ("won_back", days_ago(1)), other: ("active", days_ago(340))}
    event = Event.objects.get(kind="lifecycle.moved")
    assert (event.contact_id, event.properties) == (buyer, {"from": "active", "to": "won_back"})
    assert Move.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_history_moves_people_without_an_event(workspace: Workspace):
    known, imported = customer(400), customer()
    lifecycle.refresh(NOW - timedelta(days=1), contact_ids=[known])
    order(imported, days_ago(3), "old")
    placed(imported, "old", backfill=True)
    consumers.consume("lifecycle")
    assert stages()[imported] == ("new", days_ago(3))
    assert not Event.objects.filter(kind="lifecycle.moved").exists()


def test_those_without_a_stage_become_prospects_quietly(workspace: Workspace):
    known = customer(10)
    lifecycle.refresh(NOW)
    came = customer()
    assert lifecycle.fill_missing(NOW) == lifecycle.Refreshed(moved=1, filled=1)
    assert {key: stage for key, (stage, _since) in stages().items()} == {known: "new", came: "prospect"}
    assert lifecycle.fill_missing(NOW) == lifecycle.Refreshed(0, 0)
    assert Event.objects.count() == 0
