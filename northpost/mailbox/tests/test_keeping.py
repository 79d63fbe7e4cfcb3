"""Mail handed to the server lands in its workspace's mailbox, and nowhere else."""

import asyncio
import datetime as dt
import smtplib

import pytest
from django.db import connection

from northpost.core import clock, sql, tenancy
from northpost.mailbox import access, actions, queries, serving, store
from northpost.mailbox.models import Mail
from northpost.mailbox.received import ReceivedMail
from northpost.mailbox.server import MailboxServer, NotLoopback

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def received(workspace_id: int, number: int = 1, subject: str = "Hello") -> ReceivedMail:
    raw = f"Subject: {subject} {number}\r\nTo: p{number}@mail.example\r\n\r\nbody {number}\r\n".encode()
    account = access.credentials(workspace_id).username
    return ReceivedMail(account, "bounce@shop.example", f"p{number}@mail.example", raw, NOON)


def test_each_workspace_sees_its_own_mail_only(workspace, rival):
    actions.keep_mails(mails=[received(workspace.pk, 1), received(rival.pk, 2), received(workspace.pk, 3)])
    lines = queries.newest_mails()
    assert [(line.recipient, line.subject, line.received_at) for line in lines] == [
        ("p3@mail.example", "Hello 3", NOON),
        ("p1@mail.example", "Hello 1", NOON),
    ]
    opened = queries.open_mail(mail_id=lines[0].id)
    assert opened.raw == received(workspace.pk, 3).raw
    assert (opened.line.size, opened.parsed.text) == (len(opened.raw), "body 3\n")
    with tenancy.workspace(rival.pk):
        assert [line.recipient for line in queries.newest_mails()] == ["p2@mail.example"]
        with pytest.raises(queries.MailNotFound):
            queries.open_mail(mail_id=lines[0].id)
        assert actions.empty_mailbox() == 1
    assert queries.count_mails() == 2


@pytest.mark.django_db
def test_without_a_workspace_nothing_is_seen_or_emptied():
    actions.keep_mails(mails=[received(1)])
    assert Mail.objects.count() == 0
    with pytest.raises(tenancy.NoWorkspace):
        actions.empty_mailbox()
    with tenancy.workspace(1):
        assert queries.count_mails() == 1


def test_an_unknown_account_keeps_nothing(workspace):
    for account in ("", "admin", "workspace-", "workspace--1", "workspace-1x", "workspace-" + "9" * 40, "workspace-٣"):
        with pytest.raises(access.UnknownAccount):
            actions.keep_mails(mails=[received(workspace.pk), received(workspace.pk)._replace(account=account)])
    assert queries.count_mails() == 0


def test_a_password_opens_its_own_workspace_only():
    one, two = access.credentials(1), access.credentials(2)
    assert access.authenticate(*one)
    assert access.authenticate(*two)
    for username, password in (
        (one.username, two.password),
        (two.username, one.password),
        (one.username, ""),
        (one.username, one.password[:-1]),
        (one.username, f"{one.password}A"),
        ("workspace-01x", one.password),
        ("", ""),
    ):
        assert not access.authenticate(username, password)


def test_the_newest_stay(workspace, rival):
    actions.keep_mails(mails=[received(workspace.pk, number) for number in range(30)])
    actions.keep_mails(mails=[received(rival.pk, number) for number in range(5)])
    assert actions.trim_mails(workspace_id=workspace.pk, kept=10) == 20
    assert [line.recipient for line in queries.newest_mails()] == [f"p{n}@mail.example" for n in range(29, 19, -1)]
    assert actions.trim_mails(workspace_id=workspace.pk, kept=10) == 0
    with tenancy.workspace(rival.pk):
        assert queries.count_mails() == 5


def test_search_and_pages(workspace):
    mails = [received(workspace.pk, number, "Обувки" if number % 2 else "100% Hats_") for number in range(6)]
    actions.keep_mails(mails=mails)
    assert [line.subject for line in queries.newest_mails(search="обувки")] == ["Обувки 5", "Обувки 3", "Обувки 1"]
    assert [line.recipient for line in queries.newest_mails(search="P4@MAIL hats_")] == ["p4@mail.example"]
    assert queries.count_mails(search="0%") == 3
    assert queries.count_mails(search="%\x00 '; --") == 0
    first = queries.newest_mails(limit=4)
    assert [line.subject for line in queries.newest_mails(before=first[-1].id)] == ["Обувки 1", "100% Hats_ 0"]


def test_a_password_belongs_to_one_account(workspace, rival):
    own, other = access.credentials(workspace.pk), access.credentials(rival.pk)
    assert own == access.credentials(workspace.pk)
    assert access.authenticate(*own)
    assert access.authenticate(*other)
    assert not access.authenticate(own.username, other.password)
    assert not access.authenticate(other.username, own.password)
    assert not access.authenticate(own.username, "")
    assert not access.authenticate(own.username, own.password[:-1])
    assert not access.authenticate("", own.password)
    assert not access.authenticate("пощата", own.password)


@pytest.mark.django_db(transaction=True)
def test_over_a_real_connection_and_after_the_database_broke_off():
    async def test() -> None:
        keeper = store.DatabaseStore()
        async with MailboxServer(keeper, now=clock.now, authenticate=access.authenticate) as server:
            await asyncio.to_thread(hand_in, server.port, 41, "first")
            await asyncio.to_thread(hand_in, server.port, 42, "of another")
            own = keeper._thread.submit(lambda: sql.fetch_value("SELECT pg_backend_pid()")).result()
            await asyncio.to_thread(terminate, own)
            await asyncio.to_thread(hand_in, server.port, 41, "second")
        await keeper.close()

    with clock.use(clock.VirtualClock(NOON)):
        asyncio.run(test())
    with tenancy.workspace(41):
        lines = queries.newest_mails()
        assert [(line.subject, line.received_at) for line in lines] == [("second", NOON), ("first", NOON)]
    with tenancy.workspace(42):
        assert [line.subject for line in queries.newest_mails()] == ["of another"]


def terminate(backend: int) -> None:
    assert sql.fetch_value("SELECT pg_terminate_backend(%(pid)s, 5000)", {"pid": backend})
    connection.close()


def hand_in(port: int, workspace_id: int, subject: str) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=5) as client:
        client.login(*access.credentials(workspace_id))
        client.sendmail("a@shop.example", "b@mail.example", f"Subject: {subject}\r\n\r\nx\r\n")


@pytest.mark.django_db(transaction=True)
def test_the_store_trims_as_it_goes(monkeypatch):
    calls: list[int] = []
    monkeypatch.setattr(store, "trim_mails", lambda *, workspace_id: calls.append(workspace_id))

    async def test() -> None:
        keeper = store.DatabaseStore()
        for _ in range(5):
            await keeper.keep([received(7, number) for number in range(100)])
        await keeper.close()

    asyncio.run(test())
    assert calls == [7, 7, 7]
    with tenancy.workspace(7):
        assert queries.count_mails() == 500


@pytest.mark.django_db(transaction=True)
def test_serving_refuses_other_addresses_and_ends_when_told():
    async def test() -> None:
        with pytest.raises(NotLoopback):
            await serving.serve(host="0.0.0.0", port=0)
        stopped = asyncio.Event()
        stopped.set()
        await serving.serve(host="127.0.0.1", port=0, stopped=stopped)

    asyncio.run(test())
