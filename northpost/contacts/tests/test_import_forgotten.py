"""What an import leaves of the people in its file: nothing once it is over, refused rows for a while."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from northpost.contacts.imports import Options, forget_old_files, receive, start, work
from northpost.contacts.models import Contact, ImportRun
from northpost.core import clock, tenancy
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def virtual():
    with clock.use(clock.VirtualClock(NOON)) as virtual:
        yield virtual


@pytest.fixture
def run(workspace: Workspace) -> ImportRun:
    return receive(
        kind="contacts", filename="people.csv", content=io.BytesIO(b"email,name\nann@example.com,Ann\nnobody,Bob\n")
    )


def done(run: ImportRun) -> ImportRun:
    start(run_id=run.pk, mapping={"email": "email"}, options=Options(language="en"))
    assert work(run_id=run.pk).state == "done"
    run.refresh_from_db()
    return run


def test_a_file_taken_in_goes_when_its_import_is_over(run: ImportRun):
    assert Path(run.path).stat().st_mode & 0o777 == 0o600
    assert Path(run.path).parent.stat().st_mode & 0o777 == 0o700
    over = done(run)
    assert Contact.objects.get().email == "ann@example.com"
    assert not Path(over.path).exists()
    assert (over.shape["sample_rows"], over.shape["columns"]) == ([], ["email", "name"])


def test_a_file_that_a_command_reads_where_it_lies_stays(workspace: Workspace, tmp_path: Path):
    own = tmp_path / "people.csv"
    own.write_text("email,name\nann@example.com,Ann\n")
    done(receive(kind="contacts", path=own))
    assert own.exists()


def test_refused_rows_go_after_thirty_days(run: ImportRun):
    over = done(run)
    refused = Path(over.refused_path)
    assert "nobody" in refused.read_text(encoding="utf-8")
    assert forget_old_files(NOON + timedelta(days=30)) == 0
    assert refused.exists()
    assert forget_old_files(NOON + timedelta(days=30, seconds=1)) == 1
    over.refresh_from_db()
    assert (refused.exists(), over.refused_path, over.refused_count) == (False, "", 1)


def test_the_file_of_a_failed_import_stays_for_another_try_and_then_goes(run: ImportRun):
    ImportRun.objects.filter(pk=run.pk).update(state="failed", finished_at=NOON)
    assert forget_old_files(NOON + timedelta(days=30)) == 0
    assert Path(run.path).exists()
    assert forget_old_files(NOON + timedelta(days=31)) == 1
    assert not Path(run.path).exists()
    assert forget_old_files(NOON + timedelta(days=31)) == 0
    run.refresh_from_db()
    assert (run.state, run.shape["sample_rows"]) == ("failed", [])


def test_what_nobody_let_begin_goes_after_thirty_days(run: ImportRun):
    assert forget_old_files(NOON + timedelta(days=30)) == 0
    assert Path(run.path).exists()
    assert forget_old_files(NOON + timedelta(days=31)) == 1
    assert not Path(run.path).exists()
    assert ImportRun.objects.count() == 0


def test_another_workspaces_files_stay(run: ImportRun, rival: Workspace):
    with tenancy.workspace(rival.pk):
        assert forget_old_files(NOON + timedelta(days=99)) == 0
    assert Path(run.path).exists()
