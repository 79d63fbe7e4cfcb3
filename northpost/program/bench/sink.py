"""The SMTP sink that the sender is measured against, in a process of its own, and what it received, checked.

Compiled from sink.c where a C compiler is at hand, else plain_sink.py. It only counts and writes down; whether each
mail came to the right person is checked afterwards, so that checking costs the measured time nothing.
"""

from __future__ import annotations

import email
import email.policy
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

HERE = Path(__file__).parent
START_SECONDS = 20.0


@dataclass(frozen=True)
class Record:
    """One mail as it came in. ``size``: bytes of content on the wire."""

    recipient: str
    sender: str
    size: int


@dataclass(frozen=True)
class Counted:
    """``broken``: connections that ended inside a mail, mails of several recipients. ``cpu``: seconds it worked."""

    mails: int
    bytes: int
    broken: int
    cpu: float


class Sink:
    """A running sink."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process = process
        self._records = folder / "records"
        self._samples = folder / "samples"
        assert process.stdout is not None
        self.port = int(process.stdout.readline())

    def counted(self) -> Counted:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write("count\n")
        self._process.stdin.flush()
        mails, content, broken, cpu = map(int, self._process.stdout.readline().split())
        return Counted(mails, content, broken, cpu / 1e6)

    def records(self) -> Iterator[Record]:
        """Each mail that came in, in order; after ``counted``."""
        with self._records.open() as lines:
            for line in lines:
                recipient, sender, size = line.rsplit(" ", 2)
                yield Record(recipient, sender, int(size))

    def samples(self) -> Iterator[EmailMessage]:
        """One in a hundred of them, parsed by Python's own library; after ``counted``."""
        with self._samples.open("rb") as file:
            while length := file.readline():
                content = file.read(int(length)).replace(b"\r\n..", b"\r\n.")
                yield email.message_from_bytes(content, policy=email.policy.SMTP)


def compiler() -> str | None:
    """The machine's C compiler, if it has one."""
    return shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


def is_compiled() -> bool:
    return compiler() is not None


@contextmanager
def running(
    *, delay_ms: int = 0, every: int = 100, address: str = "127.0.0.1", within: Sequence[str] = ()
) -> Iterator[Sink]:
    """A sink for as long as the block; ``every``: keep the content of one mail in so many.

    within: a command that runs another one somewhere, in a network namespace, say.
    """
    with tempfile.TemporaryDirectory(prefix="northpost-sink-") as place:
        folder = Path(place)
        files = (str(folder / "records"), str(folder / "samples"))
        command = [*within, *_command(folder), *files, str(every), str(delay_ms), address]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            try:
                yield Sink(process, folder)
            finally:
                # Out of turn if it hangs: it has nothing that matters.
                process.kill()


def _command(folder: Path) -> list[str]:
    cc = compiler()
    if cc is None:
        return [sys.executable, "-m", "northpost.program.bench.plain_sink"]
    binary = folder / "sink"
    subprocess.run([cc, "-O2", "-o", str(binary), str(HERE / "sink.c")], check=True)
    return [str(binary)]


def capacity(*, size: int, mails: int = 60_000, connections: int = 4) -> float:
    """Mails a second that the sink takes from a client that only writes, and never waits for an answer."""
    content = b"Subject: x\r\n\r\n" + (b"x" * 74 + b"\r\n") * (size // 76)
    mail = b"MAIL FROM:<a@bench.example>\r\nRCPT TO:<b@bench.example>\r\nDATA\r\n" + content + b".\r\n"
    block = mail * 50

    def write(blocks: int) -> None:
        with socket.create_connection(("127.0.0.1", sink.port)) as wire:
            reader = threading.Thread(target=_swallow, args=(wire,))
            reader.start()
            for _ in range(blocks):
                wire.sendall(block)
            wire.sendall(b"QUIT\r\n")
            wire.shutdown(socket.SHUT_WR)
            reader.join()

    with running(every=0) as sink:
        blocks = mails // 50 // connections
        writers = [threading.Thread(target=write, args=(blocks,)) for _ in range(connections)]
        began = time.perf_counter()
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        seconds = time.perf_counter() - began
        taken = sink.counted()
    if taken.mails != blocks * connections * 50 or taken.broken:
        raise RuntimeError(f"the sink lost mail of its own test: {taken}")
    return taken.mails / seconds


def _swallow(wire: socket.socket) -> None:
    while wire.recv(1 << 16):
        pass
