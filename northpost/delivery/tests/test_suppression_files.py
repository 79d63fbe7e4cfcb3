"""Suppressed addresses from a file and into one."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from openpyxl import load_workbook

from northpost.contacts import imports
from northpost.contacts.exports import ExportFormat
from northpost.contacts.models import ImportRun
from northpost.core import clock
from northpost.delivery import actions
from northpost.delivery.actions.suppression import forget_address
from northpost.delivery.imports import export_suppressions
from northpost.delivery.models import Suppression
from northpost.delivery.tests import rig
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db


def bring_in(content: bytes, name: str = "list.csv") -> ImportRun:
    run = imports.receive(kind="suppressions", content=io.BytesIO(content), filename=name)
    run = imports.start(run_id=run.pk, mapping=run.mapping, options=imports.Options())
    imports.work(run_id=run.pk)
    run.refresh_from_db()
    return run


def table(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))


def held() -> dict[str | None, str]:
    return dict(Suppression.objects.values_list("email_key", "reason"))


def test_one_address_a_line(workspace: Workspace):
    run = bring_in("ivan@mail.example\nOLGA@Mail.example\n\nolga@mail.example\nпочта@пример.бг\n".encode(), "list.txt")
    assert (run.state, run.created_count, run.unchanged_count, run.refused_count) == ("done", 3, 1, 0)
    assert held() == {
        "ivan@mail.example": "manual",
        "olga@mail.example": "manual",
        "почта@xn--e1afmkfd.xn--90ae": "manual",
    }
    rig.register()
    rig.people(2)
    actions.suppress(email="person0@mail.example")
    assert rig.enqueue().skipped == {"suppressed": 1}


def test_with_reasons_and_rows_that_are_refused(workspace: Workspace):
    actions.suppress(email="old@mail.example")
    content = (
        "Имейл;Причина\n"
        "a@mail.example;Hard bounce\n"
        "b@mail.example;spamreport\n"
        "c@mail.example;unsubscribe\n"
        "d@mail.example;soft_bounces\n"
        "e@mail.example;whatever\n"
        "f@mail.example;erased\n"
        "nobody;Hard bounce\n"
        ";Hard bounce\n"
        "old@mail.example;Hard bounce\n"
        "'=g@mail.example;\n"
    ).encode("cp1251")
    run = bring_in(content)
    assert (run.state, run.created_count, run.unchanged_count, run.refused_count) == ("done", 7, 1, 2)
    assert held() == {
        "a@mail.example": "hard_bounce", "b@mail.example": "complaint", "c@mail.example": "unsubscribed",
        "d@mail.example": "soft_bounces", "e@mail.example": "manual", "f@mail.example": "manual",
        "old@mail.example": "manual", "=g@mail.example": "manual",
    }  # fmt: skip
    refused = table(Path(run.refused_path))
    assert refused[0] == ["Row", "Reason", "Имейл", "Причина"]
    assert refused[1:] == [
        ["8", "the e-mail address has no @", "nobody", "Hard bounce"],
        ["9", "there is no e-mail address", "", "Hard bounce"],
    ]


def test_a_file_without_addresses_is_refused(workspace: Workspace):
    run = imports.receive(kind="suppressions", content=io.BytesIO(b"Name\nIvan\n"), filename="a.csv")
    with pytest.raises(imports.ImportRefused, match="column with the e-mail addresses"):
        imports.start(run_id=run.pk, mapping=run.mapping, options=imports.Options())
    assert not Suppression.objects.exists()


def test_out_and_in_again(workspace: Workspace, rival: Workspace, tmp_path: Path):
    actions.suppress(email="=cmd@mail.example")
    actions.suppress(email="ivan@mail.example", reason="complaint")
    forget_address("erased@mail.example")
    assert export_suppressions(tmp_path / "a.csv", file_format=ExportFormat.CSV) == 2
    day = clock.today().isoformat()
    rows = table(tmp_path / "a.csv")
    assert [[row[0], row[1], row[2][:10]] for row in rows] == [
        ["email", "reason", "since"],
        ["'=cmd@mail.example", "manual", day],
        ["ivan@mail.example", "complaint", day],
    ]
    assert export_suppressions(tmp_path / "a.xlsx", file_format=ExportFormat.XLSX) == 2
    sheet = load_workbook(tmp_path / "a.xlsx").active
    assert [cell.value for cell in sheet["A"]] == ["email", "'=cmd@mail.example", "ivan@mail.example"]
    Suppression.objects.all().delete()
    for name in ("a.csv", "a.xlsx"):
        bring_in((tmp_path / name).read_bytes(), name)
        assert held() == {"=cmd@mail.example": "manual", "ivan@mail.example": "complaint"}
