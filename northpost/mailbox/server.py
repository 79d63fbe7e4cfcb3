"""The mailbox's SMTP server."""

import asyncio
import contextlib
import ipaddress
import ssl
from collections.abc import Callable, Collection
from datetime import datetime
from types import TracebackType
from typing import Self

from .faults import Faults
from .keeping import Keeper
from .received import Store
from .session import Authenticate, Rules, Session

MAX_SIZE = 25 * 1024 * 1024


class NotLoopback(ValueError):
    """The mailbox was told to listen where other machines could reach it. Permanent."""

    retryable = False


class PortTaken(Exception):
    """Another program listens on the port: end that one or choose another. Permanent."""

    retryable = False


class MailboxServer:
    """Listens on loopback, keeps what it is given in `store`, delivers nothing.

    `port` 0 chooses a free one; `port` holds the real one after start(). `authenticate(name, password)` tells
    whether a sign-in is good; without it, or before it, mail is refused with 530 unless `open_access`. `tls`
    offers STARTTLS, or is spoken from the first byte with `implicit_tls`. `now` gives aware UTC times.
    `hide`: abilities not to offer.
    """

    def __init__(
        self,
        store: Store,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        now: Callable[[], datetime],
        faults: Faults | None = None,
        authenticate: Authenticate | None = None,
        open_access: bool = False,
        tls: ssl.SSLContext | None = None,
        implicit_tls: bool = False,
        max_size: int = MAX_SIZE,
        hide: Collection[str] = (),
    ) -> None:
        self.host = _loopback(host)
        self.port = port
        self._tls = tls
        self._implicit_tls = implicit_tls
        self._keeper = Keeper(store)
        self._sessions: set[Session] = set()
        self._handshakes: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._rules = Rules(
            keeper=self._keeper,
            now=now,
            authenticate=authenticate,
            open_access=open_access,
            max_size=max_size,
            faults=faults,
            start_tls=self._start_tls if tls is not None and not implicit_tls else None,
            hide=frozenset(hide),
            sessions=self._sessions,
        )

    async def start(self) -> None:
        """Listen. Raises PortTaken."""
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(
                lambda: Session(self._rules),
                self.host,
                self.port,
                backlog=512,
                ssl=self._tls if self._implicit_tls else None,
            )
        except OSError as error:
            raise PortTaken(f"port {self.port} on {self.host} is taken by another program") from error
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening, end every connection, and wait until what was taken has been kept."""
        if self._server is not None:
            self._server.close()
        for session in tuple(self._sessions):
            if session.transport is not None:
                session.transport.abort()
        for task in tuple(self._handshakes):
            task.cancel()
        await self._keeper.finish()
        if self._server is not None:
            await self._server.wait_closed()
        # Aborted transports tell their sessions on the next turns of the loop.
        for _ in range(10):
            await asyncio.sleep(0)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _start_tls(self, session: Session) -> None:
        task = asyncio.get_running_loop().create_task(self._upgrade(session))
        self._handshakes.add(task)
        task.add_done_callback(self._handshakes.discard)

    async def _upgrade(self, session: Session) -> None:
        if session.transport is None or self._tls is None:
            return
        with contextlib.suppress(OSError):
            loop = asyncio.get_running_loop()
            secured = await loop.start_tls(session.transport, session, self._tls, server_side=True)
            if secured is not None:
                session.now_secured(secured)


def _loopback(host: str) -> str:
    if host == "localhost":
        return "127.0.0.1"
    try:
        if ipaddress.ip_address(host).is_loopback:
            return host
    except ValueError:
        pass
    raise NotLoopback(f"the local mailbox listens on loopback only, not on {host}; use 127.0.0.1")


async def serve_until(
    server: MailboxServer, stopped: asyncio.Event, *, on_ready: Callable[[], None] | None = None
) -> None:
    """Run `server` until `stopped` is set; `on_ready` is called when it listens. Raises PortTaken."""
    async with server:
        if on_ready is not None:
            on_ready()
        await stopped.wait()
