"""The long-running processes, each a command of its own: web, worker, mailbox. ``northpost up`` runs them all."""

from __future__ import annotations

import asyncio
import errno
import os
import socket

import click

from northpost.program import ground

HOST, PORT = "127.0.0.1", 8000
MAILBOX_PORT = int(os.environ.get("NORTHPOST_MAILBOX_PORT", "2525"))
MOST_WORKERS = 4


@click.command()
@click.option("--host", default=HOST, show_default=True, help="Address to listen on.")
@click.option("--port", default=PORT, show_default=True, help="Port to listen on.")
@click.option("--processes", default=1, show_default=True, help="How many processes share the work.")
@click.option("--application", default="northpost.config.asgi:application", hidden=True, help="For measuring others.")
def web(host: str, port: int, processes: int, application: str) -> None:
    """Serve the pages (the database must be running: see `up`)."""
    refuse_taken_port(host, port)
    os.environ["NORTHPOST_POOL"] = "1"
    ground.settle()
    from granian import Granian
    from granian.constants import Interfaces, Loops

    Granian(
        application,
        address=host,
        port=port,
        interface=Interfaces.ASGINL,
        loop=Loops.uvloop,
        workers=processes,
        websockets=False,
        log_access=False,
        log_level="warning",
    ).serve()


def usual_workers() -> int:
    """How many workers a machine has use for: a sender keeps one processor busy."""
    return min(MOST_WORKERS, len(os.sched_getaffinity(0)))


@click.command()
@click.option("--concurrency", default=4, show_default=True, help="How many jobs at once.")
def worker(concurrency: int) -> None:
    """Do the background work: send, import, count (any number of these, on any number of machines)."""
    ground.settle()
    from northpost.program import working

    asyncio.run(working.work(concurrency=concurrency))


@click.command()
@click.option("--port", default=MAILBOX_PORT, show_default=True, help="Port of 127.0.0.1 to listen on.")
def mailbox(port: int) -> None:
    """Run the local mailbox: an SMTP server that keeps what it gets and delivers nothing."""
    refuse_taken_port(HOST, port)
    ground.settle()
    from northpost.mailbox import serving

    asyncio.run(serving.serve(host=HOST, port=port))


def refuse_taken_port(host: str, port: int) -> None:
    """A clear word, before anything has started, instead of a traceback after."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                ground.fail(f"Port {port} is taken by another program. Choose another one with --port.")
            ground.fail(f"Can't listen on {host}:{port}: {error.strerror}.")
