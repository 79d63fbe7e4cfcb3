"""No request is read beyond a limit: Django would write whatever comes to a temporary file, until the disk is full."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_TOO_LARGE = b"This is larger than this installation takes (NORTHPOST_MAX_UPLOAD_MB).\n"


def limit_uploads(app: App, most: int) -> App:
    """``app`` behind a limit of ``most`` bytes for a request's body; more is answered with 413.

    A request that announces its length (all browsers do) is refused before any of it is read; one that does not is
    broken off where it passes the limit.
    """

    async def limited(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
        if announced.isdigit() and int(announced) > most:
            await _refuse(send)
            return
        taken = 0

        async def counted() -> MutableMapping[str, Any]:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            # To the application it looks as if the browser had gone away; it throws away what it had.
            return {"type": "http.disconnect"} if taken > most else message

        await app(scope, counted, send)
        if taken > most:
            await _refuse(send)

    return limited


async def _refuse(send: Send) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(_TOO_LARGE)).encode())]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": _TOO_LARGE})
