"""An import through the pages, from the file to the undoing."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from northpost.contacts import actions
from northpost.contacts.imports import work
from northpost.contacts.models import ConsentRecord, Contact, ContactList, Field, ImportRun
from northpost.core import clock, tenancy
from northpost.team.models import Membership, Role, User, Workspace

pytestmark = pytest.mark.django_db
BASE = "/w/firm/people/imports/"
FILE = "Имейл;Име;Размер\nann@shop.example;Ан;S\nno address;Боб;M\nИван@пример.бг;Иван;L\n".encode("cp1251")


@pytest.fixture
def browser(owner: User, workspace: Workspace) -> Client:
    client = Client()
    client.force_login(owner)
    return client


def upload(browser: Client, content: bytes = FILE, name: str = "../people.csv") -> ImportRun:
    answer = browser.post(BASE + "new/", {"kind": "contacts", "file": SimpleUploadedFile(name, content)})
    run = ImportRun.objects.get()
    assert answer.headers["Location"] == f"{BASE}{run.pk}/"
    return run


def test_a_file_is_understood_mapped_imported_and_undone(browser: Client, workspace: Workspace):
    run = upload(browser)
    page = browser.get(f"{BASE}{run.pk}/")
    assert (page.context["seen"].encoding, page.context["seen"].delimiter) == ("cp1251", ";")
    assert [column["to"] for column in page.context["columns"]] == ["email", "first_name", ""]
    assert "ann@shop.example" in page.text
    assert Contact.objects.count() == 0
    said = {"sure": "1", "column_0": "email", "column_1": "first_name", "column_2": "new:text", "existing": "fill"}
    refused = browser.post(f"{BASE}{run.pk}/go/", said | {"purpose": "marketing"})
    assert refused.status_code == 422
    assert "without it there is no proof" in refused.text
    assert (Field.objects.count(), ContactList.objects.count()) == (0, 0)
    said |= {"purpose": "marketing", "consent_source": "fair 2026", "new_list": "Fair", "tags": "fair, sofia"}
    assert browser.post(f"{BASE}{run.pk}/go/", said).status_code == 302
    assert "progress" in browser.get(f"{BASE}{run.pk}/").text
    assert "HX-Refresh" not in browser.get(f"{BASE}{run.pk}/progress/").headers
    work(run_id=run.pk)
    assert browser.get(f"{BASE}{run.pk}/progress/")["HX-Refresh"] == "true"
    done = browser.get(f"{BASE}{run.pk}/")
    assert "Download the refused rows" in done.text
    rows = browser.get(f"{BASE}{run.pk}/refused/")
    assert "no address" in b"".join(rows.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    assert [row.attributes for row in Contact.objects.order_by("pk")] == [{"razmer": "S"}, {"razmer": "L"}]
    assert ConsentRecord.objects.filter(source="fair 2026").count() == 2
    browser.post(f"{BASE}{run.pk}/undo/")
    run.refresh_from_db()
    assert (run.state, Contact.objects.count()) == ("undone", 0)


def test_what_was_misunderstood_is_corrected(browser: Client):
    run = upload(browser, b"a@shop.example,Ann\nb@shop.example,Bob\n")
    browser.post(f"{BASE}{run.pk}/understand/", {"encoding": "utf-8", "delimiter": ",", "has_header": "1"})
    assert browser.get(f"{BASE}{run.pk}/").context["seen"].columns == ["a@shop.example", "Ann"]
    browser.post(f"{BASE}{run.pk}/understand/", {"encoding": "utf-8", "delimiter": ",", "has_header": "0"})
    assert browser.get(f"{BASE}{run.pk}/").context["seen"].columns == ["1", "2"]


def test_what_is_no_table_is_refused_in_words(browser: Client):
    for content in (b"", b"PK\x03\x04 broken archive"):
        answer = browser.post(BASE + "new/", {"kind": "contacts", "file": SimpleUploadedFile("x.xlsx", content)})
        assert answer.status_code == 422
        assert answer.context["problem"]
    assert browser.post(BASE + "new/", {"kind": "contacts"}).status_code == 422
    assert ImportRun.objects.count() == 0


def test_a_mapping_that_cannot_work_starts_nothing(browser: Client):
    run = upload(browser)
    answer = browser.post(f"{BASE}{run.pk}/go/", {"sure": "1", "existing": "fill", "column_2": "new:text"})
    assert answer.status_code == 422
    assert answer.context["problem"]
    run.refresh_from_db()
    assert (run.state, Field.objects.count()) == ("uploaded", 0)


def test_an_import_of_another_workspace_is_not_there(browser: Client, workspace: Workspace, rival: Workspace):
    run = upload(browser)
    stranger = Client()
    stranger.force_login(User.objects.get(email="owner@rival.example"))
    for path in ("", "progress/", "refused/"):
        assert stranger.get(f"{BASE}{run.pk}/{path}").status_code == 404
        assert stranger.get(f"/w/rival/people/imports/{run.pk}/{path}").status_code == 404
    for path in ("understand/", "go/", "undo/"):
        assert stranger.post(f"/w/rival/people/imports/{run.pk}/{path}").status_code == 404
    with tenancy.workspace(workspace.pk):
        assert ImportRun.objects.get().state == "uploaded"


def test_roles_and_methods_hold(browser: Client, workspace: Workspace):
    run = upload(browser)
    anna = User.objects.create_user("anna@firm.example", "a long enough password")
    Membership.objects.create(user=anna, role=Role.ANALYST, since=clock.now())
    analyst = Client()
    analyst.force_login(anna)
    for path in ("", "new/", f"{run.pk}/", f"{run.pk}/progress/", f"{run.pk}/refused/"):
        assert analyst.get(BASE + path).status_code == 403
    for path in ("understand/", "go/", "undo/"):
        assert analyst.post(f"{BASE}{run.pk}/{path}").status_code == 403
        assert browser.get(f"{BASE}{run.pk}/{path}").status_code == 405
    actions.create_list(name="News")
    assert "News" in browser.get(f"{BASE}{run.pk}/").text
    assert browser.get(BASE).status_code == 200
