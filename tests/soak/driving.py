"""The soak itself: mail flows, and again and again something is killed, stopped or does wrong."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psutil
from django.db import InterfaceError, OperationalError, connection, connections

from northpost.config import environment
from northpost.core import tenancy
from northpost.core.postgres import DatabaseUnavailable
from northpost.delivery.models import Message
from northpost.delivery.tasks import defer_sending, look_after_mail
from northpost.delivery.tests import rig
from tests.soak.reckoning import Reckoning, reckon

T = TypeVar("T")
WORKERS = 2
LEASE_SECONDS = 3
STALL_SECONDS = 4.0  # longer than a lease
LOOK_SECONDS = 1.0
END_SECONDS = 150.0  # for what is left when the killing is over
# Of each ten kills so many, in an order of chance.
TEN = ["worker"] * 4 + ["sender"] * 3 + ["sink"] * 2 + ["postgres"]


@dataclass
class Course:
    """What was done to them."""

    seed: int
    seconds: float = 0.0
    kills: Counter[str] = field(default_factory=Counter)
    restarts: Counter[str] = field(default_factory=Counter)
    stalls: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    mailings: int = 0


class Soak:
    """``say`` is told how it goes. Called inside a workspace."""

    def __init__(self, workspace_id: int, folder: Path, *, seed: int, people: int, say: Callable[[str], None]) -> None:
        self._workspace_id = workspace_id
        self._folder = folder
        self._people = people
        self._say = say
        self._chance = random.Random(seed)
        self._log = folder / "sink.jsonl"
        self._sink: subprocess.Popen[str] | None = None
        self._port = 0
        self._workers: list[int] = []
        self._stalled: dict[int, float] = {}
        self._looked = 0.0
        self._targets = self._chance.sample(TEN, len(TEN))
        self.course = Course(seed)

    def run(self, *, kills: int, seconds: float) -> Reckoning:
        """Until so many kills are done or the time is over; then everything is let finish, and reckoned."""
        began = time.monotonic()
        rig.people(self._people)
        self._start_sink(faults=True)
        rig.route(self._port, connections=2)
        env = os.environ | {"NORTHPOST_LEASE_SECONDS": str(LEASE_SECONDS), "NORTHPOST_DNS": "none"}
        with (
            (self._folder / "workers.log").open("w") as said,
            subprocess.Popen(
                [sys.executable, "-m", "tests.soak.nursery"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True, env=env,
            ) as self._nursery,
        ):  # fmt: skip
            try:
                self._kill_about(kills, began + seconds)
                self._finish()
            finally:
                self._end()
        self.course.seconds = time.monotonic() - began
        return reckon(self._log, self._workspace_id)

    # --- the course ------------------------------------------------------------------------------

    def _kill_about(self, kills: int, deadline: float) -> None:
        kill = {
            "worker": self._kill_worker,
            "sender": self._kill_sender,
            "sink": self._kill_sink,
            "postgres": self._kill_postgres,
        }
        while self.course.kills.total() < kills and time.monotonic() < deadline:
            until = time.monotonic() + self._chance.uniform(0.1, 1.2)
            self._tend()
            if self._chance.random() < 0.15:
                self._stall()
            while time.monotonic() < until:
                self._awake()
                time.sleep(0.01)
            before = self.course.kills.total()
            kill[self._targets.pop()]()
            if not self._targets:
                self._targets = self._chance.sample(TEN, len(TEN))
            if self.course.kills.total() == before:
                continue
            if self.course.kills.total() % 10 == 0:
                self._say(f"{self.course.kills.total()} kills, {self._kept()} mails kept by the server")

    def _kill_worker(self) -> None:
        if self._workers:
            self._kill("worker", self._workers.pop(self._chance.randrange(len(self._workers))))

    def _kill_sender(self) -> None:
        """A run of the sender beside the workers, killed a moment after it has begun."""
        pid = self._bear(f"sender {self._workspace_id}")
        time.sleep(self._chance.choice((0.05, 0.1, 0.2, 0.4, 0.6)))
        self._kill("sender", pid)

    def _kill_sink(self) -> None:
        assert self._sink is not None
        self._sink.kill()
        self._sink.wait()
        self.course.kills["sink"] += 1
        time.sleep(self._chance.uniform(0, 0.3))
        self._start_sink(faults=True)
        self.course.restarts["sink"] += 1

    def _kill_postgres(self) -> None:
        server = environment.embedded_server()
        assert server is not None
        pid = server.pid()
        for name in ("default", "owner"):
            connections[name].close()
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            self.course.kills["postgres"] += 1
        time.sleep(self._chance.uniform(0, 0.5))
        deadline = time.monotonic() + 60
        while True:
            # The dead one's children may need a moment to notice.
            with contextlib.suppress(DatabaseUnavailable):
                server.start()
                break
            assert time.monotonic() < deadline, "PostgreSQL does not come back"
        self.course.restarts["postgres"] += 1

    def _kill(self, what: str, pid: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            self.course.kills[what] += 1

    def _stall(self) -> None:
        """A worker hangs for longer than its lease, and then goes on as if nothing had been."""
        pid = self._chance.choice(self._workers) if self._workers else 0
        if pid and pid not in self._stalled:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
                self._stalled[pid] = time.monotonic() + STALL_SECONDS
                self.course.stalls += 1

    def _awake(self, *, all_of_them: bool = False) -> None:
        for pid, until in list(self._stalled.items()):
            if all_of_them or time.monotonic() > until:
                del self._stalled[pid]
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def _finish(self) -> None:
        """No more harm: let everything that waits leave, or say why not."""
        assert self._sink is not None
        self._awake(all_of_them=True)
        self._sink.terminate()
        self._sink.wait(10)
        self._start_sink(faults=False)
        self._say("the killing is over; what is left is sent")
        deadline = time.monotonic() + END_SECONDS
        while time.monotonic() < deadline and self._left():
            self._tend(more=False)
            time.sleep(0.3)

    def _end(self) -> None:
        self._awake(all_of_them=True)
        for pid in self._workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._nursery.kill()
        if self._sink is not None:
            self._sink.terminate()
            self._sink.wait(10)
            assert self._sink.stdout is not None
            self._sink.stdout.close()
        self._persist(rig.wait_for_its_last_statement)

    # --- what keeps it going ---------------------------------------------------------------------

    def _tend(self, *, more: bool = True) -> None:
        """What ``northpost up``, the clock and a person at the pages do: processes, work, pauses lifted."""
        living = [pid for pid in self._workers if psutil.pid_exists(pid)]
        while len(living) < WORKERS:
            living.append(self._bear("worker"))
            self.course.restarts["worker"] += 1
        self._workers = living
        if time.monotonic() - self._looked < LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        self._persist(lambda: self._look(more))

    def _look(self, more: bool) -> None:
        with connection.cursor() as cursor:
            # Time passes: pauses, slowdowns and waits of minutes and hours are over.
            cursor.execute("DELETE FROM delivery_slowdown")
            cursor.execute("UPDATE delivery_route SET paused_at = NULL, paused_until = NULL")
            cursor.execute("UPDATE delivery_message SET due_at = enqueued_at WHERE state IN ('queued', 'deferred')")
            cursor.execute("UPDATE delivery_waiting SET due_at = to_timestamp(0)")
            cursor.execute("UPDATE delivery_source SET state = 'active' WHERE state = 'paused'")
        look_after_mail()
        if more and Message.objects.filter(state="queued").count() < self._people // 2:
            self.course.mailings += 1
            rig.enqueue(self.course.mailings)
        with tenancy.workspace(self._workspace_id):
            defer_sending(self._workspace_id)

    def _left(self) -> int:
        left = Message.objects.filter(state__in=("queued", "sending", "deferred"))
        return self._persist(left.count)

    def _bear(self, what: str) -> int:
        assert self._nursery.stdin is not None and self._nursery.stdout is not None
        self._nursery.stdin.write(f"{what}\n")
        self._nursery.stdin.flush()
        return int(self._nursery.stdout.readline())

    def _persist(self, act: Callable[[], T]) -> T:
        deadline = time.monotonic() + 60
        while True:
            try:
                return act()
            except (OperationalError, InterfaceError):
                if time.monotonic() > deadline:
                    raise
                connection.close()
                time.sleep(0.1)

    # --- the mail server -------------------------------------------------------------------------

    def _start_sink(self, *, faults: bool) -> None:
        if self._sink is not None and self._sink.stdout is not None:
            self._sink.stdout.close()
        wrong = self._wrongs() if faults else {}
        command = [sys.executable, "-m", "northpost.mailbox.tests.sink_process", "--log", str(self._log)]
        command += ["--port", str(self._port), "--faults", json.dumps({"delay_ms": 10} | wrong)]
        self._sink = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._sink.stdout is not None
        self._port = json.loads(self._sink.stdout.readline())["port"]

    def _wrongs(self) -> dict[str, Any]:
        """Another choice of what it does wrong each time."""
        every = self._chance.randrange
        possible: dict[str, dict[str, Any]] = {
            "451 at the end": {"at": "final", "code": 451, "every": every(40, 90)},
            "450 for the recipient": {"at": "rcpt", "code": 450, "text": "4.2.0 greylisted", "every": every(30, 90)},
            "550 for the recipient": {"at": "rcpt", "code": 550, "text": "5.7.1 not wanted", "every": every(150, 300)},
            "421 for the sender": {"at": "mail", "code": 421, "every": every(60, 150)},
            "452 at DATA": {"at": "data", "code": 452, "every": every(60, 150)},
            "lost after RCPT": {"at": "rcpt", "do": "drop", "every": every(60, 150)},
            "lost in the content": {"at": "content", "do": "drop", "every": every(60, 150)},
            "answer lost, mail kept": {"at": "final", "do": "drop", "every": every(80, 200)},
            "answer lost, mail not kept": {"at": "final", "do": "drop", "keep": False, "every": every(80, 200)},
            "lost after the answer": {"at": "kept", "do": "drop", "every": every(60, 150)},
            "hangs": {"at": "rcpt", "do": "hang", "nth": every(100, 400), "times": 1},
            "refuses connections": {"at": "connect", "code": 421, "nth": every(2, 6)},
        }
        chosen = self._chance.sample(sorted(possible), self._chance.randrange(3, 7))
        self.course.faults.update(chosen)
        return {"seed": every(10**6), "rules": [{"do": "reply"} | possible[name] for name in chosen]}

    def _kept(self) -> int:
        return self._log.read_bytes().count(b"\n") if self._log.exists() else 0
