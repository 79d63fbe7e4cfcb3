"""A worker: Procrastinate's jobs, and the event log's consumers."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from django.db import OperationalError, close_old_connections
from procrastinate.contrib.django import app

from northpost.core import tenancy
from northpost.events import consumers
from northpost.team.queries import workspace_ids

log = logging.getLogger(__name__)
CONSUME_EVERY = 1.0  # seconds between looks at the log


async def work(*, concurrency: int) -> None:
    """Run until told to stop (SIGINT, SIGTERM); jobs at hand are finished first."""
    consuming = asyncio.create_task(_consume_for_ever())
    try:
        connector = app.connector.get_worker_connector()
        with app.replace_connector(connector) as worker_app:
            async with worker_app.open_async():
                await worker_app.run_worker_async(
                    concurrency=concurrency,
                    delete_jobs="successful",
                    shutdown_graceful_timeout=20,
                    fetch_job_polling_interval=1.0,
                )
    finally:
        consuming.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await consuming


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
