"""Consent is kept with its proof, and withdrawn as easily as given."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from northpost.contacts import actions, queries
from northpost.contacts.errors import ContactProblem, NotHere
from northpost.contacts.models import Consent, ConsentRecord, Purpose
from northpost.core import clock, tenancy
from northpost.team.models import AuditEntry, User, Workspace

pytestmark = pytest.mark.django_db
MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_new_workspace_has_the_purpose_marketing(workspace: Workspace):
    purpose = Purpose.objects.get()
    assert (purpose.key, purpose.text_version) == ("marketing", "1")
    assert "Firm" in purpose.text


def test_granting_keeps_words_version_time_address_and_source(workspace: Workspace):
    contact = actions.add_contact(email="ann@shop.example")
    with clock.use(clock.VirtualClock(MOMENT)):
        change = actions.grant_consent(
            contact_id=contact.pk, source="form:12", text="Send me news", version="7", ip="2001:db8::1"
        )
    assert change is not None
    assert (change.state, change.at, change.purpose_key) == ("granted", MOMENT, "marketing")
    record = ConsentRecord.objects.get()
    assert (record.pk, record.text, record.text_version, record.at, record.ip, record.source, record.state) == (
        change.record_id, "Send me news", "7", MOMENT, "2001:db8::1", "form:12", "granted"
    )  # fmt: skip
    consent = Consent.objects.get()
    assert (consent.contact_id, consent.state, consent.since) == (contact.pk, "granted", MOMENT)


def test_without_words_of_its_own_the_proof_has_the_purposes(workspace: Workspace):
    contact = actions.add_contact(email="ann@shop.example")
    purpose = Purpose.objects.get()
    first_words = purpose.text
    actions.grant_consent(contact_id=contact.pk, source="page")
    actions.reword_purpose(purpose_id=purpose.pk, label="News", text="Other words")
    actions.grant_consent(contact_id=contact.pk, source="page")
    records = ConsentRecord.objects.order_by("id").values_list("text", "text_version")
    assert list(records) == [(first_words, "1"), ("Other words", "2")]
    assert actions.reword_purpose(purpose_id=purpose.pk, label="Letters", text="Other words").text_version == "2"


def test_withdrawing_adds_a_line_once_and_keeps_the_first(workspace: Workspace):
    contact = actions.add_contact(email="ann@shop.example")
    actions.grant_consent(contact_id=contact.pk, source="form")
    assert actions.withdraw_consent(contact_id=contact.pk, source="one click", ip="192.0.2.9") is not None
    assert actions.withdraw_consent(contact_id=contact.pk, source="one click", ip="192.0.2.9") is None
    assert list(ConsentRecord.objects.order_by("id").values_list("state", "source")) == [
        ("granted", "form"),
        ("withdrawn", "one click"),
    ]
    assert Consent.objects.get().state == "withdrawn"
    standing = queries.standings(contact.pk)[0]
    assert (standing.state, [record.state for record in standing.records]) == ("withdrawn", ["withdrawn", "granted"])


def test_an_older_paper_does_not_undo_a_later_withdrawal(workspace: Workspace):
    contact = actions.add_contact(email="ann@shop.example")
    actions.withdraw_consent(contact_id=contact.pk, source="one click", at=MOMENT)
    assert actions.grant_consent(contact_id=contact.pk, source="paper", at=MOMENT - timedelta(days=9)) is None
    assert Consent.objects.get().state == "withdrawn"
    assert ConsentRecord.objects.filter(source="paper").count() == 1
    assert actions.grant_consent(contact_id=contact.pk, source="form", at=MOMENT + timedelta(days=1)) is not None
    assert Consent.objects.get().state == "granted"


def test_purposes_are_apart(workspace: Workspace):
    contact = actions.add_contact(email="ann@shop.example")
    calls = actions.define_purpose(label="Обаждания", text="You may call me")
    assert calls.key == "obazhdaniya"
    actions.grant_consent(contact_id=contact.pk, source="form", purpose_key=calls.key)
    actions.grant_consent(contact_id=contact.pk, source="form")
    actions.withdraw_consent(contact_id=contact.pk, source="letter", purpose_key=calls.key)
    states = {standing.purpose.key: standing.state for standing in queries.standings(contact.pk)}
    assert states == {"marketing": "granted", "obazhdaniya": "withdrawn"}
    with pytest.raises(NotHere):
        actions.grant_consent(contact_id=contact.pk, source="form", purpose_key="unknown")
    with pytest.raises(ContactProblem):
        actions.define_purpose(label="Empty", text="  ")


def test_many_agree_in_one_statement_and_only_changes_are_announced(
    workspace: Workspace, rival: Workspace, owner: User, monkeypatch: pytest.MonkeyPatch
):
    announced: list[actions.ConsentChange] = []
    monkeypatch.setattr(actions.consent, "on_consent_changed", [announced.extend])
    people = [actions.add_contact(email=f"p{n}@shop.example").pk for n in range(3)]
    with tenancy.workspace(rival.pk):
        theirs = actions.add_contact(email="p@rival.example").pk
    actions.grant_consent(contact_id=people[0], source="form")
    announced.clear()
    assert actions.grant_consents(people=[*people, theirs], source="fair in Plovdiv", by=owner) == 2
    assert [change.contact_id for change in announced] == people[1:]
    assert ConsentRecord.objects.filter(source="fair in Plovdiv").count() == 3
    entry = AuditEntry.objects.get(verb="set_consent")
    assert (entry.detail["people"], entry.detail["state"]) == (3, "granted")
    with tenancy.workspace(rival.pk):
        assert Consent.objects.count() == 0
    with pytest.raises(NotHere):
        actions.grant_consent(contact_id=theirs, source="form")
    assert actions.withdraw_consents(people=people, source="by hand") == 3
