"""`northpost import` and `northpost export` as they are typed."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from northpost.contacts.models import Consent, Contact, ContactList, Tagged
from northpost.core import clock
from northpost.program import ground
from northpost.program.main import main
from northpost.sales.models import Order, OrderLine
from northpost.segments.models import Segment
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Types a command; the database is there already."""
    monkeypatch.setattr(ground, "settle", lambda: None)
    monkeypatch.setattr(ground, "database", nullcontext)
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> Result:
        return CliRunner().invoke(main, [*words, "--workspace", workspace.slug])

    return run


def test_people_with_consent_list_and_tag(run, tmp_path: Path):
    (tmp_path / "p.csv").write_text("mail;who\nann@example.com;Ann\nwrong;Bob\n")
    words = ["--map", "who=first_name", "--set", "language=bg", "--consent", "marketing", "--consent-source", "shop"]
    done = run("import", "contacts", "p.csv", *words, "--list", "Spring", "--tag", "new")
    assert done.exit_code == 0, done.output
    assert "1 new, 0 changed, 0 as they were, 1 rows refused; 3 rows" in done.output
    assert list(Contact.objects.values_list("email", "first_name", "language")) == [("ann@example.com", "Ann", "bg")]
    assert (Consent.objects.count(), Tagged.objects.count()) == (1, 1)
    assert ContactList.objects.get(name="Spring").members.count() == 1


def test_a_preset_knows_its_columns(run, tmp_path: Path):
    (tmp_path / "c.txt").write_text(" 00001 19970101  1   11.77\n 00002 19970112  2   12.00\n")
    done = run("import", "orders", "c.txt", "--preset", "cdnow", "--address-pattern", "{external_id}@cdnow.example")
    assert done.exit_code == 0, done.output
    assert list(Order.objects.order_by("pk").values_list("number", "currency")) == [
        ("cdnow-1", "USD"),
        ("cdnow-2", "USD"),
    ]
    assert set(OrderLine.objects.values_list("product__sku", "product__category")) == {("CD", "Music")}
    assert sorted(Contact.objects.values_list("email", flat=True)) == ["00001@cdnow.example", "00002@cdnow.example"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["import", "contacts", "none.csv"], "does not exist"),
        (["import", "contacts", "p.csv", "--map", "nothing=email"], "The file has no column “nothing”."),
        (["import", "contacts", "p.csv", "--map", "email"], "has no ="),
        (["import", "contacts", "p.csv", "--preset", "cdnow"], "it is for a file of orders"),
        (["import", "orders", "p.csv", "--preset", "cdnow"], "This preset is for a file of 4 columns"),
        (["import", "orders", "p.csv"], "Choose the column with the date of the order."),
        (["export", "contacts", "out.txt"], "must end with .csv or .xlsx"),
        (["export", "contacts", "out.csv", "--segment", "Nobody"], "There is no group of people called Nobody."),
    ],
)
def test_what_cannot_work_is_said(run, tmp_path: Path, words: list[str], message: str):
    (tmp_path / "p.csv").write_text("email\nann@example.com\n")
    done = run(*words)
    assert done.exit_code != 0
    assert message in done.output
    assert (Contact.objects.count(), Order.objects.count()) == (0, 0)


def test_an_unknown_workspace_is_said(run, tmp_path: Path):
    (tmp_path / "p.csv").write_text("email\nann@example.com\n")
    done = CliRunner().invoke(main, ["import", "contacts", "p.csv", "--workspace", "nowhere"])
    assert done.exit_code == 1
    assert "There is no workspace nowhere." in done.output


def test_export_of_everyone_and_of_a_segment(run, tmp_path: Path):
    (tmp_path / "p.csv").write_text("email,language\nann@example.com,bg\nbob@example.com,ru\n")
    run("import", "contacts", "p.csv")
    rule = {"kind": "attribute", "attribute": "language", "test": "is", "text": "bg"}
    Segment.objects.create(name="Bulgarians", rule=rule, created_at=clock.now(), updated_at=clock.now())
    assert "2 rows written" in run("export", "contacts", "all.csv").output
    assert run("export", "contacts", "all.xlsx").exit_code == 0
    assert (tmp_path / "all.xlsx").stat().st_size > 1000
    done = run("export", "contacts", "bg.csv", "--segment", "Bulgarians")
    assert done.exit_code == 0, (done.output, done.exception)
    assert "1 rows written" in done.output
    assert "bob@example.com" not in (tmp_path / "bg.csv").read_text()
