"""The LMTP listener (RFC 2033): a mail server hands over what came for our return paths, and is answered for each
recipient.

It listens on loopback unless told otherwise, and asks nobody who they are: whoever can reach it may hand mail in, of
which nothing follows without a token of ours.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import Envelope, Session
from django.db import Error, connection

from northpost.delivery.inbound.taking import NotOurs, take_in
from northpost.delivery.inbound.whose import workspace_of_address
from northpost.delivery.models import Way

log = logging.getLogger(__name__)

MAX_MAIL = 25 * 1024 * 1024
MAX_RECIPIENTS = 100
MAX_CONNECTIONS = 20
SECONDS = 60.0  # of silence
STORING = 4  # threads, each with a connection to the database

OK = "250 2.0.0 Stored"
NOT_OURS = "550 5.1.1 No workspace has this address"
LATER = "451 4.3.0 It can't be stored just now"
TOO_MANY = "452 4.5.3 Too many recipients"


class _Server(LMTP):
    # Servers send longer lines than RFC 5321 allows.
    line_length_limit = 256 * 1024


class Handler:
    """aiosmtpd's hooks. workspace_id: whose mail it is where no address of ours says so."""

    def __init__(self, *, workspace_id: int | None = None) -> None:
        self._workspace_id = workspace_id
        self._threads = ThreadPoolExecutor(STORING, thread_name_prefix="lmtp")

    async def handle_RCPT(
        self, server: LMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= MAX_RECIPIENTS:
            return TOO_MANY
        if self._workspace_id is None and workspace_of_address(address) is None:
            return NOT_OURS
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: LMTP, session: Session, envelope: Envelope) -> str:
        """One line for each recipient, in their order (RFC 2033, 4.2)."""
        content = envelope.content
        raw = content if isinstance(content, bytes) else (content or "").encode()
        loop = asyncio.get_running_loop()
        answers = [
            await loop.run_in_executor(self._threads, self._store, raw, address) for address in envelope.rcpt_tos
        ]
        return "\r\n".join(answers)

    def close(self) -> None:
        """Let what is being stored end, and the database's connections go."""
        self._threads.shutdown()

    def _store(self, raw: bytes, address: str) -> str:
        try:
            # After a restart of PostgreSQL the broken connection is dropped here, and a new one opened.
            connection.close_if_unusable_or_obsolete()
            take_in(raw=raw, way=Way.LMTP, envelope_recipient=address, workspace_id=self._workspace_id)
        except NotOurs:
            return NOT_OURS
        except Error as error:
            log.warning("LMTP: a mail can't be stored just now: %s", str(error).strip())
            connection.close()
            return LATER
        except Exception:
            log.exception("LMTP: a mail could not be stored")
            return LATER
        return OK


class Listener:
    """Takes connections on ``host`` and ``port`` (0: any) between start() and stop()."""

    def __init__(self, *, host: str, port: int, hostname: str, workspace_id: int | None = None) -> None:
        self.host, self.port = host, port
        self._hostname = hostname
        self._handler = Handler(workspace_id=workspace_id)
        self._server: asyncio.Server | None = None
        self._open = 0

    async def start(self) -> None:
        """Raises OSError where the port is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connection, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        await asyncio.get_running_loop().run_in_executor(None, self._handler.close)

    def _connection(self) -> asyncio.Protocol:
        if self._open >= MAX_CONNECTIONS:
            return _Full()
        return _Counted(self, self._handler, self._hostname)


class _Counted(_Server):
    def __init__(self, listener: Listener, handler: Handler, hostname: str) -> None:
        super().__init__(
            handler,
            data_size_limit=MAX_MAIL,
            enable_SMTPUTF8=True,
            decode_data=False,
            hostname=hostname,
            ident="Northpost LMTP",
            timeout=SECONDS,
            loop=asyncio.get_running_loop(),
        )
        self._listener = listener

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._listener._open += 1
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._listener._open -= 1
        super().connection_lost(error)


class _Full(asyncio.Protocol):
    def connection_made(self, transport: Any) -> None:
        transport.write(b"421 4.3.2 Too many connections\r\n")
        transport.close()


async def serve(*, host: str, port: int, hostname: str, workspace_id: int | None = None) -> None:
    """Listen until SIGTERM or SIGINT comes. Raises OSError where the port is taken."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    listener = Listener(host=host, port=port, hostname=hostname, workspace_id=workspace_id)
    await listener.start()
    try:
        await stopped.wait()
    finally:
        await listener.stop()
