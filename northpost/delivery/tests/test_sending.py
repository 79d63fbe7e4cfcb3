"""From the gate to the server: what is sent, with which headers, and what happens to one bad apple."""

from __future__ import annotations

import asyncio
import email
import email.message
import email.policy
import queue
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from northpost.contacts.models import Contact
from northpost.content.errors import ContentError
from northpost.core import clock
from northpost.delivery import addresses, queries, sources
from northpost.delivery.engine import send_due
from northpost.delivery.engine.web_version import web_version
from northpost.delivery.models import Budget, Claim, Link, Message, Route, Source, WaitingBatch
from northpost.delivery.routes.trying import check_route
from northpost.delivery.sources import Mailing
from northpost.delivery.tests import rig
from northpost.mailbox.received import MemoryStore
from northpost.mailbox.server import MailboxServer
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)


def test_everybody_gets_it_once(workspace: Workspace, tmp_path: Path):
    rig.register()
    people = rig.people(250)
    with rig.sink(tmp_path) as sink:
        rig.route(sink.port)
        assert rig.enqueue().queued == 250
        report = send_due(workspace.pk)
        assert (report.accepted, report.stale, report.alerts) == (250, 0, [])
        assert sink.recipients == sorted(person.email for person in people)
        assert send_due(workspace.pk).states == {}
    assert rig.states() == {"accepted": 250}
    message = Message.objects.order_by("pk")[0]
    assert (message.attempts, message.reply_code, message.claim) == (1, 250, None)
    assert not WaitingBatch.objects.exists()
    assert not Claim.objects.exists()
    assert message.settled_at is not None


def test_one_person_whose_mail_cannot_be_made_stops_nobody(workspace: Workspace, tmp_path: Path):
    rig.register()
    people = rig.people(20)
    people[7].first_name = "Zero"
    people[7].save()
    with rig.sink(tmp_path) as sink:
        rig.route(sink.port)
        rig.enqueue()
        report = send_due(workspace.pk)
        assert len(sink.mails) == 19
    assert dict(report.states) == {"accepted": 19, "skipped": 1}
    assert rig.reasons() == {"render_failed": 1}
    failed = Message.objects.get(reason="render_failed")
    assert failed.contact_id == people[7].pk
    assert "ContentError" in failed.reply_text


def raw_mails(workspace: Workspace, *, subject: str = "News", **changes: object) -> list[email.message.EmailMessage]:
    """What arrives over a real connection, parsed."""
    store = MemoryStore()
    with memory_sink(store) as port:
        rig.route(port)
        rig.register(contents={"en": rig.content(subject=subject)}, **changes)
        rig.enqueue()
        send_due(workspace.pk)
    return [email.message_from_bytes(mail.raw, policy=email.policy.default) for mail in store.mails]


@contextmanager
def memory_sink(store: MemoryStore) -> Iterator[int]:
    """A mailbox in a thread of its own."""
    ready: queue.SimpleQueue[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = queue.SimpleQueue()

    async def serve() -> None:
        stopped = asyncio.Event()
        async with MailboxServer(store, now=clock.now, open_access=True) as server:
            ready.put((server.port, asyncio.get_running_loop(), stopped))
            await stopped.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    port, loop, stopped = ready.get()
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join()


def test_the_headers_of_bulk_mail(workspace: Workspace):
    person = rig.people(1)[0]
    mail = raw_mails(workspace)[0]
    row = Message.objects.get()
    leave = addresses.unsubscribe_url(workspace.pk, row.pk)
    assert mail["From"] == "Магазин Example <news@shop.example>"
    assert mail.get_all("From") is not None and len(mail.get_all("From")) == 1
    assert mail["To"] == person.email
    assert mail["Reply-To"] == "help@shop.example"
    assert mail["List-Unsubscribe"] == f"<{leave}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["List-Id"] == f'"Shop news" <marketing.w{workspace.pk}.shop.example>'
    assert mail["Precedence"] == "bulk"
    assert mail["Feedback-ID"] == f"trial1:w{workspace.pk}:marketing:northpost"
    assert mail["Message-ID"] == addresses.message_id_header(workspace.pk, row.pk, "shop.example")
    assert mail["Date"].datetime == row.sending_at.replace(microsecond=0)
    html = mail.get_body(("html",)).get_content()
    assert html.count("/m/c/") == 5  # four links and the hidden one
    assert html.count("/m/o/") == 1
    assert leave in html
    assert "https://shop.example/a" not in html


def test_a_return_path_of_the_messages_own(workspace: Workspace, tmp_path: Path):
    rig.register()
    rig.people(3)
    with rig.sink(tmp_path) as sink:
        rig.route(sink.port)
        rig.enqueue()
        send_due(workspace.pk)
        paths = {mail["recipient"]: mail["sender"] for mail in sink.mails}
    for row in Message.objects.all():
        local, _at, domain = paths[row.email].partition("@")
        token = local.removeprefix("bounce+")
        assert addresses.read_message(addresses.BOUNCE, token) == (workspace.pk, row.pk)
        assert domain == "shop.example"
        assert len(local) <= 64


def test_transactional_mail_has_no_way_out_of_bulk_mail(workspace: Workspace):
    rig.people(1)
    mail = raw_mails(workspace, transactional=True, mail_type="receipt")[0]
    for name in ("List-Unsubscribe", "List-Unsubscribe-Post", "List-Id", "Precedence"):
        assert name not in mail
    assert mail["Feedback-ID"] == f"trial1:w{workspace.pk}:receipt:northpost"


@pytest.mark.parametrize("name", ["A\r\nBcc: all@rival.example", "A\nX-Evil: 1", "A\rB", "A\x00B"])
def test_nobody_writes_headers_of_their_own(workspace: Workspace, name: str):
    rig.people(1)
    Contact.objects.update(first_name=name.replace("\x00", "\x01"))
    mail = raw_mails(workspace, subject="Dear {{ contact.first_name }}")[0]
    assert "Bcc" not in mail
    assert "X-Evil" not in mail
    assert mail["Subject"].startswith("Dear A")
    assert "\n" not in mail["Subject"]


def test_a_sender_with_a_line_break_in_it_holds_the_mailing(workspace: Workspace):
    rig.people(2)
    assert raw_mails(workspace, sender_name="Shop\r\nBcc: all@rival.example") == []
    assert rig.states() == {"queued": 2}
    source = queries.source(rig.KIND, 1)
    assert source is not None
    assert source.state == "paused"
    assert "could not be made" in source.pause_reason


def test_a_body_that_tries_to_end_data_stays_one_message(workspace: Workspace):
    rig.people(2)
    Contact.objects.filter(email="person0@mail.example").update(
        first_name="x\r\n.\r\nMAIL FROM:<a@rival.example>\r\nRCPT TO:<b@rival.example>\r\nDATA\r\n.\n\r.\r"
    )
    mails = raw_mails(workspace)
    assert sorted(mail["To"] for mail in mails) == ["person0@mail.example", "person1@mail.example"]
    text = next(mail for mail in mails if mail["To"] == "person0@mail.example").get_body(("plain",)).get_content()
    assert "MAIL FROM:<a@rival.example>" in text


def test_an_address_that_is_not_ascii_is_carried_where_the_server_takes_such(workspace: Workspace):
    rig.people(2)
    Contact.objects.filter(email="person0@mail.example").update(email="иван@mail.example")
    mails = raw_mails(workspace)
    assert sorted(str(mail["To"]) for mail in mails) == ["person1@mail.example", "иван@mail.example"]
    assert rig.states() == {"accepted": 2}


def test_an_address_that_no_route_can_carry_is_refused_with_the_reason(workspace: Workspace):
    rig.people(2)
    Contact.objects.filter(email="person0@mail.example").update(email="иван@mail.example")
    rig.register()
    rig.enqueue()
    with ascii_server() as got:
        rig.route(got.port)
        report = send_due(workspace.pk)
    assert got.recipients == ["person1@mail.example"]
    assert (dict(report.states), report.alerts) == ({"accepted": 1, "skipped": 1}, [])
    skipped = Message.objects.get(reason="bad_address")
    assert "SMTPUTF8" in skipped.reply_text
    assert Source.objects.values_list("rejected_count", flat=True).get() == 0


def test_an_address_that_is_not_ascii_finds_the_one_server_that_takes_such(workspace: Workspace, tmp_path: Path):
    people = rig.people(8)
    for number, person in enumerate(people):
        Contact.objects.filter(pk=person.pk).update(email=f"иван{number}@mail.example")
    rig.register()
    rig.enqueue()
    with ascii_server() as got, rig.sink(tmp_path) as sink:
        able, unable = rig.route(sink.port, weight=1), rig.route(got.port, weight=9)
        for route in (able, unable):
            assert check_route(route_id=route.pk).ok
        assert set(Route.objects.exclude(kind="mailbox").values_list("pk", "smtputf8")) == {
            (able.pk, True),
            (unable.pk, False),
        }
        assert send_due(workspace.pk).accepted == 8
        assert len(sink.recipients) == 8
    assert got.recipients == []


class AsciiServer:
    """Another implementation, which offers no SMTPUTF8."""

    def __init__(self) -> None:
        self.recipients: list[str] = []
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:
        self.recipients += envelope.rcpt_tos
        return "250 taken"


@contextmanager
def ascii_server() -> Iterator[AsciiServer]:
    server = AsciiServer()
    controller = Controller(server, hostname="127.0.0.1", port=server.port, enable_SMTPUTF8=False)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


def test_a_throttle_is_kept(workspace: Workspace, tmp_path: Path):
    rig.register()
    rig.people(12)
    with rig.sink(tmp_path) as sink:
        rig.route(sink.port, per_minute=300)
        rig.enqueue()
        report = send_due(workspace.pk)
    assert report.accepted == 12
    # Five a second: twelve need the third one.
    used = [count for count in Budget.objects.get().slots if count]
    assert (max(used), sum(used)) == (5, 12)
    assert len(used) >= 3


def test_told_to_stop_it_gives_back_what_is_not_on_the_wire(workspace: Workspace, tmp_path: Path):
    rig.register()
    rig.people(100)
    asked = []
    with rig.sink(tmp_path) as sink:
        rig.route(sink.port, per_minute=600)
        rig.enqueue()
        report = send_due(workspace.pk, should_stop=lambda: bool(asked.append(1)) or len(asked) > 20)
        assert report.accepted == len(sink.mails)
    assert rig.states() == {"accepted": report.accepted, "queued": 100 - report.accepted}
    assert 0 < report.accepted < 100
    assert not Message.objects.exclude(claim=None).exists()


def test_too_many_bounces_pause_the_mailing_and_tell_its_room(workspace: Workspace, tmp_path: Path):
    told: list[tuple[int, str, str]] = []
    sources.register(
        rig.KIND,
        lambda source_id: rig.mailing(),
        on_breaker=lambda source_id, found: told.append((source_id, found.level.value, found.what)),
    )
    rig.people(1200)
    rules = [{"at": "rcpt", "code": 550, "text": "5.1.1 no such user", "share": 0.2}]
    with rig.sink(tmp_path, rules=rules, delay_ms=5) as sink:
        rig.route(sink.port, connections=2)
        rig.enqueue()
        report = send_due(workspace.pk)
    assert told == [(1, "pause", "bounces")]
    assert any("pause, bounces" in words for words in report.alerts)
    source = queries.source(rig.KIND, 1)
    assert source is not None
    assert source.state == "paused"
    assert rig.states()["queued"] > 0


def test_some_bounces_are_warned_of_and_the_mailing_goes_on(workspace: Workspace, tmp_path: Path):
    rig.register()
    rig.people(300)
    rules = [{"at": "rcpt", "code": 550, "text": "5.1.1 no such user", "times": 9}]
    with rig.sink(tmp_path, rules=rules) as sink:
        rig.route(sink.port)
        rig.enqueue()
        report = send_due(workspace.pk)
    assert rig.states() == {"accepted": 291, "rejected": 9}
    assert (report.alerts, len(report.warnings)) == ([], 1)
    assert ": warn, bounces" in report.warnings[0]


def test_a_mailing_that_cannot_be_made_waits_with_the_reason(workspace: Workspace):
    def broken(source_id: int) -> Mailing:
        raise ContentError(3, "a tag is not closed", "mjml")

    sources.register(rig.KIND, broken)
    rig.people(3)
    rig.route(1)
    rig.enqueue()
    assert send_due(workspace.pk).alerts == ["the mail could not be made: a tag is not closed (mjml, 3)"]
    assert rig.states() == {"queued": 3}
    source = queries.source(rig.KIND, 1)
    assert source is not None
    assert source.pause_reason == "the mail could not be made: a tag is not closed (mjml, 3)"


def test_each_variant_is_sent_to_those_whose_message_carries_its_number(workspace: Workspace):
    people = rig.people(3)
    linked = rig.BODY.replace("https://shop.example/a", "https://shop.example/other")
    rig.register(variants={2: {"en": rig.content(body=linked, subject="The other one")}})
    store = MemoryStore()
    with memory_sink(store) as port:
        rig.route(port)
        for variant, person in zip((0, 2, 3), people, strict=True):
            rig.enqueue(variant=variant, audience=rig.only(person.pk))
        report = send_due(workspace.pk)
    assert dict(report.states) == {"accepted": 2, "skipped": 1}
    assert "this mailing has no variant 3" in Message.objects.get(reason="render_failed").reply_text
    subjects = {mail.recipient: email.message_from_bytes(mail.raw)["Subject"] for mail in store.mails}
    assert subjects == {people[0].email: "News for P0", people[1].email: "The other one"}
    assert set(Link.objects.values_list("url", flat=True)) >= {"https://shop.example/a", "https://shop.example/other"}
    shown = [web_version(message.pk) or "" for message in Message.objects.filter(state="accepted").order_by("variant")]
    assert [Link.objects.get(url="https://shop.example/other").pk in clicked(page) for page in shown] == [False, True]


def clicked(page: str) -> set[int]:
    """The ids of the links that a page's addresses lead to."""
    found = re.findall(r"/m/c/([\w-]+)/([\w-]+)", page)
    return {addresses.read_click(said, person).link_id for said, person in found}
