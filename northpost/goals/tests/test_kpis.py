"""Each figure against a handful of people whose history can be reckoned by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from northpost.contacts.models import Consent, Contact, Purpose
from northpost.core import clock
from northpost.delivery.models import Message
from northpost.events.actions import NewEvent, record_events
from northpost.goals import kpis
from northpost.goals.models import Group
from northpost.sales.models import Order
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
FIRST, LAST = date(2026, 6, 1), date(2026, 6, 30)
JUNE = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def standing_clock(workspace: Workspace) -> Iterator[None]:
    Workspace.objects.filter(pk=workspace.pk).update(time_zone="Europe/Sofia")
    with clock.use(clock.VirtualClock(NOW)):
        yield


def person(*june_days: float, role: str = "customer", total: str = "10", currency: str = "EUR") -> int:
    """Somebody who ordered so many days after 1 June, 00:00 UTC (before it, if negative)."""
    contact = Contact.objects.create(role=role, created_at=NOW, updated_at=NOW)
    for number, offset in enumerate(june_days):
        Order.objects.create(
            number=f"{contact.pk}-{number}",
            contact_id=contact.pk,
            placed_at=JUNE + timedelta(days=offset),
            total=Decimal(total),
            refunded=Decimal("2.5") if number == 0 else Decimal(0),
            currency=currency,
            created_at=NOW,
        )
    return contact.pk


def measured(key: str, group: str = Group.EVERYONE, first: date = FIRST, last: date = LAST) -> Decimal | None:
    kpi = kpis.get(key)
    assert kpi is not None
    return kpis.measure(kpi, group, first, last)


def mailed(contact_id: int, campaign: int, **became: datetime) -> None:
    Message.objects.create(
        source_kind="campaign",
        source_id=campaign,
        contact_id=contact_id,
        state="accepted",
        due_at=NOW,
        enqueued_at=NOW,
        settled_at=JUNE + timedelta(days=3),
        **became,
    )


def test_purchases_by_those_who_were_prospects_then():
    person(), person(1, 2), person(-5, 3), person(40), person(2, role="partner")
    assert measured("first_purchases", Group.PROSPECTS) == 1
    assert measured("first_purchases") == 2
    assert measured("orders", Group.PROSPECTS) == 2
    assert measured("buyers", Group.PROSPECTS) == 1
    assert measured("buyers") == 3
    # May was measured by who was a prospect at the beginning of May.
    assert measured("first_purchases", Group.PROSPECTS, date(2026, 5, 1), date(2026, 5, 31)) == 1


def test_the_days_are_those_of_the_firm():
    # 30 June 20:59 and 21:00 UTC: in Sofia the second is July
    person(29 + 20.99 / 24), person(29 + 21 / 24)
    # 31 May 21:00 UTC is June there
    person(-3 / 24)
    assert measured("orders") == 2
    line = kpis.course(kpis.get("orders"), Group.EVERYONE, FIRST, LAST)  # type: ignore[arg-type]
    assert (line[0], line[28], line[29]) == ((FIRST, 1), (date(2026, 6, 29), 1), (LAST, 2))


def test_money_is_net_and_in_one_currency():
    person(1, 2, total="20"), person(3, total="99", currency="USD")
    assert measured("revenue") == Decimal("37.50")
    assert measured("average_order") == Decimal("18.75")
    assert measured("average_order", first=date(2026, 1, 1), last=date(2026, 1, 31)) is None


def test_groups_are_those_of_the_beginning():
    # active before June; one orders twice, one once, one not; the last is new on 1 June
    person(-100, -90, 3, 4), person(-100, -80, 5), person(-100, -70), person(-10, 6)
    assert measured("orders", Group.ACTIVE) == 3
    assert measured("orders_per_person", Group.ACTIVE) == 1
    assert measured("orders", Group.NEW) == 1
    assert measured("repeat_rate", Group.ACTIVE) == Decimal("0.5")


def test_won_back_and_churn():
    # lapsed, then back; lapsed for good; lapses on 11 June; saved by an order on the 5th
    person(-400, 2, 3), person(-500), person(-355), person(-360, 4)
    # ordered before, within the year
    person(-30)
    assert measured("reactivated", Group.LAPSED) == 1
    assert measured("reactivated") == 1
    assert measured("churn") == Decimal("0.3333")
    line = kpis.course(kpis.get("churn"), Group.EVERYONE, FIRST, LAST)  # type: ignore[arg-type]
    assert [value for _day, value in line[8:12]] == [0, 0, Decimal("0.3333"), Decimal("0.3333")]
    assert measured("churn", first=date(2020, 1, 1), last=date(2020, 2, 1)) is None


def test_who_slips_away():
    # at risk on 11 June; ordered again before it came to that; at risk already
    person(-170), person(-170, 5), person(-200)
    assert measured("slipping") == Decimal("0.5")
    assert measured("slipping", Group.ACTIVE) == Decimal("0.5")
    assert measured("slipping", Group.NEW) is None


def test_mail_counts_what_people_did():
    who, other, partner = person(1), person(), person(role="partner")
    mailed(who, 1, clicked_at=NOW), mailed(who, 2, unsubscribed_at=NOW), mailed(other, 1), mailed(partner, 1)
    assert measured("click_rate") == Decimal("0.25")
    assert measured("unsubscribe_rate") == Decimal("0.25")
    assert measured("complaint_rate") == 0
    assert measured("click_rate", Group.PARTNERS) == 0
    record_events(
        [
            NewEvent(key="a", kind="mail.clicked", contact_id=partner, occurred_at=JUNE + timedelta(days=5)),
            NewEvent(key="b", kind="mail.clicked", contact_id=partner, occurred_at=JUNE + timedelta(days=6)),
            NewEvent(key="c", kind="mail.clicked", contact_id=other, occurred_at=JUNE, machine=True),
        ]
    )
    assert measured("contact_rate", Group.PARTNERS) == 1
    assert measured("contact_rate", Group.PROSPECTS) == 0


def test_new_subscribers_are_counted_once():
    who = person()
    for key in ("marketing", "surveys"):
        purpose, _made = Purpose.objects.get_or_create(key=key, defaults={"label": key})
        Consent.objects.create(contact_id=who, purpose=purpose, state="granted", since=JUNE + timedelta(days=2))
    Consent.objects.create(contact_id=person(), purpose=purpose, state="withdrawn", since=JUNE + timedelta(days=2))
    assert measured("new_consents") == 1
    assert measured("new_consents", Group.PARTNERS) == 0


@pytest.mark.parametrize("group", list(Group.values))
def test_every_figure_can_be_measured_for_its_groups_without_any_data(workspace: Workspace, group: str):
    for kpi in kpis.kpis(group):
        assert kpis.measure(kpi, group, FIRST, LAST) == (None if kpi.divides else 0)
