"""A worker: Procrastinate's jobs, and the event log's consumers.

It serves the queues apart, so that none waits for another: urgent mail, bulk mail (one sender a process: a second one
would only take turns with the first), and everything else.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import OperationalError, close_old_connections
from procrastinate import App
from procrastinate.contrib.django import app
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Status

from northpost.core import tenancy
from northpost.delivery.tasks import BULK_QUEUE, URGENT_QUEUE
from northpost.events import consumers
from northpost.team.queries import workspace_ids

log = logging.getLogger(__name__)
CONSUME_EVERY = 1.0  # seconds between looks at the log
BURY_EVERY = 30.0  # seconds between looks for the jobs of workers that are gone
DEAD_AFTER = 60.0  # seconds without a word of a worker


@dataclass(frozen=True)
class Lane:
    """Queues that are served together, by so many jobs at once."""

    queues: tuple[str, ...]
    concurrency: int


def lanes(queues: Iterable[str], *, concurrency: int) -> list[Lane]:
    """How a worker serves these queues: ``concurrency`` is that of everything that is no mail."""
    others = tuple(sorted(set(queues) - {BULK_QUEUE, URGENT_QUEUE}))
    return [Lane((URGENT_QUEUE,), 2), Lane((BULK_QUEUE,), 1), Lane(others, concurrency)]


async def work(*, concurrency: int) -> None:
    """Run until told to stop (SIGINT, SIGTERM); jobs at hand are finished first."""
    app.perform_import_paths()
    be_quick()
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    connector = app.connector.get_worker_connector()
    with app.replace_connector(connector) as worker_app:
        async with worker_app.open_async():
            serving = [
                asyncio.create_task(_serve(worker_app, lane))
                for lane in lanes((task.queue for task in worker_app.tasks.values()), concurrency=concurrency)
            ]
            beside = [asyncio.create_task(_consume_for_ever()), asyncio.create_task(_bury_for_ever(worker_app))]
            asked = asyncio.create_task(stopping.wait())
            # A lane that ends by itself has lost its database: the process ends, and is started again.
            await asyncio.wait((asked, *serving), return_when=asyncio.FIRST_COMPLETED)
            for task in (asked, *beside, *serving):
                task.cancel()
            results = await asyncio.gather(asked, *beside, *serving, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result


def be_quick() -> None:
    """What is imported by now stays, so the collector need not look at it again and again."""
    gc.freeze()


async def _serve(worker_app: App, lane: Lane) -> None:
    await worker_app.run_worker_async(
        queues=list(lane.queues),
        concurrency=lane.concurrency,
        delete_jobs="successful",
        shutdown_graceful_timeout=20,
        fetch_job_polling_interval=1.0,
        install_signal_handlers=False,
    )


async def _bury_for_ever(worker_app: App) -> None:
    while True:
        await asyncio.sleep(BURY_EVERY)
        try:
            await bury_dead_jobs(worker_app)
        except ConnectorException as error:
            log.warning("the jobs of workers that are gone can't be looked for just now: %s", error)


async def bury_dead_jobs(worker_app: App) -> int:
    """Call those jobs failed that sent mail in workers that are gone; returns how many. What they held the ledger's
    leases give back, and others go on with."""
    dead = [
        job
        for job in await worker_app.job_manager.get_stalled_jobs(seconds_since_heartbeat=DEAD_AFTER)
        if job.queue in (BULK_QUEUE, URGENT_QUEUE)
    ]
    for job in dead:
        await worker_app.job_manager.finish_job(job, Status.FAILED, delete_job=False)
    return len(dead)


async def _consume_for_ever() -> None:
    while True:
        try:
            await asyncio.to_thread(consume_everywhere)
        except OperationalError as error:
            # PostgreSQL restarts: what was not committed comes again.
            log.warning("the event log can't be read just now: %s", str(error).strip())
        except Exception:
            log.exception("a consumer of the event log failed; its batch comes again")
        await asyncio.sleep(CONSUME_EVERY)


def consume_everywhere() -> int:
    """Bring the consumers of every workspace up to date; returns how many events were handed out."""
    close_old_connections()
    handed_out = 0
    for workspace_id in workspace_ids():
        with tenancy.workspace(workspace_id):
            handed_out += consumers.consume_all()
    return handed_out
