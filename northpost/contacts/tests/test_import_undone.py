"""An import taken back: its people go, unless they have done something since."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest

from northpost.contacts.imports import ImportRefused, Options, receive, start, undo, undoing, work
from northpost.contacts.models import (
    Consent,
    ConsentRecord,
    Contact,
    ContactList,
    ImportRun,
    ListMember,
    Purpose,
    Tagged,
)
from northpost.core import clock
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def virtual():
    with clock.use(clock.VirtualClock(NOON)) as virtual:
        yield virtual


@pytest.fixture
def run(workspace: Workspace) -> ImportRun:
    chosen = ContactList.objects.create(name="Spring", created_at=NOON)
    Contact.objects.create(email="here@example.com", email_key="here@example.com", created_at=NOON, updated_at=NOON)
    text = b"email,name\nhere@example.com,Here\n" + b"".join(b"p%d@example.com,P\n" % n for n in range(4))
    run = receive(kind="contacts", filename="people.csv", content=io.BytesIO(text))
    options = Options(purpose="marketing", consent_source="shop", lists=[chosen.pk], tags=["spring"])
    start(run_id=run.pk, mapping=run.mapping, options=options)
    work(run_id=run.pk)
    return run


def person(number: int) -> Contact:
    return Contact.objects.get(email_key=f"p{number}@example.com")


def test_untouched_people_go_with_all_that_hangs_on_them(run: ImportRun):
    assert undo(run_id=run.pk) == 4
    here = Contact.objects.get()
    assert (here.email_key, here.first_name) == ("here@example.com", "Here")
    for model in (Consent, ConsentRecord, ListMember, Tagged):
        assert list(model.objects.values_list("contact_id", flat=True)) == [here.pk]
    run.refresh_from_db()
    assert run.state == "undone"
    with pytest.raises(ImportRefused):
        undo(run_id=run.pk)


def test_people_with_something_later_are_kept(
    run: ImportRun, virtual: clock.VirtualClock, monkeypatch: pytest.MonkeyPatch
):
    later = virtual.advance(timedelta(hours=1))
    Contact.objects.filter(pk=person(0).pk).update(updated_at=later)
    purpose = Purpose.objects.get(key="marketing")
    ConsentRecord.objects.create(contact=person(1), purpose=purpose, state="withdrawn", at=later, source="page")
    known = person(2).pk
    monkeypatch.setitem(undoing._activities, "test", lambda ids: {known} & set(ids))
    assert undo(run_id=run.pk) == 1
    assert sorted(Contact.objects.values_list("email_key", flat=True)) == [
        "here@example.com",
        "p0@example.com",
        "p1@example.com",
        "p2@example.com",
    ]


def test_an_import_that_is_not_finished_cannot_be_undone(workspace: Workspace):
    run = receive(kind="contacts", filename="people.csv", content=io.BytesIO(b"email\na@example.com\n"))
    with pytest.raises(ImportRefused):
        undo(run_id=run.pk)
