"""The program starts, stops, refuses and recovers as it says."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator

import psutil
import pytest

from northpost.core.postgres import EmbeddedServer
from northpost.program.processes import usual_workers
from tests.installation import Installation, make_installation

PARTS = 2 + usual_workers()  # web and mailbox


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    made = make_installation("program")
    yield made
    EmbeddedServer(made.directory / "postgres").remove()


def children(pid: int) -> list[psutil.Process]:
    found = psutil.Process(pid).children()
    return [child for child in found if child.status() != psutil.STATUS_ZOMBIE and child.name() != "postgres"]


def wait_until_gone(processes: list[psutil.Process]) -> None:
    _gone, alive = psutil.wait_procs(processes, timeout=30)
    assert alive == []


def test_one_ctrl_c_ends_everything_and_the_data_stays(installation: Installation):
    with installation.up() as program:
        parts = children(program.pid)
        assert len(parts) == PARTS
        # The terminal sends it to everyone in the foreground; the program alone must do as well.
        program.send_signal(signal.SIGINT)
        assert program.wait(timeout=60) == 0
        wait_until_gone(parts)
    assert EmbeddedServer(installation.directory / "postgres").pid() is None
    assert installation.log().endswith("Stopping ...\nStopped.\n")
    assert (installation.directory / "secret_key").stat().st_mode & 0o777 == 0o600


def test_a_second_start_on_the_same_data_and_a_taken_port_are_refused(installation: Installation):
    with installation.up() as program:
        again = installation.run("up", "--port", "0", "--mailbox-port", "0")
        assert again.returncode == 1
        assert f"already runs on {installation.directory} (process {program.pid})" in again.stderr

        other = make_installation("other")
        taken = other.run("up", "--port", str(installation.port))
        assert taken.returncode == 1
        assert f"Port {installation.port} is taken by another program. Choose another one with --port." in taken.stderr
        assert "Traceback" not in again.stderr + taken.stderr

        looked = installation.run("doctor")
        assert looked.returncode == 0, looked.stdout + looked.stderr
        assert "walls between workspaces" in looked.stdout
        # A command that joined the running database leaves it running.
        assert program.poll() is None


def test_after_kill_nine_nothing_is_left_over_and_it_starts_again(installation: Installation):
    with installation.up() as program:
        parts = children(program.pid)
        os.kill(program.pid, signal.SIGKILL)
        program.wait()
        wait_until_gone(parts)
    with installation.up() as program:
        assert len(children(program.pid)) == PARTS


def test_a_part_that_dies_is_started_again(installation: Installation):
    with installation.up() as program:
        victim = next(part for part in children(program.pid) if "worker" in part.cmdline())
        victim.kill()
        deadline = time.monotonic() + 30
        while not any("worker" in part.cmdline() and part.pid != victim.pid for part in children(program.pid)):
            assert time.monotonic() < deadline, installation.log()
            time.sleep(0.1)


def test_the_mailbox_port_is_checked_before_anything_starts(installation: Installation):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = installation.run("up", "--port", str(installation.port), "--mailbox-port", str(port))
    assert refused.returncode == 1
    assert f"Port {port} is taken" in refused.stderr
    assert EmbeddedServer(installation.directory / "postgres").pid() is None


def test_an_unreachable_database_is_named(installation: Installation, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    refused = installation.run("doctor")
    assert refused.returncode == 1
    assert "cannot reach the database" in refused.stderr
    assert "Check DATABASE_URL" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_database_that_dies_is_started_again(installation: Installation):
    server = EmbeddedServer(installation.directory / "postgres")
    with installation.up() as program:
        victim = server.pid()
        assert victim is not None
        os.kill(victim, signal.SIGKILL)
        deadline = time.monotonic() + 60
        while server.pid() in (None, victim) or installation.run("doctor").returncode != 0:
            assert time.monotonic() < deadline, installation.log()
            time.sleep(0.2)
        assert "the database has ended; starting it again" in installation.log()
        assert program.poll() is None
