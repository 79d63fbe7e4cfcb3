"""The counts per day equal the ledger, whatever happened to it since."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from northpost.core import clock, tenancy
from northpost.delivery.deliverability import counting
from northpost.delivery.deliverability.queries import Fared, deliverability, dmarc_figures
from northpost.delivery.models import DeliveryCount, DeliveryDay, DmarcReport, DmarcRow, Message, Source
from northpost.events import consumers
from northpost.events.actions import NewEvent, record_events
from northpost.team.models import Workspace

NOW = datetime(2026, 3, 4, 22, 30, tzinfo=UTC)  # half past midnight of the 5th in Sofia
pytestmark = pytest.mark.django_db
# Consumers read what is committed only.
COMMITTED = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def evening():
    with clock.use(clock.VirtualClock(NOW)) as virtual:
        yield virtual


@pytest.fixture
def shop(workspace: Workspace) -> Workspace:
    Workspace.objects.filter(pk=workspace.pk).update(time_zone="Europe/Sofia")
    Source.objects.create(source_kind="trial", source_id=1, sender_domain="shop.example", changed_at=NOW)
    return workspace


def message(email: str | None, *, at: datetime = NOW, state: str = "accepted", **more: Any) -> Message:
    given = {
        "source_kind": "trial",
        "source_id": 1,
        "contact_id": Message.objects.count() + 1,
        "email": email,
        "state": state,
        "due_at": at,
        "enqueued_at": at,
        "sending_at": at,
        "settled_at": at,
        "attempts": 1,
    }
    return Message.objects.create(**given | more)


def happened(kind: str, to: Message, *, number: int = 1, **more: Any) -> None:
    record_events(
        [
            NewEvent(
                key=f"{kind}:{to.pk}:{number}", kind=kind, contact_id=to.contact_id, occurred_at=clock.now(),
                message_id=to.pk, **more,
            )
        ]
    )  # fmt: skip


def figures(first: date = date(2026, 1, 1), last: date = date(2026, 12, 31), **more: Any) -> Any:
    return deliverability(first=first, last=last, **more)


def count_for_sure(evening: clock.VirtualClock) -> None:
    """Count, and once more when nothing that was settled before can have been missed."""
    counting.refresh()
    evening.advance(counting.OVERLAP)
    assert counting.refresh() == 1
    assert counting.refresh() == 0


def test_each_state_is_counted_where_it_belongs(shop: Workspace) -> None:
    for _ in range(6):
        message("A@Gmail.com")
    message("b@gmail.com", attempts=3)
    message("c@gmail.com", state="rejected", bounced_at=NOW)
    message("d@gmail.com", state="rejected")
    message("e@gmail.com", state="in_doubt")
    message("f@gmail.com", state="skipped", reason="gave_up", attempts=9)
    message("g@gmail.com", state="skipped", reason="no_consent", attempts=0)
    message("h@gmail.com", opened_at=NOW, clicked_at=NOW, complained_at=NOW)
    happened("mail.bounced", Message.objects.get(email="c@gmail.com"), properties={"kind": "hard"})
    assert counting.refresh() == 1
    found = figures()
    expected = Fared(
        accepted=8, rejected=2, in_doubt=1, gave_up=1, put_off=2, hard=1, unwanted=1, complained=1, opened=1, clicked=1
    )
    assert found.total == expected
    assert found.days == {date(2026, 3, 5): expected}
    assert found.domains == [("gmail.com", expected)]
    assert found.providers == [("Gmail", expected)]
    assert found.senders == [("shop.example", expected)]
    assert (found.total.sent, found.total.bounced) == (12, 2)


def test_domains_with_little_mail_stand_together(shop: Workspace) -> None:
    for number in range(counting.FEW):
        message(f"a{number}@large.example")
    message("a@small.example")
    message("b@tiny.example")
    message(None)
    counting.refresh()
    assert [(name, one.sent) for name, one in figures().domains] == [("large.example", counting.FEW), ("", 3)]


@COMMITTED
def test_what_happens_later_is_counted_on_the_day_of_the_message(shop: Workspace, evening: clock.VirtualClock) -> None:
    sent = [message(f"a{number}@gmail.com") for number in range(6)]
    count_for_sure(evening)
    evening.advance(timedelta(days=3))
    Message.objects.filter(pk=sent[0].pk).update(opened_at=clock.now())
    happened("mail.opened", sent[0])
    Message.objects.filter(pk=sent[1].pk).update(bounced_at=clock.now())
    happened("mail.bounced", sent[1], properties={"kind": "soft"})
    assert counting.refresh() == 0
    consumers.consume_all()
    assert counting.refresh() == 1
    found = figures()
    assert list(found.days) == [date(2026, 3, 5)]
    assert (found.total.accepted, found.total.opened, found.total.soft) == (6, 1, 1)


@COMMITTED
def test_machines_change_nothing(shop: Workspace, evening: clock.VirtualClock) -> None:
    sent = message("a@gmail.com")
    count_for_sure(evening)
    happened("mail.opened", sent, machine=True)
    consumers.consume_all()
    assert not DeliveryDay.objects.filter(due=True).exists()


@COMMITTED
def test_stragglers_of_an_old_day_are_counted_once_an_hour(shop: Workspace, evening: clock.VirtualClock) -> None:
    sent = [message(f"a{number}@gmail.com") for number in range(6)]
    count_for_sure(evening)
    evening.advance(timedelta(days=3))
    for number, one in enumerate(sent[:2]):
        happened("mail.clicked", one)
        consumers.consume_all()
        assert counting.refresh() == 1 - number
        evening.advance(timedelta(minutes=10))
    assert counting.refresh(at_once=True) == 1
    evening.advance(timedelta(hours=1))
    assert counting.refresh() == 0


def test_counting_again_gives_the_same(shop: Workspace) -> None:
    for number in range(6):
        message(f"a{number}@gmail.com")
    counting.refresh()
    before = list(DeliveryCount.objects.values_list("domain", "accepted"))
    DeliveryDay.objects.update(due=True)
    assert counting.refresh(at_once=True) == 1
    assert list(DeliveryCount.objects.values_list("domain", "accepted")) == before


def test_a_range_and_a_sender_s_domain_choose(shop: Workspace) -> None:
    Source.objects.create(source_kind="trial", source_id=2, sender_domain="news.example", changed_at=NOW)
    for number in range(5):
        message(f"a{number}@gmail.com", at=NOW - timedelta(days=2))
        message(f"b{number}@yahoo.com", source_id=2)
    counting.refresh()
    assert figures(first=date(2026, 3, 4)).total.sent == 5
    assert figures(last=date(2026, 3, 4)).total.sent == 5
    chosen = figures(sender_domain="news.example")
    assert chosen.providers == [("Yahoo", Fared(accepted=5))]
    assert [name for name, _fared in chosen.senders] == ["news.example", "shop.example"]


def test_another_workspace_has_figures_of_its_own(shop: Workspace, rival: Workspace) -> None:
    for number in range(5):
        message(f"a{number}@gmail.com")
    counting.refresh()
    with tenancy.workspace(rival.pk):
        assert counting.refresh() == 0
        assert figures().total == Fared()


def test_nothing_is_counted_where_nothing_was_sent(shop: Workspace) -> None:
    assert counting.refresh() == 0
    found = figures()
    assert (found.total, found.days, found.counted_at) == (Fared(), {}, None)


def report(organisation: str, day: int, rows: list[tuple[str, int, bool, bool, str]]) -> None:
    at = datetime(2026, 3, day, tzinfo=UTC)
    made = DmarcReport.objects.create(
        organisation=organisation, report_key=f"{organisation}{day}", domain="shop.example", begins_at=at,
        ends_at=at + timedelta(days=1), received_at=NOW,
    )  # fmt: skip
    for source_ip, messages, dkim, spf, disposition in rows:
        DmarcRow.objects.create(
            report=made, source_ip=source_ip, messages=messages, dkim_aligned=dkim, spf_aligned=spf,
            disposition=disposition,
            auth={
                "dkim": [{"domain": "shop.example", "selector": "a", "result": "pass" if dkim or spf else "fail"}],
                "spf": [{"domain": "elsewhere.example", "result": "softfail"}],
            },
        )  # fmt: skip


def test_dmarc_reports_add_up(shop: Workspace) -> None:
    report("google.com", 1, [("192.0.2.1", 100, True, False, "none"), ("192.0.2.9", 7, False, False, "reject")])
    report("yahoo.com", 1, [("192.0.2.1", 40, False, True, "none")])
    report("google.com", 2, [("192.0.2.9", 3, False, False, "none")])
    report("google.com", 9, [("192.0.2.9", 1000, False, False, "none")])
    found = dmarc_figures(first=date(2026, 3, 1), last=date(2026, 3, 2))
    assert {day.day: (one.passed, one.failed, one.kept_out) for day, one in found.days.items()} == {
        1: (140, 7, 7),
        2: (0, 3, 0),
    }
    assert [(one.ip, one.fared.passed, one.fared.failed) for one in found.sources] == [
        ("192.0.2.1", 140, 0),
        ("192.0.2.9", 0, 10),
    ]
    assert [one.proved for one in found.sources] == [("shop.example",), ()]
    assert found.reporters == 2
    assert dmarc_figures(first=date(2026, 3, 1), last=date(2026, 3, 2), domain="other.example").days == {}
