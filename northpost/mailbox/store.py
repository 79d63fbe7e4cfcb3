"""Keeps what the server receives in the database."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from django.db import connection

from northpost.mailbox.actions import keep_mails, trim_mails
from northpost.mailbox.received import ReceivedMail

TRIM_EVERY = 200


class DatabaseStore:
    """A received.Store on PostgreSQL. One thread with one database connection; a batch is one statement a workspace.

    The older mails of a workspace are trimmed once for every 200 that came, the first time at once.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="mailbox")
        self._untrimmed: dict[int, int] = {}

    async def keep(self, mails: Sequence[ReceivedMail]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._keep, mails)

    def _keep(self, mails: Sequence[ReceivedMail]) -> None:
        # After a restart of PostgreSQL the broken connection is dropped here, and the next statement opens a new one.
        connection.close_if_unusable_or_obsolete()
        for workspace_id, number in keep_mails(mails=mails).items():
            untrimmed = self._untrimmed.get(workspace_id, TRIM_EVERY) + number
            if untrimmed >= TRIM_EVERY:
                trim_mails(workspace_id=workspace_id)
                untrimmed = 0
            self._untrimmed[workspace_id] = untrimmed

    async def close(self) -> None:
        """Close the database connection; nothing may be kept afterwards."""
        await asyncio.get_running_loop().run_in_executor(self._thread, _leave)
        self._thread.shutdown()


def _leave() -> None:
    # By name and not as connection.close: that would be the connection of the thread that asks.
    connection.close()
