"""The gate: everybody of an audience gets a row, queued or skipped with the reason, once per source."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from northpost.contacts.actions import erase_contact, withdraw_consent
from northpost.contacts.models import Contact
from northpost.core import clock, tenancy
from northpost.core.sql import Fragment
from northpost.delivery import actions, queries
from northpost.delivery.models import Message, Policy, Suppression
from northpost.delivery.tests import rig
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def test_each_reason_has_its_row(workspace: Workspace):
    agreed = rig.people(5)
    rig.people(2, start=10, consent=False)
    nameless = Contact.objects.create(external_id="77", created_at=NOON, updated_at=NOON)
    withdraw_consent(contact_id=agreed[0].pk, source="page")
    actions.suppress(email="PERSON1@mail.example")
    result = rig.enqueue()
    assert (result.queued, result.skipped) == (3, {"no_address": 1, "no_consent": 3, "suppressed": 1})
    assert result.audience == Message.objects.count() == 8
    assert Message.objects.get(contact_id=nameless.pk).reason == "no_address"
    found = queries.counts(rig.KIND, 1)
    assert (found.states, found.reasons, found.waiting, found.done) == (
        {"queued": 3, "skipped": 5},
        {"no_address": 1, "no_consent": 3, "suppressed": 1},
        3,
        5,
    )


def test_in_two_segments_and_asked_twice_is_one_message(workspace: Workspace):
    people = rig.people(3)
    ids = [person.pk for person in people]
    both = Fragment(
        "SELECT unnest(%(first)s::bigint[]) UNION ALL SELECT unnest(%(second)s::bigint[])",
        {"first": ids, "second": ids[1:]},
    )
    assert rig.enqueue(audience=both).queued == 3
    assert rig.enqueue(audience=both) == actions.Enqueued(0, {})
    assert rig.enqueue(2, audience=both).queued == 3
    assert Message.objects.count() == 6


def test_the_audience_is_this_workspaces(workspace: Workspace, rival: Workspace):
    rig.people(2)
    with tenancy.workspace(rival.pk):
        theirs = rig.people(3)
    assert rig.enqueue(audience=rig.only(*(person.pk for person in theirs))) == actions.Enqueued(0, {})


def test_transactional_needs_no_consent_but_respects_suppression(workspace: Workspace):
    rig.people(2, consent=False)
    actions.suppress(email="person0@mail.example")
    result = rig.enqueue(purpose_id=None, transactional=True)
    assert (result.queued, result.skipped) == (1, {"suppressed": 1})
    with pytest.raises(ValueError, match="purpose"):
        rig.enqueue(2, purpose_id=None)
    assert Message.objects.count() == 2


def test_an_erased_person_stays_suppressed_by_a_hash_alone(workspace: Workspace):
    person = rig.people(1)[0]
    rig.enqueue()
    erase_contact(contact_id=person.pk)
    kept = Suppression.objects.get()
    assert (kept.email_key, kept.reason, len(kept.email_hash)) == (None, "erased", 32)
    assert Message.objects.get().email is None
    # The same address comes back, by an import say.
    rig.people(1)
    assert rig.enqueue(2).skipped == {"suppressed": 1}


@pytest.mark.parametrize(
    ("earlier", "state", "expected"),
    [
        (timedelta(days=6), "accepted", {"frequency_cap": 1}),
        (timedelta(days=6), "queued", {"frequency_cap": 1}),
        (timedelta(days=6), "skipped", {}),
        (timedelta(days=6), "rejected", {}),
        (timedelta(days=8), "accepted", {}),
    ],
)
def test_the_cap_counts_what_was_and_will_be_sent(
    workspace: Workspace, earlier: timedelta, state: str, expected: dict[str, int]
):
    rig.people(1)
    Policy.objects.create(cap_messages=2, cap_days=7)
    with clock.use(clock.VirtualClock(NOON - earlier)):
        rig.enqueue(1)
        rig.enqueue(2)
    Message.objects.update(state=state)
    with clock.use(clock.VirtualClock(NOON)):
        assert rig.enqueue(3).skipped == expected
        # What somebody ordered is no advertisement.
        assert rig.enqueue(4, purpose_id=None, transactional=True).queued == 1


@pytest.mark.parametrize(
    ("zone", "now", "due"),
    [
        ("Europe/Sofia", "2026-03-04T19:30", "2026-03-04T19:30"),  # 21:30 there
        ("Europe/Sofia", "2026-03-04T20:30", "2026-03-05T06:00"),  # 22:30 there
        ("Europe/Sofia", "2026-03-05T03:00", "2026-03-05T06:00"),  # 5:00 there
        ("Europe/Moscow", "2026-03-04T19:30", "2026-03-05T05:00"),  # 22:30 there
        ("", "2026-03-04T22:30", "2026-03-05T08:00"),  # the workspace's own, UTC
        ("No/Where", "2026-03-04T22:30", "2026-03-05T08:00"),
        # The clocks go forward in this night: 8:00 is 5:00 UTC by then.
        ("Europe/Sofia", "2026-03-28T21:00", "2026-03-29T05:00"),
    ],
)
def test_quiet_hours_are_the_persons_own(workspace: Workspace, zone: str, now: str, due: str):
    rig.people(1)
    Contact.objects.update(time_zone=zone)
    Policy.objects.create(cap_messages=None, quiet_from=time(22), quiet_until=time(8))
    with clock.use(clock.VirtualClock(datetime.fromisoformat(now).replace(tzinfo=UTC))):
        rig.enqueue()
        rig.enqueue(2, purpose_id=None, transactional=True)
        assert Message.objects.get(source_id=2).due_at == clock.now()
    assert Message.objects.get(source_id=1).due_at == datetime.fromisoformat(due).replace(tzinfo=UTC)


def test_quiet_hours_within_a_day(workspace: Workspace):
    rig.people(1)
    Policy.objects.create(cap_messages=None, quiet_from=time(11), quiet_until=time(14))
    with clock.use(clock.VirtualClock(NOON)):
        rig.enqueue()
    assert Message.objects.get().due_at == NOON.replace(hour=14)


def test_what_would_come_too_late_does_not_come(workspace: Workspace):
    rig.people(1)
    with clock.use(clock.VirtualClock(NOON)):
        assert rig.enqueue(1, expires_at=NOON).skipped == {"expired": 1}
        assert rig.enqueue(2, due_at=NOON + timedelta(hours=2), expires_at=NOON + timedelta(hours=1)).skipped == {
            "expired": 1
        }
        assert rig.enqueue(3, expires_at=NOON + timedelta(hours=1)).queued == 1


@pytest.mark.parametrize(
    ("own", "languages", "expected"),
    [
        ("bg", ["en", "bg"], "bg"),
        ("ru", ["en", "bg"], "en"),
        ("", ["en", "bg"], "en"),
        ("ru", [], "ru"),
        ("", [], "en"),
    ],
)
def test_the_language_is_settled_at_the_gate(workspace: Workspace, own: str, languages: list[str], expected: str):
    rig.people(1)
    Contact.objects.update(language=own)
    rig.enqueue(languages=languages, language="en")
    assert Message.objects.get().language == expected


def test_an_audience_cannot_take_the_gates_names(workspace: Workspace):
    rig.people(1)
    with pytest.raises(ValueError, match="gate_purpose"):
        rig.enqueue(
            audience=Fragment("SELECT id FROM contacts_contact WHERE id > %(gate_purpose)s", {"gate_purpose": 0})
        )
    assert not Message.objects.exists()
