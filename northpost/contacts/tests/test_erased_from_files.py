"""An erased person goes from the files of imports as well."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from northpost.contacts import imports
from northpost.contacts.actions import add_contact, erase_contact
from northpost.contacts.imports.forgetting import address_hash, forget_in_files
from northpost.contacts.models import Contact, ImportRun
from northpost.contacts.tasks import forget_in_import_files
from northpost.core import tenancy
from northpost.core.tabular import write_xlsx
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db

FILE = "Имейл;Име;Бележка\nivan@mail.example;Иван;a\nOLGA@mail.example;Ольга;b\nolga@mail.example ;Ольга;c\n;Никой;d\n"
OLGA = "olga@mail.example"


def arrive(content: bytes) -> ImportRun:
    return imports.receive(kind="contacts", content=io.BytesIO(content), filename="people.csv")


def erase_olga() -> None:
    """Through the door, and the job that follows."""
    erase_contact(contact_id=Contact.objects.get(email_key=OLGA).pk)
    job = ProcrastinateJob.objects.get(task_name="contacts.forget_in_import_files")
    assert "olga" not in str(job.args)
    forget_in_import_files(**job.args)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1251", "utf-16"])
def test_a_waiting_file_loses_the_rows_and_can_still_be_imported(workspace: Workspace, encoding: str):
    add_contact(email=OLGA)
    run = arrive(FILE.encode(encoding))
    old, mapping = Path(run.path), run.mapping
    erase_olga()
    run.refresh_from_db()
    assert not old.exists()
    assert "olga" not in Path(run.path).read_text().lower()
    assert "olga" not in str(run.shape).lower()
    assert run.mapping == mapping
    assert Path(run.path).stat().st_mode & 0o777 == 0o600
    run = imports.start(run_id=run.pk, mapping=run.mapping, options=imports.Options())
    imports.work(run_id=run.pk)
    run.refresh_from_db()
    assert (run.state, run.created_count, run.refused_count) == ("done", 1, 1)
    assert list(Contact.objects.values_list("email_key", "first_name")) == [("ivan@mail.example", "Иван")]


def test_a_waiting_spreadsheet_as_well(workspace: Workspace, tmp_path: Path):
    write_xlsx(tmp_path / "a.xlsx", ["Email", "Name"], [["ivan@mail.example", "Ivan"], [OLGA, "Olga"]])
    run = arrive((tmp_path / "a.xlsx").read_bytes())
    assert forget_in_files(address_hash(OLGA))
    run.refresh_from_db()
    assert Path(run.path).read_bytes() == b"Email,Name\r\nivan@mail.example,Ivan\r\n"


def test_a_file_with_nobody_else_in_it_goes(workspace: Workspace):
    run = arrive(b"olga@mail.example\n")
    assert forget_in_files(address_hash(OLGA))
    assert not ImportRun.objects.exists()
    assert not Path(run.path).exists()


def test_refused_rows_lose_theirs(workspace: Workspace):
    run = arrive(b"Email,Language\nivan@mail.example,xx-nonsense\nolga@mail.example,xx-nonsense\nnobody,en\n")
    run = imports.start(run_id=run.pk, mapping={"Email": "email", "Language": "language"}, options=imports.Options())
    imports.work(run_id=run.pk)
    run.refresh_from_db()
    before = list(csv.reader(io.StringIO(Path(run.refused_path).read_text("utf-8-sig"))))
    assert forget_in_files(address_hash(OLGA))
    after = list(csv.reader(io.StringIO(Path(run.refused_path).read_text("utf-8-sig"))))
    assert after == [row for row in before if OLGA not in row]
    assert len(after) >= 2
    assert forget_in_files(address_hash(OLGA))


def test_who_is_not_in_them_changes_nothing_and_other_workspaces_files_stay(workspace: Workspace, rival: Workspace):
    run = arrive(FILE.encode())
    with tenancy.workspace(rival.pk):
        theirs = arrive(FILE.encode())
        assert forget_in_files(address_hash("somebody@mail.example"))
        assert forget_in_files(address_hash(OLGA))
        theirs.refresh_from_db()
        assert "olga" not in Path(theirs.path).read_text().lower()
    run.refresh_from_db()
    assert Path(run.path).read_text() == FILE


def test_an_import_at_work_is_left_to_its_end_and_looked_at_again(workspace: Workspace):
    run = arrive(FILE.encode())
    ImportRun.objects.update(state="running")
    forget_in_import_files(workspace_id=workspace.pk, address=address_hash(OLGA))
    assert Path(run.path).read_text() == FILE
    later = ProcrastinateJob.objects.get(task_name="contacts.forget_in_import_files")
    assert (later.args["workspace_id"], later.scheduled_at is not None) == (workspace.pk, True)
