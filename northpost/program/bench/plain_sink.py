"""The sink where no C compiler is at hand: the same as sink.c, slower.

python -m northpost.program.bench.plain_sink RECORDS SAMPLES EVERY DELAY_MS ADDRESS
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from pathlib import Path
from typing import IO, cast

import uvloop

_PATH = re.compile(rb"<([^>]*)>")
_HELLO = (
    b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-SIZE 52428800\r\n250 ENHANCEDSTATUSCODES\r\n"
)


class Counts:
    """What came in, and where it is written down."""

    def __init__(self, records: IO[bytes], samples: IO[bytes], every: int) -> None:
        self.mails = self.bytes = self.broken = 0
        self.records, self.samples, self.every = records, samples, every

    def take(self, recipient: bytes, sender: bytes, content: bytes) -> None:
        if self.every and self.mails % self.every == 0:
            self.samples.write(b"%d\n%s" % (len(content), content))
        self.mails += 1
        self.bytes += len(content)
        self.records.write(b"%s %s %d\n" % (recipient, sender, len(content)))

    def tell(self) -> None:
        self.records.flush()
        self.samples.flush()
        print(self.mails, self.bytes, self.broken, int(time.process_time() * 1e6), flush=True)


class Session(asyncio.Protocol):
    def __init__(self, counts: Counts, delay: float) -> None:
        self._counts, self._delay = counts, delay
        self._buffer = bytearray()
        self._answers: list[bytes] = [b"220 sink ESMTP\r\n"]
        self._sender = self._recipient = b""
        self._recipients, self._in_data = 0, False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def connection_lost(self, error: Exception | None) -> None:
        self._counts.broken += self._in_data

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while self._content() if self._in_data else self._command():
            pass
        self._send()

    def _command(self) -> bool:
        end = self._buffer.find(b"\n")
        if end < 0:
            return False
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        verb = line[:4].upper()
        path = _PATH.search(line)
        if verb == b"MAIL":
            self._sender, self._recipients = path[1] if path else b"", 0
            self._answers.append(b"250 2.1.0 ok\r\n")
        elif verb == b"RCPT":
            self._recipient = path[1] if path else b""
            self._recipients += 1
            self._answers.append(b"250 2.1.5 ok\r\n")
        elif verb == b"DATA" and not self._recipients:
            self._answers.append(b"503 5.5.1 no recipient\r\n")
        elif verb == b"DATA":
            self._in_data = True
            # So that a dot alone in the first line ends it like any other.
            self._buffer[:0] = b"\r\n"
            self._answers.append(b"354 go on\r\n")
        elif verb == b"EHLO":
            self._answers.append(_HELLO)
        else:
            self._answers.append(b"221 2.0.0 bye\r\n" if verb == b"QUIT" else b"250 2.0.0 ok\r\n")
        return True

    def _content(self) -> bool:
        end = self._buffer.find(b"\r\n.\r\n")
        if end < 0:
            return False
        self._counts.take(self._recipient, self._sender, bytes(self._buffer[2 : end + 2]))
        self._counts.broken += self._recipients != 1
        del self._buffer[: end + 5]
        self._in_data, self._recipients = False, 0
        self._answers.append(b"250 2.0.0 taken\r\n")
        return True

    def _send(self) -> None:
        answers, self._answers = b"".join(self._answers), []
        if not answers:
            return
        if self._delay:
            asyncio.get_running_loop().call_later(self._delay, self._transport.write, answers)
        else:
            self._transport.write(answers)


async def serve(records: Path, samples: Path, every: int, delay: float, address: str) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    with records.open("wb") as kept, samples.open("wb") as sampled:
        counts = Counts(kept, sampled, every)
        server = await loop.create_server(lambda: Session(counts, delay), address, 0)

        def hear() -> None:
            if not sys.stdin.readline():
                ended.set()
            counts.tell()

        loop.add_reader(sys.stdin.fileno(), hear)
        print(server.sockets[0].getsockname()[1], flush=True)
        await ended.wait()
        server.close()


def main() -> None:
    records, samples, every, delay, address = sys.argv[1:]
    uvloop.run(serve(Path(records), Path(samples), int(every), int(delay) / 1000, address))


if __name__ == "__main__":
    main()
