"""The LMTP listener with a real client over a real socket."""

from __future__ import annotations

import asyncio
import smtplib
import threading
from collections.abc import Iterator
from concurrent.futures import Future

import pytest
from django.db import OperationalError, connection

from northpost.core import clock, tenancy
from northpost.delivery.inbound import lmtp
from northpost.delivery.inbound.following import follow_up
from northpost.delivery.inbound.tests import letters
from northpost.delivery.inbound.tests.conftest import verp
from northpost.delivery.inbound.whose import inbox_address
from northpost.delivery.models import InboundMail, Message, Suppression
from northpost.delivery.tests import rig
from northpost.team.models import Workspace

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("one_thread")]


@pytest.fixture
def port() -> Iterator[int]:
    """A listener in a thread of its own."""
    started: Future[int] = Future()
    stop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def run() -> None:
        listener = lmtp.Listener(host="127.0.0.1", port=0, hostname="firm.example")
        await listener.start()
        stop.append((asyncio.get_running_loop(), asyncio.Event()))
        started.set_result(listener.port)
        await stop[0][1].wait()
        await asyncio.get_running_loop().run_in_executor(listener._handler._threads, lambda: connection.close())
        await listener.stop()

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    yield started.result(10)
    stop[0][0].call_soon_threadsafe(stop[0][1].set)
    thread.join(10)
    assert not thread.is_alive()


@pytest.fixture
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lmtp, "STORING", 1)


def messages(count: int) -> list[Message]:
    rig.register()
    rig.people(count)
    rig.enqueue()
    Message.objects.update(state="accepted", settled_at=clock.now())
    return list(Message.objects.order_by("pk"))


def hand_over(port: int, raw: bytes, *recipients: str) -> list[tuple[int, bytes]]:
    """The answers for each recipient that was taken, after DATA."""
    with smtplib.LMTP("127.0.0.1", port, timeout=20) as client:
        client.ehlo()
        client.mail("")
        taken = [recipient for recipient in recipients if client.rcpt(recipient)[0] == 250]
        answers = [client.data(raw)] if taken else []
        answers += [client.getreply() for _ in taken[1:]]
    return answers


def test_a_bounce_is_stored_and_answered_for_each_recipient(port: int, workspace: Workspace):
    first, second = messages(2)
    raw = letters.dsn(to=verp(first)).replace(b"User unknown", b"User unknown\r\n\t.\r\n\t" + b"x" * 5000)
    answers = hand_over(port, raw, verp(first), "news@shop.example", verp(second).upper())
    assert [code for code, _text in answers] == [250, 250]
    rows = list(InboundMail.objects.order_by("pk").values_list("way", "envelope_recipient", "size"))
    assert rows == [("lmtp", verp(first), len(raw)), ("lmtp", verp(second).upper(), len(raw))]
    follow_up()
    assert sorted(Suppression.objects.values_list("email_key", flat=True)) == sorted([first.email, second.email])


def test_who_is_not_ours_is_refused_at_once(port: int, workspace: Workspace):
    with smtplib.LMTP("127.0.0.1", port, timeout=20) as client:
        client.ehlo()
        assert client.mail("")[0] == 250
        code, text = client.rcpt("news@shop.example")
        assert f"{code} {text.decode()}" == lmtp.NOT_OURS
        # Signed by us, and yet of no workspace that is there.
        assert client.rcpt(inbox_address(999_999, "shop.example"))[0] == 250
        code, text = client.data(letters.reply())
        assert f"{code} {text.decode()}" == lmtp.NOT_OURS
    assert not InboundMail.objects.exists()


def test_after_a_lost_connection_it_goes_on(port: int, workspace: Workspace):
    (message,) = messages(1)
    raw = letters.dsn(to=verp(message))
    assert [code for code, _text in hand_over(port, raw, verp(message))] == [250]
    # The server ends the listener's own session, as a restart does.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE usename = current_user AND datname = current_database() AND pid <> pg_backend_pid()"
        )
    answers = [hand_over(port, raw + b"\r\n" * number, verp(message))[0][0] for number in range(1, 4)]
    assert answers[-1] == 250
    assert set(answers) <= {250, 451}
    assert InboundMail.objects.count() == 1 + answers.count(250)


def test_without_its_database_it_says_later(port: int, workspace: Workspace, monkeypatch: pytest.MonkeyPatch):
    (message,) = messages(1)

    def away(**_mail: object) -> None:
        raise OperationalError("the server is shutting down")

    with monkeypatch.context() as patched:
        patched.setattr(lmtp, "take_in", away)
        ((code, text),) = hand_over(port, letters.dsn(), verp(message))
    assert f"{code} {text.decode()}" == lmtp.LATER
    assert [code for code, _text in hand_over(port, letters.dsn(), verp(message))] == [250]


def test_too_large_a_mail_is_refused(port: int, workspace: Workspace):
    (message,) = messages(1)
    with smtplib.LMTP("127.0.0.1", port, timeout=20) as client:
        client.ehlo()
        assert int(client.esmtp_features["size"]) == lmtp.MAX_MAIL
        assert client.mail("", [f"size={lmtp.MAX_MAIL + 1}"])[0] == 552
    assert tenancy.require_workspace() == message.workspace_id
