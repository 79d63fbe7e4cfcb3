"""Group commit: hits that come in while one transaction commits go into the next one together.

A hit is answered when it is committed. While the database is away nobody waits for it: what can be answered without
is, and up to ``MOST_KEPT`` clicks are kept in memory and committed when it is back (they are lost if this process
ends before; it is the only time that an answer comes before the commit).
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import psycopg

from northpost.delivery.actions.hits import NewHit, insert_parameters, insert_statement

log = logging.getLogger(__name__)

MOST_AT_ONCE = 1000
MOST_KEPT = 20_000
# Nobody waits longer for a commit than this.
LONGEST_WAIT = 3.0
TRY_AGAIN = 0.5
ENTER = "SELECT set_config('northpost.workspace', %s, false)"
OUT_OF_REACH = (psycopg.OperationalError, psycopg.InterfaceError, OSError, TimeoutError)

_names = itertools.count()
_process = os.urandom(10).hex()


def new_key() -> str:
    """A key that no other hit has: 80 random bits of this process, and a count."""
    return f"{_process}{next(_names):x}"


class Away(Exception):
    """The database could not be reached, or did not answer in time. Retryable."""

    retryable = True


class _Entry:
    __slots__ = ("answer", "hit", "keep", "workspace_id")

    def __init__(self, workspace_id: int, hit: NewHit, answer: asyncio.Future[str | None], keep: bool) -> None:
        self.workspace_id = workspace_id
        self.hit = hit
        self.answer = answer
        self.keep = keep

    def tell(self, url: str | None) -> None:
        if not self.answer.done():
            self.answer.set_result(url)

    def fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


class Unknown(LookupError):
    """No such message, or the link is none of its mailing's. Permanent."""

    retryable = False


class Journal:
    """One for each event loop. ``connect`` opens a connection of its own that commits by itself.

    ``committed`` is told each workspace whose hits were committed just now.
    """

    def __init__(
        self,
        connect: Callable[[], Any],
        committed: Callable[[Iterable[int]], None],
    ) -> None:
        self._connect = connect
        self._committed = committed
        self._connection: psycopg.AsyncConnection[Any] | None = None
        # The workspace that the connection's session is in for certain.
        self._entered: int | None = None
        self._waiting: deque[_Entry] = deque()
        self._writer: asyncio.Task[None] | None = None
        self._is_away = False
        self._dropped = 0

    async def add(self, workspace_id: int, hit: NewHit, *, keep: bool) -> str | None:
        """Where the click leads, once the hit is committed; None for an opening and the hidden link.

        keep: should the database be away, this one is answered all the same, and is to be committed later. Raises
        Unknown, Away.
        """
        loop = asyncio.get_running_loop()
        entry = _Entry(workspace_id, hit, loop.create_future(), keep)
        if self._is_away:
            # Who asks now does not wait to find out what is known.
            self._keep([entry])
        else:
            self._waiting.append(entry)
        if self._writer is None:
            self._writer = loop.create_task(self._write_all())
        return await entry.answer

    async def close(self) -> None:
        """Commit what waits, if the database is there, and disconnect."""
        writer = self._writer
        if writer is not None:
            with contextlib.suppress(TimeoutError, asyncio.CancelledError):
                await asyncio.wait_for(writer, LONGEST_WAIT)
        await self._disconnect()

    # --- writing ---------------------------------------------------------------------------------

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                group = [self._waiting.popleft() for _ in range(min(MOST_AT_ONCE, len(self._waiting)))]
                await self._write(group)
        finally:
            self._writer = None

    async def _write(self, group: list[_Entry]) -> None:
        impatience = asyncio.get_running_loop().call_later(LONGEST_WAIT, self._lose_patience, group)
        try:
            await self._commit(group)
        except OUT_OF_REACH as error:
            await self._lose(group, error)
        except psycopg.Error as error:
            await self._single_out(group, error)
        except Exception:
            # A fault of ours: nobody shall wait for ever because of it.
            log.exception("openings and clicks could not be written")
            await self._disconnect()
            _let_go(group)
        finally:
            impatience.cancel()

    async def _commit(self, group: Sequence[_Entry]) -> None:
        by_workspace: dict[int, list[NewHit]] = {}
        for entry in group:
            by_workspace.setdefault(entry.workspace_id, []).append(entry.hit)
        workspace_ids = list(by_workspace)
        if len(by_workspace) == 1:
            taken = await self._insert_alone(*by_workspace.popitem())
        else:
            taken = await self._insert_together(by_workspace)
        self._note_back()
        for entry in group:
            if entry.hit.key in taken:
                entry.tell(taken[entry.hit.key])
            else:
                entry.fail(Unknown(entry.hit.message_id))
        self._committed(workspace_ids)

    async def _insert_alone(self, workspace_id: int, hits: list[NewHit]) -> dict[str, str | None]:
        """Key -> where it leads, of those taken in. One statement, which commits by itself."""
        connection = await self._connected()
        if self._entered != workspace_id:
            await connection.execute(ENTER, [str(workspace_id)], prepare=True)
            self._entered = workspace_id
        cursor = await connection.execute(insert_statement(), insert_parameters(workspace_id, hits), prepare=True)
        return dict(await cursor.fetchall())

    async def _insert_together(self, by_workspace: dict[int, list[NewHit]]) -> dict[str, str | None]:
        """The same for several workspaces, in one commit."""
        connection = await self._connected()
        # Should the transaction be rolled back, so is what the session was told in it.
        self._entered = None
        cursors = []
        async with connection.pipeline(), connection.transaction():
            for workspace_id, hits in by_workspace.items():
                await connection.execute(ENTER, [str(workspace_id)], prepare=True)
                parameters = insert_parameters(workspace_id, hits)
                cursors.append(await connection.execute(insert_statement(), parameters, prepare=True))
        taken: dict[str, str | None] = {}
        for cursor in cursors:
            taken.update(await cursor.fetchall())
        return taken

    async def _lose(self, group: list[_Entry], error: Exception) -> None:
        if not self._is_away:
            log.error("openings and clicks can't be written: %s", str(error).strip())
        self._is_away = True
        await self._disconnect()
        everybody = [*group, *self._waiting]
        self._waiting.clear()
        self._keep(everybody)
        await asyncio.sleep(TRY_AGAIN)

    def _lose_patience(self, group: Iterable[_Entry]) -> None:
        """This commit takes too long: nobody waits for it any more, nor for the next ones until it has ended."""
        self._is_away = True
        _let_go(group)
        others = list(self._waiting)
        self._waiting.clear()
        self._keep(others)

    def _keep(self, entries: Iterable[_Entry]) -> None:
        for entry in entries:
            entry.fail(Away())
            if not entry.keep:
                continue
            if len(self._waiting) < MOST_KEPT:
                self._waiting.append(entry)
            else:
                self._dropped += 1

    def _note_back(self) -> None:
        if self._is_away:
            self._is_away = False
            log.error("openings and clicks are written again; %d clicks were lost meanwhile", self._dropped)
            self._dropped = 0

    async def _single_out(self, group: list[_Entry], error: psycopg.Error) -> None:
        """One of them can't be written: the others shall not suffer for it."""
        if len(group) > 1:
            for entry in group:
                await self._write([entry])
            return
        log.error("a hit could not be written: %s", str(error).strip())
        group[0].fail(Unknown(group[0].hit.message_id))

    # --- the connection --------------------------------------------------------------------------

    async def _connected(self) -> psycopg.AsyncConnection[Any]:
        if self._connection is None or self._connection.closed:
            self._entered = None
            self._connection = await self._connect()
        return self._connection

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(psycopg.Error, OSError):
                await connection.close()


def _let_go(group: Iterable[_Entry]) -> None:
    for entry in group:
        entry.fail(Away())


class Seldom:
    """Says yes to each thing at most once in so many seconds."""

    MOST = 10_000

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._next: dict[int, float] = {}

    def __call__(self, thing: int) -> bool:
        now = time.monotonic()
        if now < self._next.get(thing, 0.0):
            return False
        if len(self._next) >= self.MOST:
            self._next.clear()
        self._next[thing] = now + self._seconds
        return True
