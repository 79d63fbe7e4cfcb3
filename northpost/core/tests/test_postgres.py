"""The embedded PostgreSQL keeps its data, whatever happens to it, and says clearly why it can't start."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from northpost.core.database import check_version
from northpost.core.postgres import DatabaseUnavailable, EmbeddedServer

SMALL = {"fsync": "off", "shared_buffers": "16MB", "max_connections": "10"}


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that PostgreSQL's own account gets through to."""
    directory = Path(os.environ["NORTHPOST_DATA_DIR"]) / tmp_path_factory.mktemp("cluster").name
    directory.mkdir(exist_ok=True)
    return directory


@pytest.fixture
def server(place: Path) -> Iterator[EmbeddedServer]:
    made = EmbeddedServer(place / "pg", settings=SMALL)
    yield made
    made.remove()


def rows(server: EmbeddedServer, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(server.url("postgres", "postgres"), autocommit=True) as connection:
        cursor = connection.execute(statement)  # type: ignore[arg-type]
        return cursor.fetchall() if cursor.description else []


def test_data_stays_between_runs_and_through_kill_nine(server: EmbeddedServer):
    assert server.start() is True
    rows(server, "CREATE TABLE kept AS SELECT 41 AS figure")
    server.stop()
    assert server.pid() is None

    assert server.start() is True
    rows(server, "UPDATE kept SET figure = 42")
    pid = server.pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    while server.pid() is not None:
        time.sleep(0.01)

    assert server.start() is True
    assert rows(server, "SELECT figure FROM kept") == [(42,)]


def test_whoever_finds_it_running_joins_it(server: EmbeddedServer):
    assert server.start() is True
    other = EmbeddedServer(server.directory, settings=SMALL)
    assert other.start() is False
    assert other.pid() == server.pid()


def test_it_listens_on_no_port_and_its_directory_is_private(server: EmbeddedServer):
    server.start()
    assert rows(server, "SHOW listen_addresses") == [("",)]
    assert server.directory.stat().st_mode & 0o777 == 0o700


def test_a_path_too_long_for_a_socket_gets_a_short_one(place: Path):
    deep = place / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    server = EmbeddedServer(deep / "pg", settings=SMALL)
    try:
        server.start()
        assert rows(server, "SELECT 1") == [(1,)]
        assert server.socket_directory != server.directory
    finally:
        server.remove()


def test_a_directory_with_other_files_is_left_alone(place: Path):
    (place / "holiday.jpg").write_bytes(b"picture")
    with pytest.raises(DatabaseUnavailable, match=r"holds files but no database \(holiday.jpg\)"):
        EmbeddedServer(place, settings=SMALL).start()
    assert (place / "holiday.jpg").read_bytes() == b"picture"


def test_data_of_another_version_is_left_alone(place: Path):
    (place / "PG_VERSION").write_text("15\n")
    with pytest.raises(DatabaseUnavailable, match="was written by PostgreSQL 15"):
        EmbeddedServer(place, settings=SMALL).start()
    assert (place / "PG_VERSION").read_text() == "15\n"


def test_a_server_that_cannot_start_shows_its_log(server: EmbeddedServer):
    server.start()
    server.stop()
    (server.directory / "postgresql.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(DatabaseUnavailable, match="no_such_setting"):
        server.start()


@pytest.mark.parametrize("version", [90600, 140012])
def test_an_old_server_is_refused(version: int):
    with pytest.raises(DatabaseUnavailable, match="needs 15 or newer"):
        check_version(version)


def test_a_new_server_is_welcome():
    check_version(150004)
    check_version(180001)
