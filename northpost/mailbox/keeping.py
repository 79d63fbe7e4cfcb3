"""Group commit: mails that arrive together from all connections are kept in one call."""

import asyncio
import logging
from collections.abc import Callable

from .received import ReceivedMail, Store

log = logging.getLogger(__name__)

MAX_BATCH = 500


class Keeper:
    """Hands what has gathered to the store in batches, one at a time, then tells each who waits."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: list[tuple[ReceivedMail, Callable[[bool], None]]] = []
        self._task: asyncio.Task[None] | None = None

    def keep(self, mail: ReceivedMail, then: Callable[[bool], None]) -> None:
        """`then` is called with whether the mail was kept."""
        self._waiting.append((mail, then))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
            kept = True
            try:
                await self._store.keep([mail for mail, _ in batch])
            except Exception:
                log.exception("mailbox: %d mails could not be kept", len(batch))
                kept = False
            for _, then in batch:
                then(kept)

    async def finish(self) -> None:
        """Wait until everything handed in has been kept or refused."""
        if self._task is not None:
            await self._task
