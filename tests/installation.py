"""A real installation for tests: the program in processes of its own, on a data directory of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 120.0
STOP_SECONDS = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Installation:
    """A data directory and the ports that its program uses."""

    directory: Path
    port: int
    mailbox_port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        mine = {name: value for name, value in os.environ.items() if not name.startswith("NORTHPOST_")}
        for name in ("DJANGO_SETTINGS_MODULE", "SECRET_KEY"):
            mine.pop(name, None)
        return mine | {
            "NORTHPOST_DATA_DIR": str(self.directory),
            "NORTHPOST_URL": self.url,
            "NORTHPOST_TESTING": "1",
            "PYTHONUNBUFFERED": "1",
        }

    def run(self, *arguments: str, timeout: float = 120.0) -> subprocess.CompletedProcess[str]:
        """One command, to its end."""
        return subprocess.run(
            [sys.executable, "-m", "northpost.program.main", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    @contextlib.contextmanager
    def up(self) -> Iterator[subprocess.Popen[str]]:
        """``northpost up``, answering; ended by Ctrl-C's signal after the block if it still runs."""
        log = (self.directory.parent / f"{self.directory.name}.log").open("a+")
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "northpost.program.main",
                "up",
                "--port",
                str(self.port),
                "--mailbox-port",
                str(self.mailbox_port),
            ],
            cwd=ROOT,
            env=self.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            self._wait_until_it_answers(process)
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait(timeout=STOP_SECONDS)
            log.close()

    def _wait_until_it_answers(self, process: subprocess.Popen[str]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise AssertionError(f"northpost up ended with status {process.returncode}: {self.log()}")
            with (
                contextlib.suppress(urllib.error.URLError, ConnectionError),
                urllib.request.urlopen(f"{self.url}/accounts/login/", timeout=5),
            ):
                return
            time.sleep(0.2)
        raise AssertionError(f"northpost up does not answer: {self.log()}")

    def log(self) -> str:
        """What ``up`` has said so far."""
        return (self.directory.parent / f"{self.directory.name}.log").read_text()


def make_installation(name: str) -> Installation:
    """In the test run's directory, which PostgreSQL's account gets through to, and which is removed at the end."""
    place = Path(os.environ["NORTHPOST_DATA_DIR"]) / "installations"
    place.mkdir(exist_ok=True)
    return Installation(directory=place / name, port=free_port(), mailbox_port=free_port())
