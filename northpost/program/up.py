"""``northpost up``: database, migrations, web, workers and the local mailbox; one Ctrl-C ends them all."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FrameType

import click

from northpost.config import environment
from northpost.core.postgres import DatabaseUnavailable, EmbeddedServer
from northpost.program import ground
from northpost.program.processes import HOST, MAILBOX_PORT, PORT, refuse_taken_port, usual_workers

START_SECONDS = 60.0
STOP_SECONDS = 30.0
LOOK_EVERY = 0.2  # seconds
PR_SET_PDEATHSIG = 1


@click.command()
@click.option("--host", default=HOST, show_default=True, help="Address to listen on.")
@click.option("--port", default=PORT, show_default=True, help="Port to listen on.")
@click.option("--mailbox-port", default=MAILBOX_PORT, show_default=True, help="Port of the local mailbox.")
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=usual_workers,
    show_default="one a processor, four at most",
    help="How many worker processes.",
)
@click.option("--lmtp", metavar="HOST:PORT", help="Also take in bounces and replies over LMTP there.")
def up(host: str, port: int, mailbox_port: int, workers: int, lmtp: str | None) -> None:
    """Run everything: the embedded database (unless DATABASE_URL names one), web, workers, local mailbox."""
    place = _read_place(lmtp)
    ground.settle()
    with ground.sole_owner():
        run(host=host, port=port, mailbox_port=mailbox_port, workers=workers, lmtp=place)


def _read_place(said: str | None) -> tuple[str, int] | None:
    if said is None:
        return None
    host, colon, port = said.rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise click.BadParameter("write it as 127.0.0.1:2424", param_hint="--lmtp")
    return host.strip("[]"), int(port)


def run(
    *,
    host: str,
    port: int,
    mailbox_port: int,
    workers: int | None = None,
    lmtp: tuple[str, int] | None = None,
    greet: Callable[[], None] | None = None,
) -> None:
    """Start the processes, watch over them, and stop them in order. ``greet`` is called once all are started."""
    refuse_taken_port(host, port)
    if lmtp is not None:
        refuse_taken_port(*lmtp)
    refuse_taken_port(HOST, mailbox_port)
    os.environ["NORTHPOST_MAILBOX_PORT"] = str(mailbox_port)
    stopping = Stop()
    with ground.database(own=True):
        children = [
            Child("web", ["web", "--host", host, "--port", str(port)]),
            Child("mailbox", ["mailbox", "--port", str(mailbox_port)]),
            *(Child(f"worker {number}", ["worker"]) for number in range(1, (workers or usual_workers()) + 1)),
        ]
        if lmtp is not None:
            children.append(Child("lmtp", ["lmtp", "--host", lmtp[0], "--port", str(lmtp[1])]))
        try:
            for child in children:
                child.start()
            wait_until_it_answers(host, port, stopping)
            if not stopping.asked:
                click.echo(f"Northpost serves on http://{host}:{port}  (Ctrl-C stops it)")
                if greet is not None:
                    greet()
            server = environment.embedded_server()
            watch([*children, *([Database(server)] if server is not None else [])], stopping)
        finally:
            click.echo("Stopping ...")
            stop(children)
    click.echo("Stopped.")


class Stop:
    """Remembers that SIGINT or SIGTERM came; a second one does not interrupt the stopping."""

    def __init__(self) -> None:
        self.asked = False
        signal.signal(signal.SIGINT, self._ask)
        signal.signal(signal.SIGTERM, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True


@dataclass
class Child:
    """A process that is started again if it ends by itself, later each time."""

    name: str
    arguments: list[str]
    process: subprocess.Popen[bytes] | None = None
    failures: int = 0
    start_again_at: float = field(default=0.0)

    def start(self) -> None:
        # A session of its own, so that Ctrl-C reaches only us; and an end with us, even if we are killed.
        self.process = subprocess.Popen(
            [sys.executable, "-m", "northpost.program.main", *self.arguments],
            start_new_session=True,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,
            env=os.environ,
        )

    def look_after(self) -> None:
        if self.process is None or self.process.poll() is None:
            return
        if self.start_again_at == 0.0:
            self.failures += 1
            wait = min(2.0**self.failures, 60.0)
            click.echo(f"{self.name} ended with status {self.process.returncode}; again in {wait:.0f} s", err=True)
            self.start_again_at = time.monotonic() + wait
        elif time.monotonic() >= self.start_again_at:
            self.start_again_at = 0.0
            self.start()


@dataclass
class Database:
    """The embedded database, started again if it ends by itself. What it had committed is there again."""

    server: EmbeddedServer
    failures: int = 0
    start_again_at: float = 0.0

    def look_after(self) -> None:
        if self.server.pid() is not None or time.monotonic() < self.start_again_at:
            return
        click.echo("the database has ended; starting it again", err=True)
        try:
            self.server.start()
        except DatabaseUnavailable as error:
            self.failures += 1
            wait = min(2.0**self.failures, 60.0)
            click.echo(f"{error}; again in {wait:.0f} s", err=True)
            self.start_again_at = time.monotonic() + wait
        else:
            self.failures = 0


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def wait_until_it_answers(host: str, port: int, stopping: Stop) -> None:
    """Return once the web process accepts connections; whoever follows the printed address then finds it."""
    deadline = time.monotonic() + START_SECONDS
    while not stopping.asked and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=1):
            return
        time.sleep(LOOK_EVERY)


def watch(parts: Sequence[Child | Database], stopping: Stop) -> None:
    """Return when asked to stop."""
    while not stopping.asked:
        for part in parts:
            part.look_after()
        time.sleep(LOOK_EVERY)


def stop(children: list[Child]) -> None:
    """Ask all to end, wait, and kill what does not."""
    running = [child.process for child in children if child.process is not None and child.process.poll() is None]
    for process in running:
        process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for process in running:
        try:
            process.wait(timeout=max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
