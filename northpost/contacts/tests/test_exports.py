"""People out: everyone or some, every field, formulas made harmless, and back in again as they were."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from northpost.contacts.exports import ExportFormat, export_contacts
from northpost.contacts.imports import Existing, Options, receive, start, work
from northpost.contacts.models import Contact, ContactList, Field
from northpost.core import clock, tenancy
from northpost.core.sql import Fragment
from northpost.core.tabular import rows, sniff
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
FILE = "email,name,phone,Size,Since\nann@example.com,=1+1,+359 88 123 4567,7.5,2020-01-02\nbob@example.com,Bob,,,\n"


@pytest.fixture
def people(workspace: Workspace) -> None:
    Field.objects.create(key="size", label="Size", kind="number", position=1)
    Field.objects.create(key="since", label="Since", kind="date", position=2)
    spring = ContactList.objects.create(name="Spring", created_at=NOON)
    bring(FILE, purpose="marketing", consent_source="shop", lists=[spring.pk], tags=["new", "shop"])


def bring(text: str, **options: object) -> None:
    with clock.use(clock.VirtualClock(NOON)):
        run = receive(kind="contacts", filename="p.csv", content=io.BytesIO(text.encode()))
        start(run_id=run.pk, mapping=run.mapping, options=Options(**options))
        assert work(run_id=run.pk).refused == 0


HEADER = [
    *("email", "external_id", "first_name", "last_name", "phone", "language", "time_zone", "role", "created_at"),
    *("Size", "Since", "consent: marketing", "lists", "tags"),
]


def test_everyone_as_csv(people: None, tmp_path: Path):
    path = tmp_path / "out.csv"
    assert export_contacts(path, file_format=ExportFormat.CSV) == 2
    with path.open(encoding="utf-8-sig", newline="") as file:
        table = list(csv.reader(file))
    at = "2026-03-04T12:00:00+00:00"
    assert table == [
        HEADER,
        ["ann@example.com", "", "'=1+1", "", "'+359 88 123 4567", "", "", "customer", at, "7.5", "2020-01-02",
         "granted", "Spring", "new; shop"],
        ["bob@example.com", "", "Bob", "", "", "", "", "customer", at, "", "", "granted", "Spring", "new; shop"],
    ]  # fmt: skip


def test_as_xlsx(people: None, tmp_path: Path):
    path = tmp_path / "out.xlsx"
    assert export_contacts(path, file_format=ExportFormat.XLSX) == 2
    shape = sniff(path)
    assert shape.columns == HEADER
    assert [row.values[2] for row in rows(path, shape)] == ["'=1+1", "Bob"]


def test_only_those_asked_for(people: None):
    bob = Contact.objects.get(first_name="Bob")
    stream = io.StringIO(newline="")
    chosen = Fragment("SELECT id FROM contacts_contact WHERE id = %(rule_0)s", {"rule_0": bob.pk})
    assert export_contacts(stream, file_format=ExportFormat.CSV, people=chosen) == 1
    assert "ann@example.com" not in stream.getvalue()


def test_what_went_out_comes_back_as_it_was(people: None):
    before = list(Contact.objects.order_by("pk").values("email", "first_name", "phone", "attributes"))
    stream = io.StringIO(newline="")
    export_contacts(stream, file_format=ExportFormat.CSV)
    bring(stream.getvalue(), existing=Existing.OVERWRITE)
    assert list(Contact.objects.order_by("pk").values("email", "first_name", "phone", "attributes")) == before
    assert before[0]["first_name"] == "=1+1"


def test_a_rivals_people_stay_inside(people: None, rival: Workspace):
    stream = io.StringIO(newline="")
    everyone = list(Contact.objects.values_list("pk", flat=True))
    chosen = Fragment("SELECT unnest(%(ids)s::bigint[])", {"ids": everyone})
    with tenancy.workspace(rival.pk):
        assert export_contacts(stream, file_format=ExportFormat.CSV) == 0
        assert export_contacts(stream, file_format=ExportFormat.CSV, people=chosen) == 0
    assert "example.com" not in stream.getvalue()
