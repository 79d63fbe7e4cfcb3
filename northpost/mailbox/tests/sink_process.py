"""A mailbox in a process of its own, for tests that kill the sender.

    python -m northpost.mailbox.tests.sink_process --log FILE [--port 0] [--faults JSON] [--null]

Prints one line of JSON, `{"host": ..., "port": ...}`, when it listens; ends on SIGTERM or SIGINT. Every kept
mail is one line of JSON in the log (account, sender, recipient, message_id, x: its X- headers, size), handed
to the operating system before 250 is answered; what is not in the log was never answered with 250. `--null`
keeps nothing and counts.
"""

import argparse
import asyncio
import datetime as dt
import json
import os
import signal
from collections.abc import Sequence
from email.parser import BytesHeaderParser
from pathlib import Path

import uvloop

from northpost.mailbox.faults import Faults
from northpost.mailbox.received import ReceivedMail
from northpost.mailbox.server import MailboxServer, serve_until

RECEIVED_AT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


class LogStore:
    """Appends each batch to a file in one write."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    async def keep(self, mails: Sequence[ReceivedMail]) -> None:
        lines = "".join(json.dumps(describe(mail)) + "\n" for mail in mails)
        os.write(self._file, lines.encode())


class NullStore:
    """Keeps nothing: for measuring the way there."""

    async def keep(self, mails: Sequence[ReceivedMail]) -> None:
        return


def describe(mail: ReceivedMail) -> dict[str, object]:
    head = BytesHeaderParser().parsebytes(mail.raw.partition(b"\r\n\r\n")[0])
    return {
        "account": mail.account,
        "sender": mail.sender,
        "recipient": mail.recipient,
        "message_id": head.get("Message-ID"),
        "x": {name: value for name, value in head.items() if name.lower().startswith("x-")},
        "size": len(mail.raw),
    }


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--faults", default="{}")
    parser.add_argument("--null", action="store_true")
    given = parser.parse_args()
    store = NullStore() if given.null else LogStore(given.log)
    server = MailboxServer(
        store,
        port=given.port,
        now=lambda: RECEIVED_AT,
        faults=Faults.from_json(given.faults) if given.faults != "{}" else None,
        authenticate=lambda name, word: True,
        open_access=True,
    )
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)

    def announce() -> None:
        print(json.dumps({"host": server.host, "port": server.port}), flush=True)

    await serve_until(server, stopped, on_ready=announce)


if __name__ == "__main__":
    uvloop.run(main())
