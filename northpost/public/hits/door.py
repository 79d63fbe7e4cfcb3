"""The ASGI application that stands before Django and answers openings and clicks itself."""

from __future__ import annotations

import base64
import logging
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import psycopg
from django.conf import settings
from django.db import DatabaseError, connection, connections
from django.utils import translation
from django.utils.encoding import iri_to_uri
from django.utils.translation import gettext as _

from northpost.core import clock
from northpost.delivery import tasks
from northpost.delivery.actions.hits import LONGEST_AGENT, NewHit
from northpost.public.hits.journal import LONGEST_WAIT, Away, Journal, Seldom, Unknown, new_key
from northpost.public.hits.reading import CLICKED, HIDDEN_LINK, OPENED, Asked, read

log = logging.getLogger(__name__)

Message = MutableMapping[str, Any]
# As loosely typed as ASGI is: Django's and a server's own types differ.
Application = Callable[[Any, Any, Any], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
NOT_KEPT = (b"cache-control", b"no-store, private")
LATER = (b"retry-after", b"30")
# Hits are judged after their quarantine; no need to ask for that more often than this (seconds).
ASK_EVERY = 5.0
MOST_TARGETS = 50_000
STATEMENT_SECONDS = 10


class HitDoor:
    """``HitDoor(django)``: GET and HEAD of signed addresses are answered here, everything else by the application."""

    def __init__(self, rest: Application) -> None:
        self._rest = rest
        self._journal: Journal | None = None
        self._targets: dict[tuple[int, int], str] = {}
        self._may_ask = Seldom(ASK_EVERY)
        self._asking = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hits")
        self._always: Headers = [NOT_KEPT]
        if settings.SECURE_HSTS_SECONDS:
            self._always.append((b"strict-transport-security", b"max-age=%d" % settings.SECURE_HSTS_SECONDS))

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or not path.startswith((CLICKED, OPENED)):
            await self._rest(scope, receive, send)
            return
        method = scope["method"]
        if method not in ("GET", "HEAD"):
            await self._answer(send, 405, [(b"allow", b"GET, HEAD")])
            return
        asked = read(path)
        found = None if asked is None else await self._record(asked, method, scope["headers"])
        if found is None:
            # Not ours, or not there: the page that says so is Django's.
            await self._rest(scope, receive, send)
            return
        status, headers, body = found
        await self._answer(send, status, headers, body, headless=method == "HEAD")

    async def close(self) -> None:
        """Commit what waits and disconnect."""
        if self._journal is not None:
            await self._journal.close()
            self._journal = None
        self._asking.shutdown()

    # --- what is answered ------------------------------------------------------------------------

    async def _record(self, asked: Asked, method: str, headers: Iterable[tuple[bytes, bytes]]) -> _Reply | None:
        if self._journal is None:
            self._journal = Journal(_connect, self._have_judged)
        hit = NewHit(
            asked.kind, asked.message_id, clock.now(), asked.link_id, asked.url, method, _agent(headers), new_key()
        )
        known = asked.url or self._targets.get((asked.workspace_id, asked.link_id or HIDDEN_LINK), "")
        try:
            url = await self._journal.add(asked.workspace_id, hit, keep=bool(known) or asked.link_id == HIDDEN_LINK)
        except Unknown:
            return None
        except Away:
            url = known
            if asked.link_id is None or (asked.link_id != HIDDEN_LINK and not known):
                return _unavailable(picture=asked.link_id is None)
        if asked.link_id is None:
            return 200, [(b"content-type", b"image/gif")], PIXEL
        if asked.link_id == HIDDEN_LINK:
            # Whoever follows it is no person, and there is nothing behind it.
            return 204, [], b""
        location = _location(url or "")
        if location is None:
            return None
        if not asked.url:
            self._remember((asked.workspace_id, asked.link_id), url or "")
        return 302, [(b"location", location)], b""

    def _remember(self, link: tuple[int, int], url: str) -> None:
        if link not in self._targets:
            if len(self._targets) >= MOST_TARGETS:
                self._targets.clear()
            self._targets[link] = url

    async def _answer(
        self,
        send: Callable[[Message], Awaitable[None]],
        status: int,
        headers: Headers,
        body: bytes = b"",
        *,
        headless: bool = False,
    ) -> None:
        length = [] if status == 204 else [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": [*self._always, *headers, *length]})
        await send({"type": "http.response.body", "body": b"" if headless else body})

    # --- judging ---------------------------------------------------------------------------------

    def _have_judged(self, workspace_ids: Iterable[int]) -> None:
        for workspace_id in workspace_ids:
            if self._may_ask(workspace_id):
                self._asking.submit(_defer_classifying, workspace_id)


_Reply = tuple[int, Headers, bytes]


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


def _location(url: str) -> bytes | None:
    """A Location that no character breaks out of; None for what a browser should not be sent to."""
    if urlsplit(url).scheme.lower() not in ("http", "https"):
        return None
    return str(iri_to_uri(url)).encode("ascii")


def _unavailable(*, picture: bool) -> _Reply:
    if picture:
        return 503, [LATER], b""
    lines = []
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            lines.append(_("This link can't be followed just now. Please try it again in a minute."))
    return 503, [LATER, (b"content-type", b"text/plain; charset=utf-8")], "\n\n".join(lines).encode()


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
