"""The local mailbox as a process: the SMTP server with its store in the database."""

import asyncio
import signal

from northpost.core import clock
from northpost.mailbox import access
from northpost.mailbox.server import MailboxServer, serve_until
from northpost.mailbox.store import DatabaseStore


async def serve(*, host: str, port: int, stopped: asyncio.Event | None = None) -> None:
    """Take mail for every workspace until `stopped` is set, or SIGTERM or SIGINT comes if there is none.

    Raises PortTaken, NotLoopback.
    """
    if stopped is None:
        stopped = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    store = DatabaseStore()
    try:
        server = MailboxServer(store, host, port, now=clock.now, authenticate=access.authenticate)
        await serve_until(server, stopped)
    finally:
        await store.close()
