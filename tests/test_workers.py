"""Who serves which queue, and what becomes of the jobs of workers that are gone."""

from __future__ import annotations

import asyncio

import pytest
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from northpost.core import sql
from northpost.delivery import tasks
from northpost.program.working import bury_dead_jobs, lanes


def test_every_queue_is_served_once_and_mail_apart_from_the_rest():
    app.perform_import_paths()
    queues = {task.queue for task in app.tasks.values()} | {tasks.URGENT_QUEUE}
    serving = lanes(queues, concurrency=4)
    served = [queue for lane in serving for queue in lane.queues]
    assert sorted(served) == sorted(queues)
    assert [(lane.queues, lane.concurrency) for lane in serving[:2]] == [(("mail-urgent",), 2), (("mail",), 1)]
    assert "default" in serving[2].queues
    assert serving[2].concurrency == 4


@pytest.mark.django_db(transaction=True)
def test_only_the_mail_jobs_of_dead_workers_are_called_failed():
    sql.run("DELETE FROM procrastinate_jobs")
    living, dead = (sql.fetch_value(STARTED, {"silent": silent}) for silent in ("1 second", "10 minutes"))
    for queue, worker_id in (("mail", dead), ("mail-urgent", None), ("mail", living), ("default", dead)):
        sql.run(DOING, {"queue": queue, "worker_id": worker_id})

    async def bury() -> int:
        with app.replace_connector(app.connector.get_worker_connector()) as worker_app:
            async with worker_app.open_async():
                return await bury_dead_jobs(worker_app)

    assert asyncio.run(bury()) == 2
    found = ProcrastinateJob.objects.order_by("id").values_list("queue_name", "status")
    assert list(found) == [("mail", "failed"), ("mail-urgent", "failed"), ("mail", "doing"), ("default", "doing")]
    sql.run("DELETE FROM procrastinate_jobs")
    sql.run("DELETE FROM procrastinate_workers")


STARTED = (
    "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (clock_timestamp() - %(silent)s::interval) RETURNING id"
)
DOING = (
    "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, worker_id)"
    " VALUES (%(queue)s, 'northpost.delivery.send_due', '{}', 'doing', %(worker_id)s)"
)
