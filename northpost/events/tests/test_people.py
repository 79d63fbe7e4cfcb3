"""The log and the people in it: consent is an event, a person's line of time, and what stays of the erased."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from northpost.contacts import actions as contacts
from northpost.contacts.actions import ImportedConsents
from northpost.contacts.imports import Existing, Options
from northpost.contacts.imports.storing import Person, settle_options, store_people
from northpost.contacts.models import ConsentRecord, Contact
from northpost.contacts.queries import export_person
from northpost.core import tenancy
from northpost.events import queries
from northpost.events.actions import NewEvent, record_events, record_imported_consents
from northpost.events.models import Event
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db
MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_consent_that_changes_is_an_event_once(workspace: Workspace):
    ann = contacts.add_contact(email="ann@shop.example").pk
    contacts.grant_consent(contact_id=ann, source="form:1", at=MOMENT)
    contacts.grant_consent(contact_id=ann, source="form:1", at=MOMENT)
    contacts.withdraw_consent(contact_id=ann, source="one click", at=MOMENT + timedelta(days=1))
    contacts.withdraw_consent(contact_id=ann, source="one click", at=MOMENT + timedelta(days=2))
    rows = Event.objects.order_by("id").values_list("kind", "contact_id", "occurred_at", "source", "properties")
    assert list(rows) == [
        ("contact.subscribed", ann, MOMENT, "form:1", {"purpose": "marketing"}),
        ("contact.unsubscribed", ann, MOMENT + timedelta(days=1), "one click", {"purpose": "marketing"}),
    ]


def test_of_an_erased_person_a_count_stays(workspace: Workspace, rival: Workspace):
    ann, bob = (contacts.add_contact(email=f"{name}@shop.example").pk for name in ("ann", "bob"))
    record_events(
        [
            NewEvent(f"{n}", "mail.clicked", contact, MOMENT, properties={"url": "https://shop.example/"})
            for n, contact in enumerate((ann, bob))
        ]
    )
    contacts.erase_contact(contact_id=ann)
    rows = Event.objects.order_by("id").values_list("contact_id", "properties")
    assert list(rows) == [(None, {}), (bob, {"url": "https://shop.example/"})]


def test_a_line_of_time_goes_back_page_by_page(workspace: Workspace, rival: Workspace):
    ann = contacts.add_contact(email="ann@shop.example").pk
    record_events([NewEvent(f"{n}", "mail.opened", ann, MOMENT + timedelta(days=n), machine=n == 2) for n in range(3)])
    contacts.grant_consent(contact_id=ann, source="form", at=MOMENT)
    first = queries.timeline(ann, limit=2)
    assert [(row.at.day, row.kind, row.detail["machine"]) for row in first] == [
        (3, "mail.opened", True),
        (2, "mail.opened", False),
    ]
    assert [row.at.day for row in queries.timeline(ann, before=first[-1].at, limit=2)] == [1]
    exported = export_person(ann)
    assert exported is not None
    assert len(exported["events"]) == 4
    with tenancy.workspace(rival.pk):
        assert queries.timeline(ann) == []


def test_consent_from_a_file_is_history_and_an_event_once(workspace: Workspace):
    settled = settle_options(Options(purpose="marketing", consent_source="Paper form"))
    batch = [Person(email=f"p{n}@shop.example", email_key=f"p{n}@shop.example") for n in range(3)]
    batch[1].consented_at = MOMENT
    for _again in range(2):
        store_people(batch, run_id=1, existing=Existing.FILL, settled=settled)
    events = list(Event.objects.order_by("id"))
    assert [event.contact_id for event in events] == list(Contact.objects.order_by("pk").values_list("pk", flat=True))
    assert {(event.kind, event.backfill, event.source) for event in events} == {
        ("contact.subscribed", True, "Paper form")
    }
    assert [event.properties for event in events] == [{"purpose": "marketing"}] * 3
    assert events[1].occurred_at == MOMENT
    # The proof counts once, whoever tells of it again.
    record = ConsentRecord.objects.get(contact_id=events[0].contact_id)
    record_imported_consents(ImportedConsents([record.pk], [record.at.date()]))
    assert Event.objects.count() == 3
