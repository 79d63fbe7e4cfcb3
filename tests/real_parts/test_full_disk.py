"""A disk that is really full: what the sender must write stands on a small file system, which is filled to the brim."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from northpost.config import environment
from northpost.delivery.tests import rig
from northpost.team.models import Workspace
from tests.real_parts.parts import program, root

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
    pytest.mark.slow,
]
TABLES = ("delivery_claim", "delivery_waiting", "delivery_message")
PEOPLE = 3000


@contextmanager
def small_disk(place: Path) -> Iterator[Path]:
    """A file system of 12 MB with the tables of sending on it."""
    root()
    mount = program("mount")
    server = environment.embedded_server()
    assert server is not None
    place.mkdir()
    if subprocess.run([mount, "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(place)], check=False).returncode:
        pytest.skip("NOT TESTED HERE: no file system can be mounted")
    try:
        owner = server.directory.stat()
        os.chown(place, owner.st_uid, owner.st_gid)
        with psycopg.connect(server.url("postgres", environment.DATABASE_NAME), autocommit=True) as admin:
            admin.execute(f"CREATE TABLESPACE small LOCATION '{place}'")
            try:
                _move(admin, "small")
                yield place
            finally:
                _move(admin, "pg_default")
                admin.execute("DROP TABLESPACE small")
    finally:
        subprocess.run([program("umount"), str(place)], check=True)


def _move(admin: psycopg.Connection, to: str) -> None:
    for table in TABLES:
        admin.execute(f"ALTER TABLE {table} SET TABLESPACE {to}")


def fill(place: Path) -> Path:
    """Not a byte is left."""
    ballast = place / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(b"\0" * 4096)
    return ballast


def test_sending_waits_until_there_is_room_again(workspace: Workspace, tmp_path: Path):
    rig.people(PEOPLE)
    place = Path(os.environ["NORTHPOST_DATA_DIR"]) / "small"
    with small_disk(place), rig.sink(tmp_path, delay_ms=10) as sink:
        rig.route(sink.port, connections=4)
        rig.enqueue()
        with rig.Sender(workspace.pk) as sender:
            until_it_flows(sink)
            ballast = fill(place)
            held = until_it_stands_still(sink)
            assert held < PEOPLE, "the disk was full, and all of it was sent"
            assert sender.process.poll() is None
            ballast.unlink()
            report = sender.report()
        assert "the database's disk is full" in report["alerts"]
        assert rig.reconcile(sink) == {"accepted": PEOPLE}


def until_it_flows(sink: rig.Sink) -> None:
    deadline = time.monotonic() + 60
    while len(sink.mails) < 100:
        assert time.monotonic() < deadline, "no mail flows"
        time.sleep(0.02)


def until_it_stands_still(sink: rig.Sink) -> int:
    """How many mails have arrived when for two seconds there was no more."""
    count, since = -1, time.monotonic()
    while time.monotonic() - since < 2:
        if (now := len(sink.mails)) != count:
            count, since = now, time.monotonic()
        time.sleep(0.1)
    return count
