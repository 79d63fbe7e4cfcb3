"""What a command stands on: Django set up, the database running and fit.

Heavy imports happen in here, after the environment is settled: reading settings makes the secret key and fixes the
data directory.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NoReturn

import click
import django

from northpost.config import environment
from northpost.core.postgres import DatabaseUnavailable


def settle(*, data_dir: Path | None = None) -> None:
    """Fix the installation's directory and set Django up. Call once, before anything imports a room's models."""
    if data_dir is not None:
        os.environ["NORTHPOST_DATA_DIR"] = str(data_dir)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "northpost.config.settings")
    try:
        environment.data_dir().mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fail(f"The data directory {environment.data_dir()} can't be made: {error.strerror}. Set NORTHPOST_DATA_DIR.")
    django.setup()


@contextlib.contextmanager
def database(*, own: bool = False) -> Iterator[None]:
    """The database, running and migrated, for as long as the block.

    A server that we started is stopped after it; with ``own`` also one that was left running by a program that died.
    """
    from django.db import connections

    from northpost.core import database as schema

    server = environment.embedded_server()
    started = False
    try:
        try:
            if server is not None:
                started = server.start()
                schema.create_database(server.url("postgres", "postgres"), environment.DATABASE_NAME)
            schema.prepare()
        except DatabaseUnavailable as error:
            fail(str(error))
        yield
    finally:
        connections.close_all()
        if server is not None and (started or own):
            server.stop()


@contextlib.contextmanager
def sole_owner() -> Iterator[IO[str]]:
    """Hold the data directory: a second ``northpost up`` on the same data is refused."""
    path = environment.data_dir() / "running.lock"
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            who = lock.read().strip() or "another process"
            fail(
                f"Northpost already runs on {environment.data_dir()} ({who}). Stop it first, or give this one its own "
                "data: NORTHPOST_DATA_DIR=/another/directory"
            )
        lock.seek(0)
        lock.truncate()
        lock.write(f"process {os.getpid()}")
        lock.flush()
        yield lock


def fail(message: str) -> NoReturn:
    """Say what is wrong and what to do, and end with status 1."""
    click.echo(click.style("northpost: ", fg="red", bold=True) + message, err=True)
    sys.exit(1)
