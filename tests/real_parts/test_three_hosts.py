"""One campaign, three worker machines, one PostgreSQL: one machine is cut off in the middle, and comes back later.

The machines are network namespaces on a bridge; the workers are ``northpost worker`` with a DATABASE_URL and a
password, as on real machines. PostgreSQL belongs to a role that is no superuser.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from northpost.core.postgres import EmbeddedServer
from northpost.program.bench import sink
from tests.real_parts.network import Host, network

PEOPLE = 2500
PASSWORD = "only for this test"
LEASE_SECONDS = 10


@dataclass
class Database:
    """PostgreSQL on the hub, reached from the machines by a password over the network."""

    server: EmbeddedServer
    hub: Host

    @property
    def url(self) -> str:
        password = PASSWORD.replace(" ", "%20")
        return f"postgresql://firm:{password}@{self.hub.address}:5432/northpost"

    def rows(self, statement: str) -> list[tuple]:
        """Past all walls, over the socket."""
        with psycopg.connect(self.server.url("postgres", "northpost"), autocommit=True) as connection:
            return connection.execute(statement).fetchall()

    def states(self) -> dict[str, int]:
        return dict(self.rows("SELECT state, count(*) FROM delivery_message GROUP BY state"))


@contextmanager
def postgres(hub: Host, directory: Path) -> Iterator[Database]:
    server = EmbeddedServer(directory, settings={"fsync": "off"})
    server.start()
    with psycopg.connect(server.url("postgres", "postgres"), autocommit=True) as admin:
        admin.execute(f"CREATE ROLE firm LOGIN CREATEROLE PASSWORD '{PASSWORD}'")
        admin.execute("CREATE DATABASE northpost OWNER firm")
    server.stop()
    with (directory / "pg_hba.conf").open("a") as rules:
        rules.write("host northpost firm 10.213.77.0/24 scram-sha-256\n")
    account = server.directory.stat()
    settings = server.settings | {"listen_addresses": hub.address}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with (directory.parent / "postgres.log").open("w") as log:
        process = hub.start(
            str(server.bin / "postgres"), "-D", str(directory), "-k", str(server.socket_directory), *options,
            account=(account.st_uid, account.st_gid), stdout=log, stderr=log, cwd="/",
        )  # fmt: skip
        try:
            until(lambda: ready(server), 30, "PostgreSQL answers")
            yield Database(server, hub)
        finally:
            process.terminate()
            # An immediate shutdown if somebody is still connected over a cable that is pulled.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
            if process.poll() is None:
                process.send_signal(3)
                process.wait(20)


def ready(server: EmbeddedServer) -> bool:
    try:
        psycopg.connect(server.url("postgres", "postgres")).close()
    except psycopg.OperationalError:
        return False
    return True


def until(true: Callable[[], object], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.1)


@pytest.fixture
def place() -> Path:
    """In the run's own directory, which PostgreSQL's account gets through to."""
    made = Path(os.environ["NORTHPOST_DATA_DIR"]) / "three-hosts"
    made.mkdir()
    return made


def environment(database: Database, place: Path, host: Host) -> dict[str, str]:
    mine = {name: value for name, value in os.environ.items() if not name.startswith("NORTHPOST_")}
    return mine | {
        "DATABASE_URL": database.url,
        "SECRET_KEY": "the same on every machine",
        "NORTHPOST_DATA_DIR": str(place / host.name),
        "NORTHPOST_LEASE_SECONDS": str(LEASE_SECONDS),
    }


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_machine_that_is_cut_off_costs_no_mail(place: Path):
    with (
        network("hub", "one", "two", "three") as (hub, one, two, three),
        postgres(hub, place / "postgres") as database,
        sink.running(delay_ms=150, address=hub.address, within=hub.command()) as relay,
        contextlib.ExitStack() as ending,
    ):
        # From another machine: the database is prepared over the network, as the role that owns it.
        firm = ending.enter_context(desk(one, database, place))
        mailing = firm.ask("found", PEOPLE, hub.address, relay.port)
        assert mailing["queued"] == PEOPLE
        holder = ending.enter_context(desk(three, database, place))
        holder.ask("look")
        workers = {host: ending.enter_context(worker(host, database, place)) for host in (one, two, three)}
        until(lambda: len(connected(database) & set(addresses(one, two, three))) == 3, 60, "the workers are there")
        until(
            lambda: firm.ask("send", mailing["workspace"]) in (True, False) and len(sharing(hub, relay)) == 3,
            60,
            "three machines share the campaign",
        )
        until(lambda: relay.counted().mails > 0, 60, "mail arrives")
        # A transaction of the machine that will be lost, with a lock on a message.
        assert holder.ask("hold", mailing["workspace"]) > 0
        three.cut_off()
        at_the_cut = relay.counted().mails
        assert 0 < at_the_cut < PEOPLE
        until(lambda: settled(database, firm), 120, "the others finish the campaign")
        finished = database.states()
        assert finished.keys() <= {"accepted", "in_doubt"}
        three.plug_in()
        # What it had written before the cable was pulled may arrive now, and what it has to say is refused.
        until(lambda: addresses(three)[0] in connected(database), 60, "the lost machine is back")
        time.sleep(3)
        for process in workers.values():
            process.terminate()
        for process in workers.values():
            process.wait(60)
        assert database.states() == finished
        report(database, relay, at_the_cut)


def report(database: Database, relay: sink.Sink, at_the_cut: int) -> None:
    """Hold ledger and relay against each other: everybody once or not at all, each not-at-all explained."""
    assert relay.counted().mails > at_the_cut
    arrived = Counter(record.recipient for record in relay.records())
    assert max(arrived.values()) == 1
    rows = database.rows("SELECT email, state, reply_text FROM delivery_message")
    assert len(rows) == PEOPLE == len({email for email, _state, _text in rows})
    missing = [email for email, state, _text in rows if state == "accepted" and not arrived[email]]
    assert missing == []
    unexplained = [email for email, state, text in rows if state == "in_doubt" and not text]
    assert unexplained == []
    in_doubt = sum(state == "in_doubt" for _email, state, _text in rows)
    # At most what one machine had marked at once.
    assert 0 <= in_doubt <= 300
    assert arrived.keys() <= {email for email, _state, _text in rows}
    print(f"\n{PEOPLE} people, {at_the_cut} mails at the cut, {sum(arrived.values())} arrived, {in_doubt} in doubt")


class Desk:
    """A process on one of the machines that does what it is told (see firm.py)."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, *command: object) -> Any:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(" ".join(map(str, command)) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


@contextmanager
def desk(host: Host, database: Database, place: Path) -> Iterator[Desk]:
    command = (sys.executable, "-m", "tests.real_parts.firm")
    env = environment(database, place, host)
    with host.start(*command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield Desk(process)
        finally:
            process.kill()


@contextmanager
def worker(host: Host, database: Database, place: Path) -> Iterator[subprocess.Popen[str]]:
    with (place / f"{host.name}.log").open("w") as log:
        process = host.start(
            sys.executable, "-m", "northpost.program.main", "worker", "--concurrency", "1",
            env=environment(database, place, host), stdout=log, stderr=log,
        )  # fmt: skip
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
                process.wait(10)


def addresses(*hosts: Host) -> list[str]:
    return [host.address for host in hosts]


def connected(database: Database) -> set[str]:
    return {
        address
        for (address,) in database.rows(
            "SELECT DISTINCT host(client_addr) FROM pg_stat_activity WHERE client_addr IS NOT NULL"
        )
    }


def sharing(hub: Host, relay: sink.Sink) -> set[str]:
    """The machines that are connected to the relay now."""
    found = hub.run("ss", "-Htn", "state", "established", f"( sport = :{relay.port} )")
    return {line.split()[3].rpartition(":")[0] for line in found.splitlines()}


def settled(database: Database, firm: Desk) -> bool:
    firm.ask("look")
    return not database.states().keys() & {"queued", "sending", "deferred"}
