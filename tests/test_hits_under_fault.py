"""What was answered is in the table, whatever is killed; and readers get on while the database is away."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection

from northpost.config import environment
from northpost.core import clock
from northpost.delivery import addresses
from northpost.delivery.models import Hit, HitKind, Link, Message
from northpost.delivery.tests import rig
from northpost.public.hits import HitDoor, journal
from northpost.public.tests.door import BROWSER, ask_at, nothing_there, path_of
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = 400
LINK_URL = "https://shop.example/a"


@pytest.fixture
def mailing(workspace: Workspace) -> tuple[list[Message], Link]:
    rig.register()
    rig.people(PEOPLE)
    rig.enqueue()
    Message.objects.update(state="accepted", settled_at=clock.now() - timedelta(hours=1))
    link = Link.objects.create(source_kind=rig.KIND, source_id=1, url=LINK_URL, url_hash="1")
    return list(Message.objects.order_by("pk")), link


def click_path(message: Message, link_id: int, url: str = "") -> str:
    origin = addresses.Origin(message.workspace_id, rig.KIND, 1)
    return path_of(addresses.click_url(origin, message.pk, link_id, url))


def open_path(message: Message) -> str:
    return path_of(addresses.open_url(message.workspace_id, message.pk))


@contextlib.contextmanager
def web() -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """``northpost web`` on the tests' database, in a session of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "northpost.program.main", "web", "--port", str(port)]
    process = subprocess.Popen(command, start_new_session=True)
    try:
        deadline = time.monotonic() + 60
        while True:
            assert time.monotonic() < deadline
            assert process.poll() is None
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.05)
        yield port, process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def test_the_server_of_production_answers_them_and_django_the_rest(mailing: tuple[list[Message], Link]):
    messages, link = mailing
    with web() as (port, _process):
        server = http.client.HTTPConnection("127.0.0.1", port, timeout=20)

        def get(path: str, method: str = "GET") -> tuple[int, http.client.HTTPResponse, bytes]:
            server.request(method, path, headers={"User-Agent": BROWSER})
            answer = server.getresponse()
            return answer.status, answer, answer.read()

        status, answer, _body = get(click_path(messages[0], link.pk) + "?url=https://evil.example/")
        assert (status, answer.headers["Location"], answer.headers["Content-Length"]) == (302, LINK_URL, "0")
        status, answer, body = get(open_path(messages[1]))
        assert (status, answer.headers["Content-Type"], len(body)) == (200, "image/gif", 42)
        assert get(open_path(messages[1]), "HEAD")[::2] == (200, b"")
        assert get(click_path(messages[2], 0))[0] == 204
        status, _answer, body = get(click_path(messages[0], link.pk)[:-1] + "!")
        assert status == 404
        assert b"<html" in body
        assert get(path_of(addresses.unsubscribe_url(messages[0].workspace_id, messages[0].pk)))[0] == 200
        server.close()
    assert sorted(Hit.objects.values_list("message_id", "kind", "method")) == [
        (messages[0].pk, "click", "GET"),
        (messages[1].pk, "open", "GET"),
        (messages[1].pk, "open", "HEAD"),
        (messages[2].pk, "click", "GET"),
    ]


@pytest.mark.slow
def test_killed_in_the_midst_nothing_answered_is_lost(mailing: tuple[list[Message], Link]):
    messages, link = mailing
    answered: list[tuple[int, str]] = []

    def read_mail(port: int, own: list[Message]) -> None:
        """A reader: one request after the other, until the server is gone."""
        server = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        with contextlib.suppress(OSError, http.client.HTTPException):
            for message in own:
                for kind, path in ((HitKind.OPEN, open_path(message)), (HitKind.CLICK, click_path(message, link.pk))):
                    server.request("GET", path, headers={"User-Agent": BROWSER})
                    if server.getresponse().read() is not None:
                        answered.append((message.pk, kind.value))
        server.close()

    with web() as (port, process):
        readers = [threading.Thread(target=read_mail, args=(port, messages[n::16])) for n in range(16)]
        for reader in readers:
            reader.start()
        deadline = time.monotonic() + 60
        while len(answered) < PEOPLE // 2 and time.monotonic() < deadline:
            time.sleep(0.001)
        os.killpg(process.pid, signal.SIGKILL)
        for reader in readers:
            reader.join(30)
    rig.wait_for_its_last_statement()
    assert PEOPLE // 2 <= len(answered) < 2 * PEOPLE, "it was to be killed in the midst"
    rows = list(Hit.objects.values_list("message_id", "kind"))
    assert len(rows) == len(set(rows))
    assert set(answered) <= set(rows)
    # Beyond those: at most one under way for each reader.
    assert len(rows) <= len(answered) + 16


def as_owner() -> psycopg.Connection[Any]:
    server = environment.embedded_server()
    assert server is not None
    return psycopg.connect(server.url("postgres", environment.DATABASE_NAME), autocommit=True)


@contextlib.contextmanager
def database_away() -> Iterator[None]:
    """The program's role can't sign in, and its connections are cut."""
    with as_owner() as owner:
        owner.execute("ALTER ROLE northpost_app NOLOGIN")
        try:
            owner.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'northpost_app'")
            yield
        finally:
            owner.execute("ALTER ROLE northpost_app LOGIN")


def test_readers_get_on_while_the_database_is_away(
    mailing: tuple[list[Message], Link], caplog: pytest.LogCaptureFixture
):
    messages, link = mailing

    async def story() -> None:
        door = HitDoor(nothing_there)
        assert (await ask_at(door, click_path(messages[0], link.pk))).status == 302
        with database_away():
            # Where it leads is known from before, or stands in the signature, or is nowhere.
            known = await ask_at(door, click_path(messages[1], link.pk))
            assert (known.status, known.headers["location"]) == (302, LINK_URL)
            assert (await ask_at(door, click_path(messages[2], link.pk, "https://shop.example/own"))).status == 302
            assert (await ask_at(door, click_path(messages[3], 0))).status == 204
            # It isn't known, or nothing would be lost by asking again.
            unknown = await ask_at(door, click_path(messages[4], link.pk + 1))
            assert (unknown.status, unknown.headers["retry-after"]) == (503, "30")
            assert "again in a minute" in unknown.body.decode()
            assert (await ask_at(door, open_path(messages[5]))).status == 503
        deadline = time.monotonic() + 20
        while (await ask_at(door, open_path(messages[6]))).status != 200:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)
        await door.close()

    connection.close()  # it would be cut, too
    asyncio.run(story())
    assert sorted(Hit.objects.values_list("message_id", flat=True)) == [messages[n].pk for n in (0, 1, 2, 3, 6)]
    assert "can't be written" in caplog.text
    assert "0 clicks were lost" in caplog.text


def test_nobody_waits_for_a_commit_that_does_not_end(
    mailing: tuple[list[Message], Link], monkeypatch: pytest.MonkeyPatch
):
    messages, link = mailing
    monkeypatch.setattr(journal, "LONGEST_WAIT", 0.3)

    async def story() -> None:
        door = HitDoor(nothing_there)
        assert (await ask_at(door, click_path(messages[0], link.pk))).status == 302
        with as_owner() as owner, owner.transaction():
            owner.execute("LOCK TABLE delivery_hit IN ACCESS EXCLUSIVE MODE")
            both = asyncio.gather(
                ask_at(door, click_path(messages[1], link.pk)), ask_at(door, click_path(messages[2], link.pk))
            )
            await asyncio.sleep(0.1)
            # Came while that commit was under way already.
            later = asyncio.create_task(ask_at(door, click_path(messages[3], link.pk)))
            assert [answer.status for answer in await asyncio.wait_for(both, 5)] == [302, 302]
            assert (await asyncio.wait_for(later, 1)).status == 302
            assert (await asyncio.wait_for(ask_at(door, click_path(messages[4], link.pk)), 0.2)).status == 302
        await door.close()

    asyncio.run(story())
    assert sorted(Hit.objects.values_list("message_id", flat=True)) == [message.pk for message in messages[:5]]
