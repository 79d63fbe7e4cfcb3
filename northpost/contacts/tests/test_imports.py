"""People from files: what is made, what is changed, what is refused, and how consent is kept."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.utils import translation

from northpost.contacts.imports import Existing, ImportRefused, Options, Report, receive, shape, start, understand, work
from northpost.contacts.imports.kinds import RowRefused
from northpost.contacts.imports.people import PeopleLoader
from northpost.contacts.models import (
    Consent,
    ConsentRecord,
    Contact,
    ContactList,
    Field,
    ImportRun,
    ListMember,
    Purpose,
    Tag,
    Tagged,
)
from northpost.core import clock, tenancy
from northpost.core.tabular import UnreadableFile
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def noon():
    with clock.use(clock.VirtualClock(NOON)) as virtual:
        yield virtual


def bring(content: str | bytes, mapping: dict[str, str] | None = None, **options: object) -> Report:
    """Import a file of people as a page would."""
    raw = content if isinstance(content, bytes) else content.encode()
    run = receive(kind="contacts", filename="people.csv", content=io.BytesIO(raw))
    start(run_id=run.pk, mapping=mapping or run.mapping, options=Options(**options))
    return work(run_id=run.pk)


def refusals(report: Report) -> list[list[str]]:
    with Path(report.refused_path).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def counts(report: Report) -> tuple[int, int, int, int]:
    return report.created, report.updated, report.unchanged, report.refused


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
def test_people_come_in_whatever_the_encoding(workspace: Workspace, encoding: str):
    text = "Имейл;Име;Фамилия;Телефон\nIvan@Example.com;Иван;Георгиев;+359 88 123 4567\nana@пример.бг;Ана;Димитрова;\n"
    report = bring(text.replace("пример.бг", "example.org").encode(encoding))
    assert (report.state, counts(report)) == ("done", (2, 0, 0, 0))
    ivan, ana = Contact.objects.order_by("pk")
    assert (ivan.email, ivan.email_key) == ("Ivan@example.com", "ivan@example.com")
    assert (ivan.first_name, ivan.last_name, ivan.phone) == ("Иван", "Георгиев", "+359 88 123 4567")
    assert (ana.email, ana.phone, ana.role, ana.attributes) == ("ana@example.org", "", "customer", {})
    assert (ivan.created_at, ivan.updated_at, ivan.import_run_id) == (NOON, NOON, ImportRun.objects.get().pk)


def test_a_cyrillic_domain_is_kept_in_ascii(workspace: Workspace):
    bring("email\nАна@пример.бг\n")
    person = Contact.objects.get()
    assert (person.email, person.email_key) == ("Ана@xn--e1afmkfd.xn--90ae", "ана@xn--e1afmkfd.xn--90ae")


def test_custom_fields_are_typed(workspace: Workspace):
    for key, kind, choices in [
        ("size", "number", []),
        ("vip", "boolean", []),
        ("birthday", "date", []),
        ("colour", "choice", ["Red", "Blue"]),
        ("note", "text", []),
    ]:
        Field.objects.create(key=key, label=key.title(), kind=kind, choices=choices)
    report = bring(
        "email;Size;VIP;Birthday;Colour;Note\n"
        "a@example.com;1.234,5;да;25.12.1990;red;'+x\n"
        "b@example.com;7;;;;\n"
        "c@example.com;seven;;;;\n"
        "d@example.com;;perhaps;;;\n"
        "e@example.com;;;31.02.1990;;\n"
        "f@example.com;;;;green;\n"
    )
    assert counts(report) == (2, 0, 0, 4)
    first, second = Contact.objects.order_by("pk").values_list("attributes", flat=True)
    assert first == {"size": 1234.5, "vip": True, "birthday": "1990-12-25", "colour": "Red", "note": "+x"}
    assert second == {"size": 7}
    assert [row[:2] for row in refusals(report)] == [
        ["Row", "Reason"],
        ["4", "“seven” is not a number"],
        ["5", "“perhaps” is neither yes nor no"],
        ["6", "“31.02.1990” is a day that does not exist"],
        ["7", "“green” is none of the choices of Colour"],
    ]


def test_refused_rows_are_in_a_file_with_reasons_and_their_cells(workspace: Workspace):
    report = bring(
        b"email,name\n"
        b"good@example.com,Good\n"
        b"not an address,=1+1\n"
        b",Nobody\n"
        b"a@example.com\n"
        b"b@exa\0mple.com,Nul\n"
        b"last@example.com,Last\n"
    )
    assert counts(report) == (2, 0, 0, 4)
    assert refusals(report) == [
        ["Row", "Reason", "email", "name"],
        ["3", "the e-mail address has a space in it", "not an address", "'=1+1"],
        ["4", "there is neither an e-mail address nor a customer number", "", "Nobody"],
        ["5", "cells in the row: 1; columns in the file: 2", "a@example.com"],
        ["6", "the row has a zero byte in it, which no text has", "b@example.com", "Nul"],
    ]
    assert list(Contact.objects.order_by("pk").values_list("email_key", flat=True)) == [
        "good@example.com",
        "last@example.com",
    ]


def test_without_refusals_there_is_no_file(workspace: Workspace):
    report = bring("email\na@example.com\n")
    assert report.refused_path == ""


@pytest.mark.parametrize(
    ("existing", "tally", "name", "phone", "attributes"),
    [
        (Existing.SKIP, (1, 0, 1, 0), "Ann", "", {"a": 1}),
        (Existing.FILL, (1, 1, 0, 0), "Ann", "123 4567", {"a": 1}),
        (Existing.OVERWRITE, (1, 1, 0, 0), "Anna", "123 4567", {"a": 1}),
    ],
)
def test_what_happens_to_people_who_are_here(
    workspace: Workspace, existing: Existing, tally: tuple[int, ...], name: str, phone: str, attributes: dict
):
    before = datetime(2026, 1, 1, tzinfo=UTC)
    Contact.objects.create(
        email="ann@example.com",
        email_key="ann@example.com",
        first_name="Ann",
        last_name="Old",
        attributes={"a": 1},
        created_at=before,
        updated_at=before,
    )
    report = bring(
        "email,first_name,last_name,phone\nANN@example.com,Anna,,123 4567\nnew@example.com,New,,\n", existing=existing
    )
    assert counts(report) == tally
    ann = Contact.objects.get(email_key="ann@example.com")
    assert (ann.email, ann.first_name, ann.last_name, ann.phone) == (
        "ANN@example.com" if existing is Existing.OVERWRITE else "ann@example.com",
        name,
        "Old",
        phone,
    )
    assert ann.attributes == attributes
    assert ann.updated_at == (before if existing is Existing.SKIP else NOON)
    assert ann.import_run_id is None


def test_the_same_file_twice_changes_nothing(workspace: Workspace):
    text = "email,name\na@example.com,Ann\nb@example.com,Bob\n"
    bring(text, purpose="marketing", consent_source="shop")
    before = list(Contact.objects.order_by("pk").values())
    report = bring(text, existing=Existing.OVERWRITE, purpose="marketing", consent_source="shop again")
    assert counts(report) == (0, 0, 2, 0)
    assert list(Contact.objects.order_by("pk").values()) == before
    assert set(ConsentRecord.objects.values_list("source", flat=True)) == {"shop"}


@pytest.mark.parametrize(
    ("existing", "name", "phone"),
    [(Existing.SKIP, "First", ""), (Existing.FILL, "First", "222 2222"), (Existing.OVERWRITE, "Second", "222 2222")],
)
def test_an_address_twice_in_a_file_is_one_person(workspace: Workspace, existing: Existing, name: str, phone: str):
    report = bring(
        "email,name,phone\na@example.com,First,\nA@Example.com,Second,222 2222\n",
        {"email": "email", "name": "first_name", "phone": "phone"},
        existing=existing,
    )
    assert (report.created, report.refused) == (1, 0)
    assert report.created + report.updated + report.unchanged == 2
    person = Contact.objects.get()
    assert (person.first_name, person.phone) == (name, phone)


def test_people_by_customer_number(workspace: Workspace):
    report = bring("customer id,email,name\n17850.0,,Ann\n17851,b@example.com,Bob\n17850,a@example.com,\n")
    assert counts(report) == (2, 0, 1, 0)
    ann = Contact.objects.get(external_id="17850")
    assert (ann.email_key, ann.first_name) == ("a@example.com", "Ann")
    report = bring("customer id,email\n17850,other@example.com\n", existing=Existing.OVERWRITE)
    assert counts(report) == (0, 1, 0, 0)
    assert Contact.objects.get(external_id="17850").email_key == "other@example.com"


def test_a_row_that_means_two_people_is_refused(workspace: Workspace):
    bring("customer id,email\n1,one@example.com\n2,two@example.com\n")
    before = list(Contact.objects.order_by("pk").values())
    report = bring("customer id,email\n1,two@example.com\n3,one@example.com\n", existing=Existing.OVERWRITE)
    assert counts(report) == (0, 0, 0, 2)
    assert [row[1] for row in refusals(report)[1:]] == [
        "the e-mail address belongs to one person and the customer number to another",
        "the e-mail address belongs to the customer with the number 1",
    ]
    assert list(Contact.objects.order_by("pk").values()) == before


def test_two_numbers_with_one_address_in_a_file(workspace: Workspace):
    report = bring(
        "customer id,email\n1,one@example.com\n2,one@example.com\n3,\n,three@example.com\n3,three@example.com\n"
    )
    assert counts(report) == (3, 0, 0, 2)
    assert sorted(Contact.objects.values_list("external_id", "email_key"), key=str) == [
        ("1", "one@example.com"),
        ("3", None),
        (None, "three@example.com"),
    ]


def test_a_person_meant_by_two_rows_gets_both(workspace: Workspace):
    bring("customer id,email\n1,one@example.com\n")
    report = bring("customer id,email,name,phone\n1,,Ann,\n,one@example.com,,222 2222\n")
    assert counts(report) == (0, 2, 0, 0)
    person = Contact.objects.get()
    assert (person.first_name, person.phone) == ("Ann", "222 2222")


def test_consent_is_given_with_its_proof(workspace: Workspace):
    purpose = Purpose.objects.get(key="marketing")
    Purpose.objects.filter(pk=purpose.pk).update(text="Yes, write to me", text_version="3")
    bring(
        "email,consent date\na@example.com,2025-05-06\nb@example.com,\n",
        purpose="marketing",
        consent_source="Paper form in the shop",
    )
    assert list(Consent.objects.order_by("contact_id").values_list("state", "since")) == [
        ("granted", datetime(2025, 5, 6, tzinfo=UTC)),
        ("granted", NOON),
    ]
    records = ConsentRecord.objects.order_by("contact_id")
    assert list(records.values_list("state", "at", "source", "text", "text_version")) == [
        ("granted", datetime(2025, 5, 6, tzinfo=UTC), "Paper form in the shop", "Yes, write to me", "3"),
        ("granted", NOON, "Paper form in the shop", "Yes, write to me", "3"),
    ]


def test_no_consent_unless_it_is_named(workspace: Workspace):
    bring("email\na@example.com\n")
    assert (Consent.objects.count(), ConsentRecord.objects.count()) == (0, 0)


def test_who_has_withdrawn_stays_withdrawn(workspace: Workspace):
    purpose = Purpose.objects.get(key="marketing")
    before = datetime(2026, 1, 1, tzinfo=UTC)
    for state in ("withdrawn", "pending"):
        person = Contact.objects.create(
            email=f"{state}@example.com", email_key=f"{state}@example.com", created_at=before, updated_at=before
        )
        Consent.objects.create(contact=person, purpose=purpose, state=state, since=before)
    bring(
        "email\nwithdrawn@example.com\npending@example.com\n",
        purpose="marketing",
        consent_source="shop",
        existing=Existing.OVERWRITE,
    )
    assert dict(Consent.objects.values_list("contact__email", "state")) == {
        "withdrawn@example.com": "withdrawn",
        "pending@example.com": "granted",
    }
    assert list(ConsentRecord.objects.values_list("contact__email", flat=True)) == ["pending@example.com"]


def test_lists_and_tags_go_to_everyone_in_the_file(workspace: Workspace):
    chosen = ContactList.objects.create(name="Spring", created_at=NOON)
    Tag.objects.create(name="old")
    bring("email\nhere@example.com\n")
    bring(
        "email\nhere@example.com\nnew@example.com\n", existing=Existing.SKIP, lists=[chosen.pk], tags=["old", " new "]
    )
    bring("email\nhere@example.com\n", lists=[chosen.pk], tags=["old"])
    assert ListMember.objects.filter(contact_list=chosen).count() == 2
    assert sorted(Tagged.objects.values_list("tag__name", "contact__email")) == [
        ("new", "here@example.com"),
        ("new", "new@example.com"),
        ("old", "here@example.com"),
        ("old", "new@example.com"),
    ]


def test_constants_are_for_every_row(workspace: Workspace):
    bring("email,lang\na@example.com,\nb@example.com,русский\n", constants={"language": "bg", "role": "партньор"})
    assert list(Contact.objects.order_by("pk").values_list("language", "role")) == [
        ("bg", "partner"),
        ("ru", "partner"),
    ]


def test_what_was_guessed_wrongly_can_be_corrected(workspace: Workspace):
    run = receive(
        kind="contacts", content=io.BytesIO(b"anna,anna@example.com\nbob,bob@example.com\n"), filename="x.csv"
    )
    assert (shape(run).has_header, run.mapping) == (False, {"2": "email"})
    run = understand(run_id=run.pk, has_header=True)
    assert shape(run).columns == ["anna", "anna@example.com"]


@pytest.mark.parametrize(
    ("mapping", "options", "message"),
    [
        ({"name": "first_name"}, {}, "Choose the column with the e-mail addresses"),
        ({"nothing": "email"}, {}, "The file has no column “nothing”."),
        ({"email": "password"}, {}, "Nothing here is called “password”."),
        ({"email": "email", "name": "email"}, {}, "Two columns are meant for the same thing."),
        ({"email": "email"}, {"purpose": "marketing"}, "Say where and how"),
        ({"email": "email"}, {"purpose": "none", "consent_source": "x"}, "There is no consent called “none”."),
        ({"email": "email"}, {"lists": [999]}, "A list that was chosen is not there any more."),
    ],
)
def test_what_cannot_work_is_refused_before_it_starts(
    workspace: Workspace, mapping: dict[str, str], options: dict[str, object], message: str
):
    run = receive(kind="contacts", content=io.BytesIO(b"email,name\na@example.com,Ann\n"), filename="x.csv")
    with pytest.raises(ImportRefused) as refused:
        start(run_id=run.pk, mapping=mapping, options=Options(**options))
    assert refused.value.message.startswith(message)
    run.refresh_from_db()
    assert run.state == "uploaded"
    assert Contact.objects.count() == 0


def test_a_started_import_is_not_started_again(workspace: Workspace):
    run = receive(kind="contacts", content=io.BytesIO(b"email\na@example.com\n"), filename="x.csv")
    start(run_id=run.pk, mapping=run.mapping, options=Options())
    with pytest.raises(ImportRefused):
        start(run_id=run.pk, mapping=run.mapping, options=Options())
    assert counts(work(run_id=run.pk)) == (1, 0, 0, 0)
    assert counts(work(run_id=run.pk)) == (1, 0, 0, 0)


def test_a_file_that_is_no_table_leaves_nothing_behind(workspace: Workspace, settings):
    with pytest.raises(UnreadableFile):
        receive(kind="contacts", content=io.BytesIO(b"%PDF-1.4 hello"), filename="x.pdf")
    assert ImportRun.objects.count() == 0
    assert list((settings.NORTHPOST_DATA_DIR / "imports" / str(workspace.pk)).iterdir()) == []


def test_a_file_is_kept_under_a_name_of_our_own(workspace: Workspace):
    run = receive(kind="contacts", content=io.BytesIO(b"email\na@example.com\n"), filename="../../etc/passwd")
    assert Path(run.path).parent.name == str(workspace.pk)
    assert "passwd" not in run.path


def test_people_land_in_their_own_workspace_only(workspace: Workspace, rival: Workspace):
    with tenancy.workspace(rival.pk):
        bring("email,name\na@example.com,Theirs\n")
    report = bring("email,name\na@example.com,Ours\n")
    assert counts(report) == (1, 0, 0, 0)
    assert list(Contact.objects.values_list("first_name", flat=True)) == ["Ours"]
    with tenancy.workspace(rival.pk):
        assert list(Contact.objects.values_list("first_name", flat=True)) == ["Theirs"]
        assert ImportRun.objects.count() == 1


def test_a_list_of_another_workspace_cannot_be_chosen(workspace: Workspace, rival: Workspace):
    with tenancy.workspace(rival.pk):
        theirs = ContactList.objects.create(name="Theirs", created_at=NOON)
    with pytest.raises(ImportRefused):
        bring("email\na@example.com\n", lists=[theirs.pk])
    assert Contact.objects.count() == 0


def test_reasons_are_in_the_language_of_whoever_imports(workspace: Workspace, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_args: object) -> None:
        raise RowRefused(translation.get_language())

    monkeypatch.setattr(PeopleLoader, "read", refuse)
    report = bring("email,name\nwrong,Ann\n", {"email": "email"}, language="bg")
    assert refusals(report)[1][1] == "bg"
