"""Sending as jobs: a class of mail each, shared by as many workers as there are, and everybody's turn comes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from northpost.core import clock, sql, tenancy
from northpost.delivery import queries, tasks
from northpost.delivery.limits import holds
from northpost.delivery.models import HoldReason, Message, WaitingBatch
from northpost.delivery.rules.urgency import Urgency, urgency_of
from northpost.delivery.tests import rig
from northpost.team.models import Workspace

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_jobs")]


def waiting() -> list[tuple[str, str, int]]:
    """Each waiting job's queue, class of mail and priority."""
    jobs = ProcrastinateJob.objects.filter(status="todo", task_name=tasks.send_due_task.name).order_by("id")
    return [(job.queue_name, job.args["urgency"], job.priority) for job in jobs]


def take(urgency: str) -> None:
    """A worker has taken up the waiting job of this class, and works on it."""
    job = ProcrastinateJob.objects.get(status="todo", args__urgency=urgency)
    sql.run("UPDATE procrastinate_jobs SET status = 'doing' WHERE id = %(id)s", {"id": job.pk})


@pytest.mark.parametrize(
    ("priority", "urgency"),
    [
        (0, Urgency.TRANSACTIONAL),
        (20, Urgency.TRANSACTIONAL),
        (21, Urgency.CHAIN),
        (40, Urgency.CHAIN),
        (41, Urgency.BULK),
        (50, Urgency.BULK),
        (32767, Urgency.BULK),
    ],
)
def test_a_priority_belongs_to_a_class(priority: int, urgency: Urgency):
    assert urgency_of(priority) is urgency


def test_each_class_has_a_job_of_its_own_and_only_one_waits(workspace: Workspace):
    person = rig.people(1)[0]
    assert not tasks.defer_sending(workspace.pk)
    for source_id, priority in ((1, 50), (2, 30), (3, 10)):
        rig.enqueue(source_id, priority=priority, audience=rig.only(person.pk))
    assert tasks.defer_sending(workspace.pk)
    expected = [("mail-urgent", "transactional", 1), ("mail-urgent", "chain", 0), ("mail", "bulk", 0)]
    assert waiting() == expected
    assert not tasks.defer_sending(workspace.pk)
    assert waiting() == expected


def test_a_job_that_is_being_done_keeps_nobody_from_asking_for_another(workspace: Workspace):
    rig.people(1)
    rig.enqueue()
    assert tasks.defer_sending(workspace.pk)
    take("bulk")
    assert waiting() == []
    assert tasks.defer_sending(workspace.pk)
    assert waiting() == [("mail", "bulk", 0)]


def test_an_urgent_job_sends_nothing_that_can_wait(workspace: Workspace, tmp_path: Path):
    person = rig.people(1)[0]
    rig.register()
    for source_id, priority in ((1, 50), (2, 30), (3, 10)):
        rig.enqueue(source_id, priority=priority, audience=rig.only(person.pk))
    with rig.sink(tmp_path) as sink:
        rig.route(sink.port)
        sent = []
        for urgency in Urgency:
            tasks.send(workspace.pk, urgency=urgency)
            sent.append(set(Message.objects.filter(state="accepted").values_list("source_id", flat=True)))
    assert sent == [{3}, {2, 3}, {1, 2, 3}]


def test_who_finds_more_than_a_batch_calls_for_help(workspace: Workspace, tmp_path: Path):
    people = rig.people(9)
    rig.register()
    rig.enqueue()
    split_into(3)
    with rig.sink(tmp_path) as sink:
        rig.route(sink.port)
        report = tasks.send(workspace.pk)
        assert sink.recipients == sorted(person.email for person in people)
    assert report.states == {"accepted": 9}
    assert waiting() == [("mail", "bulk", 0)]
    take("bulk")
    # The helper who comes late finds nothing, and calls nobody.
    assert tasks.send(workspace.pk).states == {}
    assert waiting() == []


def test_what_a_limit_holds_back_calls_for_nobody(workspace: Workspace, tmp_path: Path):
    rig.people(9)
    rig.register()
    rig.enqueue()
    split_into(3)
    holds.hold(until=clock.now() + timedelta(hours=1), reason=HoldReason.DAY)
    assert queries.is_more_due_than_a_batch(clock.now(), urgency=Urgency.BULK)
    assert tasks.send(workspace.pk).states == {}
    assert waiting() == []


def test_what_a_used_up_route_gave_back_is_tried_by_its_fallback_at_once(workspace: Workspace, tmp_path: Path):
    rig.people(9)
    rig.register()
    rig.enqueue()
    with rig.sink(tmp_path) as sink:
        reserve = rig.route(sink.port)
        rig.route(sink.port, per_day=4, fallback_id=reserve.pk)
        assert tasks.send(workspace.pk).states == {"accepted": 4, "queued": 5}
        assert waiting() == [("mail", "bulk", 0)]
        take("bulk")
        assert tasks.send(workspace.pk).states == {"accepted": 5}
        assert waiting() == []


def test_a_run_over_its_time_goes_on_in_a_job_behind_the_others(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tasks, "RUN_SECONDS", 1.0)
    rig.people(400)
    rig.register()
    rig.enqueue()
    with rig.sink(tmp_path, delay_ms=20) as sink:
        rig.route(sink.port, connections=1)
        report = tasks.send(workspace.pk)
        assert report.accepted < 400
        assert len(sink.mails) == report.accepted
    assert rig.states()["queued"] == 400 - report.accepted
    assert waiting() == [("mail", "bulk", 0)]


def test_another_workspaces_mail_is_its_own_job(workspace: Workspace, rival: Workspace):
    rig.people(1)
    rig.enqueue()
    assert not tasks.defer_sending(rival.pk)
    assert tasks.look_after_mail() == 1
    with tenancy.workspace(rival.pk):
        assert not queries.due_priorities(clock.now())
    assert [job.args["workspace_id"] for job in ProcrastinateJob.objects.filter(status="todo")] == [workspace.pk]


def split_into(size: int) -> None:
    """Let the waiting messages stand in batches of this size."""
    # One, or two where their numbers happen to pass a multiple of what a batch holds.
    whole = list(WaitingBatch.objects.order_by("pk"))
    ids = sorted(number for batch in whole for number in batch.message_ids)
    for start in range(0, len(ids), size):
        WaitingBatch.objects.create(
            source_kind=whole[0].source_kind,
            source_id=whole[0].source_id,
            priority=whole[0].priority,
            due_at=whole[0].due_at,
            message_ids=ids[start : start + size],
        )
    WaitingBatch.objects.filter(pk__in=[batch.pk for batch in whole]).delete()
