"""Openings and clicks over HTTP, each answered after its commit, from the web process as it is in production."""

from __future__ import annotations

import contextlib
import re
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta

import psutil

from northpost.config import environment
from northpost.core import clock, tenancy
from northpost.core.sql import Fragment
from northpost.delivery import actions, addresses
from northpost.delivery.models import Hit, Link, Message, MessageState
from northpost.program.bench import shop
from northpost.program.bench.outcome import Outcome, percentile

CONNECTIONS = 256
PEOPLE = 5_000
LINKS = 10
PEER = "an async Django view, each hit in a transaction of its own"
PEER_HITS = 3_000
WARM_UP = 1_000
# It is quickest with few.
PEER_CONNECTIONS = 8
KIND = "bench"
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)


def measure(scale: int) -> Outcome:
    """Answers a second; every answer is a row of the table, or the figure is refused."""
    workspace, _owner = shop.found()
    with tenancy.workspace(workspace.pk):
        paths = _mail(min(PEOPLE, scale))
        with _served("northpost.program.bench.hits_peer:application") as (port, _process):
            hits = min(PEER_HITS, scale)
            peer, _slow = _load(port, paths, hits, connections=PEER_CONNECTIONS)
        _expect(hits)
        with _served("northpost.config.asgi:application") as (port, process):
            _load(port, paths, WARM_UP)
            with _spent(process) as spent:
                figure, waits = _load(port, paths, scale)
            memory = process.memory_info().rss / 1e6
        _expect(hits + WARM_UP + scale)
    return Outcome(
        "hits",
        figure,
        "requests/s",
        scale,
        peers={PEER: peer},
        targets={"figure": 12_000},
        memory_mb=memory,
        details={
            "p50_ms": round(percentile(waits, 0.5) * 1000, 2),
            "p99_ms": round(percentile(waits, 0.99) * 1000, 2),
            # Microseconds of processor time for each request: what is left of the figure on a busy machine.
            "processor_us": {name: round(seconds / scale * 1e6, 1) for name, seconds in spent.items()},
            # Requests a second that the load would make if all else took no time: it must not be what is measured.
            "load_alone": round(scale / spent["load"]),
        },
    )


@contextlib.contextmanager
def _spent(web: psutil.Process) -> Iterator[dict[str, float]]:
    """Seconds of processor time spent inside: by the web process, by PostgreSQL where it is ours, and by the load."""
    server = environment.embedded_server()
    postmaster = server.pid() if server else None
    everybody = {"web": web}
    if postmaster is not None:
        everybody["postgresql"] = psutil.Process(postmaster)
    before = {name: _processor_seconds(process) for name, process in everybody.items()}
    own = time.process_time()
    spent: dict[str, float] = {}
    yield spent
    spent["load"] = time.process_time() - own
    spent |= {name: _processor_seconds(process) - before[name] for name, process in everybody.items()}


def _processor_seconds(process: psutil.Process) -> float:
    """Of the process; of PostgreSQL's first one with those that it forked, also when they have ended."""
    own = process.cpu_times()
    total: float = own.user + own.system
    if process.name() == "postgres":
        total += own.children_user + own.children_system
        for child in process.children():
            total += child.cpu_times().user + child.cpu_times().system
    return total


def _mail(people: int) -> list[bytes]:
    """A mailing sent an hour ago, and the paths in it: half openings, half clicks."""
    shop.fill(people)
    workspace_id = tenancy.require_workspace()
    audience = Fragment("SELECT id FROM contacts_contact WHERE workspace_id = %(own)s", {"own": workspace_id})
    actions.enqueue(source_kind=KIND, source_id=1, audience=audience, transactional=True)
    Message.objects.update(state=MessageState.ACCEPTED, settled_at=clock.now() - timedelta(hours=1))
    links = Link.objects.bulk_create(
        Link(source_kind=KIND, source_id=1, url=f"https://shop.example/{n}", url_hash=str(n)) for n in range(LINKS)
    )
    origin = addresses.Origin(workspace_id, KIND, 1)
    paths = []
    for number, message_id in enumerate(Message.objects.order_by("pk").values_list("pk", flat=True)):
        link = links[number % LINKS]
        paths += [
            addresses.open_url(workspace_id, message_id),
            addresses.click_url(origin, message_id, link.pk),
        ]
    return [f"/m/{url.partition('/m/')[2]}".encode() for url in paths]


def _expect(rows: int) -> None:
    found = Hit.objects.count()
    if found != rows:
        raise RuntimeError(f"{rows} hits were answered, and {found} are in the table")


@contextlib.contextmanager
def _served(application: str) -> Iterator[tuple[int, psutil.Process]]:
    """The application in a granian of its own, set up as `northpost web` does."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "northpost.program.main", "web", "--port", str(port), "--application", application]
    process = subprocess.Popen(command, start_new_session=True)
    try:
        _wait_for(port, process)
        children = psutil.Process(process.pid).children()
        yield port, children[0] if children else psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError("the web process does not answer")


def _load(
    port: int, paths: Sequence[bytes], count: int, *, connections: int = CONNECTIONS
) -> tuple[float, list[float]]:
    """(answers a second, seconds that each took): ``count`` requests over connections that are kept open.

    One request under way on each connection. Reads and writes sockets by epoll without a loop or a library between:
    it takes some 10 microseconds a request, and is never what is measured.
    """
    requests = [
        b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: %s\r\n\r\n" % (path, AGENT.encode()) for path in paths
    ]
    poll = select.epoll()
    sockets: dict[int, socket.socket] = {}
    began: dict[int, float] = {}
    waits: list[float] = []
    sent = 0
    clocked = time.perf_counter
    try:
        for _number in range(min(connections, count)):
            connection = socket.create_connection(("127.0.0.1", port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sockets[connection.fileno()] = connection
            poll.register(connection, select.EPOLLIN)
        start = clocked()
        for number, connection in sockets.items():
            began[number] = clocked()
            connection.send(requests[sent % len(requests)])
            sent += 1
        while len(waits) < count:
            ready = poll.poll(30)
            if not ready:
                raise RuntimeError("the web process stopped answering")
            for number, _event in ready:
                connection = sockets[number]
                _whole_answer(connection)
                waits.append(clocked() - began[number])
                if sent < count:
                    began[number] = clocked()
                    connection.send(requests[sent % len(requests)])
                    sent += 1
        return count / (clocked() - start), waits
    finally:
        poll.close()
        for connection in sockets.values():
            connection.close()


def _whole_answer(connection: socket.socket) -> None:
    answer = connection.recv(65536)
    while True:
        head, gap, body = answer.partition(b"\r\n\r\n")
        if gap:
            length = _LENGTH.search(head + b"\r\n")
            if length is not None and len(body) >= int(length[1]):
                break
        more = connection.recv(65536)
        if not more:
            raise RuntimeError(f"the connection ended after {answer[:200]!r}")
        answer += more
    if not answer.startswith((b"HTTP/1.1 302", b"HTTP/1.1 200")):
        raise RuntimeError(f"the answer was {answer[:100]!r}")
