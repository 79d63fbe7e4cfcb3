"""Asks the door for openings and clicks, as a server would, without the server."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from northpost.public.hits import HitDoor

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


@dataclass
class Answer:
    """``status`` 404: handed on to Django, which has nothing there."""

    status: int
    headers: dict[str, str]
    body: bytes


def path_of(url: str) -> str:
    return "/m/" + url.partition("/m/")[2].partition("?")[0]


def ask(path: str, *, method: str = "GET", agent: str | None = BROWSER) -> Answer:
    """One request, and the door closed behind it."""
    return ask_all([path], method=method, agent=agent)[0]


def ask_all(paths: Sequence[str], *, method: str = "GET", agent: str | None = BROWSER) -> list[Answer]:
    """All at the same time, at one door."""

    async def all_of_them() -> list[Answer]:
        door = HitDoor(nothing_there)
        try:
            return await asyncio.gather(*(ask_at(door, path, method=method, agent=agent) for path in paths))
        finally:
            await door.close()

    # A thread of its own: whoever asks may be running a loop already.
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(lambda: asyncio.run(all_of_them())).result()


async def ask_at(door: HitDoor, path: str, *, method: str = "GET", agent: str | None = BROWSER) -> Answer:
    said: list[Any] = []

    async def send(message: Any) -> None:
        said.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    headers = [(b"host", b"testserver")] + ([(b"user-agent", agent.encode("latin-1"))] if agent is not None else [])
    await door({"type": "http", "path": path, "method": method, "headers": headers}, receive, send)
    start, body = said
    found = {name.decode(): value.decode() for name, value in start["headers"]}
    return Answer(start["status"], found, body["body"])


async def nothing_there(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b""})
