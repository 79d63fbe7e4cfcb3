"""A run that is killed goes on where its last batch was committed, and does nothing twice."""

from __future__ import annotations

import csv
import gzip
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.db import OperationalError

from northpost.contacts.imports import Options, receive, start, work
from northpost.contacts.imports import working as engine
from northpost.contacts.models import ConsentRecord, Contact, ImportRun
from northpost.core import tenancy
from northpost.team.models import Workspace

WORK = """
import django
django.setup()
from northpost.contacts.imports import working
from northpost.core import tenancy
working.BATCH = 50
with tenancy.workspace({workspace}):
    working.work(run_id={run})
"""


def queue(rows: int) -> ImportRun:
    lines = "".join(f"person{n}@example.com\n" if n % 10 else f"wrong{n}\n" for n in range(rows))
    run = receive(kind="contacts", filename="people.csv", content=io.BytesIO(b"email\n" + lines.encode()))
    return start(run_id=run.pk, mapping={"email": "email"}, options=Options(purpose="marketing", consent_source="shop"))


def refused_numbers(run: ImportRun) -> list[int]:
    with Path(run.refused_path).open(encoding="utf-8-sig", newline="") as file:
        return [int(row[0]) for row in list(csv.reader(file))[1:]]


def check_all_there_once(run: ImportRun, rows: int) -> None:
    run.refresh_from_db()
    refused = [n + 2 for n in range(0, rows, 10)]
    assert (run.state, run.rows_done, run.rows_total) == ("done", rows + 1, rows + 1)
    assert (run.created_count, run.updated_count, run.unchanged_count) == (rows - len(refused), 0, 0)
    assert run.refused_count == len(refused)
    assert refused_numbers(run) == refused
    assert Contact.objects.count() == ConsentRecord.objects.count() == rows - len(refused)


@pytest.mark.django_db(transaction=True)
def test_killed_and_gone_on_with(workspace: Workspace):
    rows = 6_000
    run = queue(rows)
    for _kill in range(3):
        seen = ImportRun.objects.get(pk=run.pk).rows_done
        process = subprocess.Popen([sys.executable, "-c", WORK.format(workspace=workspace.pk, run=run.pk)])
        try:
            patience = time.monotonic() + 60
            while ImportRun.objects.get(pk=run.pk).rows_done < seen + 300:
                assert process.poll() is None
                assert time.monotonic() < patience
                time.sleep(0.005)
        finally:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
    run.refresh_from_db()
    assert run.state == "running"
    assert 900 < run.rows_done < rows
    patience = time.monotonic() + 30
    while work(run_id=run.pk).state != "done":  # the dead process's lock goes when PostgreSQL notices
        assert time.monotonic() < patience
        time.sleep(0.05)
    check_all_there_once(run, rows)


@pytest.mark.django_db(transaction=True)
def test_a_batch_that_was_not_committed_leaves_no_refusal_behind(workspace: Workspace, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(engine, "BATCH", 50)
    run = queue(200)
    advance, calls = engine._advance, []

    def fail_on_the_third(*args: object) -> None:
        calls.append(1)
        if len(calls) == 3:
            raise RuntimeError("the process dies here")
        advance(*args)

    with monkeypatch.context() as patch:
        patch.setattr(engine, "_advance", fail_on_the_third)
        with pytest.raises(RuntimeError):
            work(run_id=run.pk)
    run.refresh_from_db()
    assert (run.state, run.rows_done, run.created_count) == ("failed", 101, 90)
    assert Contact.objects.count() == 90
    ImportRun.objects.filter(pk=run.pk).update(state="running")
    # Half a row that a crash left in the file of refused rows:
    path = Path(run.refused_path)
    path.write_bytes(path.read_bytes() + b"152,the e-mail addr")
    work(run_id=run.pk)
    check_all_there_once(run, 200)


@pytest.mark.django_db(transaction=True)
def test_a_batch_that_met_somebody_elses_writing_is_tried_again(workspace: Workspace, monkeypatch: pytest.MonkeyPatch):
    run = queue(200)
    advance, calls = engine._advance, []

    def fail_once(*args: object) -> None:
        calls.append(1)
        advance(*args)
        if len(calls) == 1:
            raise OperationalError("deadlock detected")

    monkeypatch.setattr(engine, "_advance", fail_once)
    monkeypatch.setattr(engine, "BATCH", 50)
    work(run_id=run.pk)
    check_all_there_once(run, 200)


@pytest.mark.django_db(transaction=True)
def test_a_file_that_breaks_off_fails_with_what_came_before(workspace: Workspace):
    run = queue(200)
    lines = b"".join(b"someone%d@example%d.com\n" % (n, n * 7919) for n in range(8_000))
    Path(run.path).write_bytes(gzip.compress(b"email\n" + lines)[:-10_000])
    ImportRun.objects.filter(pk=run.pk).update(shape=run.shape | {"gzipped": True})
    report = work(run_id=run.pk)
    assert (report.state, report.error) == ("failed", "The file is damaged or was not uploaded to its end.")
    assert report.created == Contact.objects.count() > 1000


@pytest.mark.django_db(transaction=True)
def test_nobody_else_works_on_a_run_that_is_worked_on(workspace: Workspace):
    run = queue(20)
    hold = (
        "import django; django.setup()\n"
        "from django.db import connection\n"
        "cursor = connection.cursor()\n"
        f"cursor.execute('SELECT pg_advisory_lock(%s, %s)', ({engine._LOCK}, {run.pk}))\n"
        "print('held', flush=True); input()\n"
    )
    other = subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert other.stdout.readline() == b"held\n"
        assert work(run_id=run.pk).state == "queued"
        assert Contact.objects.count() == 0
    finally:
        other.kill()
        other.communicate()


@pytest.mark.django_db
def test_only_unfinished_runs_are_gone_on_with(workspace: Workspace, rival: Workspace):
    run = queue(20)
    assert engine.abandoned() == [run.pk]
    with tenancy.workspace(rival.pk):
        assert engine.abandoned() == []
    work(run_id=run.pk)
    assert engine.abandoned() == []
