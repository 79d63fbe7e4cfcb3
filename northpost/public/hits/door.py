"""The ASGI application that stands before Django and answers openings and clicks itself."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
from django.db import DatabaseError, connection, connections

from northpost.core import clock
from northpost.delivery import tasks
from northpost.delivery.actions.hits import LONGEST_AGENT, NewHit
from northpost.public.hits.journal import LONGEST_WAIT, Away, Journal, Seldom, Unknown, new_key
from northpost.public.hits.reading import CLICKED, HIDDEN_LINK, OPENED, Asked, read
from northpost.public.hits.replying import PIXEL, Message, Reply, headless, leading_to, reply, unavailable

log = logging.getLogger(__name__)

# As loosely typed as ASGI is: Django's and a server's own types differ.
Application = Callable[[Any, Any, Any], Awaitable[None]]

OURS = (CLICKED, OPENED)
# Hits are judged after their quarantine; no need to ask for that more often than this (seconds).
ASK_EVERY = 5.0
MOST_TARGETS = 50_000
STATEMENT_SECONDS = 10


class HitDoor:
    """``HitDoor(django)``: GET and HEAD of signed addresses are answered here, everything else by the application."""

    def __init__(self, rest: Application) -> None:
        self._rest = rest
        self._journal: Journal | None = None
        # (workspace, link): where it leads, and what is answered.
        self._targets: dict[tuple[int, int], tuple[str, Reply]] = {}
        self._may_ask = Seldom(ASK_EVERY)
        self._asking = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hits")
        self._picture = reply(200, [(b"content-type", b"image/gif")], PIXEL)
        # Whoever follows the hidden link is no person, and there is nothing behind it.
        self._nothing = reply(204, [])
        self._refused = reply(405, [(b"allow", b"GET, HEAD")])

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        if scope["type"] != "http" or not scope.get("path", "").startswith(OURS):
            await self._rest(scope, receive, send)
            return
        method = scope["method"]
        if method not in ("GET", "HEAD"):
            answer: Reply | None = self._refused
        else:
            asked = read(scope["path"])
            answer = None if asked is None else await self._record(asked, method, scope["headers"])
        if answer is None:
            # Not ours, or not there: the page that says so is Django's.
            await self._rest(scope, receive, send)
            return
        start, body = headless(answer) if method == "HEAD" else answer
        await send(start)
        await send(body)

    async def close(self) -> None:
        """Commit what waits and disconnect."""
        if self._journal is not None:
            await self._journal.close()
            self._journal = None
        self._asking.shutdown()

    # --- what is answered ------------------------------------------------------------------------

    async def _record(self, asked: Asked, method: str, headers: Iterable[tuple[bytes, bytes]]) -> Reply | None:
        if self._journal is None:
            self._journal = Journal(_connect, self._have_judged)
        link_id = asked.link_id
        hit = NewHit(asked.kind, asked.message_id, clock.now(), link_id, asked.url, method, _agent(headers), new_key())
        known = "" if link_id is None else asked.url or self._known(asked.workspace_id, link_id)
        try:
            url = await self._journal.add(asked.workspace_id, hit, keep=bool(known) or link_id == HIDDEN_LINK)
        except Unknown:
            return None
        except Away:
            url = known
            if link_id is None or (link_id != HIDDEN_LINK and not known):
                return unavailable(picture=link_id is None)
        if link_id is None:
            return self._picture
        if link_id == HIDDEN_LINK:
            return self._nothing
        if asked.url:
            return leading_to(asked.url)
        return self._leading_to(asked.workspace_id, link_id, url or "")

    def _known(self, workspace_id: int, link_id: int) -> str:
        target = self._targets.get((workspace_id, link_id))
        return target[0] if target is not None else ""

    def _leading_to(self, workspace_id: int, link_id: int, url: str) -> Reply | None:
        target = self._targets.get((workspace_id, link_id))
        if target is not None and target[0] == url:
            return target[1]
        answer = leading_to(url)
        if answer is not None:
            if len(self._targets) >= MOST_TARGETS:
                self._targets.clear()
            self._targets[workspace_id, link_id] = (url, answer)
        return answer

    # --- judging ---------------------------------------------------------------------------------

    def _have_judged(self, workspace_ids: Iterable[int]) -> None:
        for workspace_id in workspace_ids:
            if self._may_ask(workspace_id):
                self._asking.submit(_defer_classifying, workspace_id)


def _defer_classifying(workspace_id: int) -> None:
    try:
        tasks.defer_classifying(workspace_id)
    except DatabaseError as error:
        # The look that is taken at all mail once a minute judges hits, too.
        log.warning("judging hits could not be asked for: %s", str(error).strip())
    finally:
        connections.close_all()


def _agent(headers: Iterable[tuple[bytes, bytes]]) -> str:
    for name, value in headers:
        if name == b"user-agent":
            return value[:LONGEST_AGENT].decode("latin-1")
    return ""


def connection_parameters() -> dict[str, Any]:
    """As the program's own role, behind the walls, apart from Django's connections."""
    given = connection.get_connection_params()
    chosen = {name: given[name] for name in given if name not in ("context", "cursor_factory", "prepare_threshold")}
    limits = f"-c statement_timeout={STATEMENT_SECONDS}s"
    chosen["options"] = f"{chosen.get('options', '')} {limits}".strip()
    wait = {"connect_timeout": int(LONGEST_WAIT), "tcp_user_timeout": STATEMENT_SECONDS * 1000}
    return wait | chosen


async def _connect() -> psycopg.AsyncConnection[Any]:
    return await psycopg.AsyncConnection.connect(**connection_parameters(), autocommit=True)
