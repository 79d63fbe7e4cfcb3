"""What came back, the mailboxes that are read, and suppressed addresses out of files, through the pages."""

from __future__ import annotations

import io
from functools import partial
from typing import Any

import pytest
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob

from northpost.contacts.imports import work
from northpost.contacts.models import ImportRun
from northpost.core import clock, signing, tenancy
from northpost.core.fetch import Answer, FetchFailed
from northpost.delivery import actions
from northpost.delivery.actions.routes import create_sender
from northpost.delivery.actions.tokens import access_token
from northpost.delivery.inbound.following import follow_up
from northpost.delivery.inbound.inboxes import looking
from northpost.delivery.inbound.taking import take_in
from northpost.delivery.inbound.tests import letters
from northpost.delivery.inbound.tests.conftest import mid, verp
from northpost.delivery.inbound.tests.dovecot import free_port
from northpost.delivery.models import InboundMail, Inbox, Message, Sender, SignInToken, Suppression, Way
from northpost.delivery.tests import rig
from northpost.team.models import AuditEntry, Membership, User, Workspace

pytestmark = pytest.mark.django_db
BASE = "/w/firm/"


@pytest.fixture
def browser(owner: User, workspace: Workspace) -> Client:
    client = Client()
    client.force_login(owner)
    return client


@pytest.fixture
def messages(workspace: Workspace) -> list[Message]:
    rig.register()
    rig.people(2)
    rig.enqueue()
    Message.objects.update(state="accepted", settled_at=clock.now())
    return list(Message.objects.order_by("pk"))


def come_in(raw: bytes, to: str = "") -> InboundMail:
    taken = take_in(raw=raw, way=Way.IMAP, envelope_recipient=to, workspace_id=tenancy.require_workspace())
    follow_up()
    return InboundMail.objects.get(pk=taken.mail_id)


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_reports_that_were_read_stand_apart(browser: Client, messages: list[Message]):
    create_sender(name="Firm", email="hello@firm.example")
    own = come_in(letters.dmarc(domain="firm.example"))
    foreign = come_in(letters.dmarc(domain="stranger.example"))
    assert (own.detail, foreign.detail) == ("", "foreign_domain")

    def listed(**asked: str) -> list[bool]:
        page = browser.get(f"{BASE}returns/", asked).text
        return [f'href="{BASE}returns/{mail.pk}/"' in page for mail in (own, foreign)]

    # One of which something is to be said stands among the rest.
    assert listed() == [False, True]
    assert listed(kind="dmarc") == [True, True]
    assert listed(q="noreply-dmarc") == [True, True]


def test_what_came_back_and_what_followed(browser: Client, messages: list[Message]):
    empty = text(browser.get(f"{BASE}returns/"))
    assert "Nothing has come back yet" in empty
    assert "Add a mailbox" in empty
    first, second = messages
    bounce = come_in(letters.dsn(to=verp(first)), verp(first))
    come_in(letters.reply(in_reply_to=mid(second)))
    come_in(letters.reply(subject="Hello <script>"))
    page = text(browser.get(f"{BASE}returns/"))
    assert "<strong>1</strong> bounce came in, <strong>0</strong> spam reports and <strong>1</strong> reply." in page
    assert "The address does not exist: it gets nothing any more." in page
    assert "Nothing in it proves that it is about a mail of yours." in page
    assert "Hello &lt;script&gt;" in page
    assert f'href="{BASE}people/{first.contact_id}/"' in page
    only = text(browser.get(f"{BASE}returns/", {"kind": "reply"}))
    assert "A person answered." in only
    assert "The address does not exist" not in only
    assert "Nothing found." in text(browser.get(f"{BASE}returns/", {"q": "nobody"}))
    assert "The address does not exist" in text(browser.get(f"{BASE}returns/", {"q": "IVAN@", "kind": "bounce"}))
    one = text(browser.get(f"{BASE}returns/{bounce.pk}/"))
    assert "550 5.1.1" in one
    assert "Recipient address rejected: User unknown" in one
    raw = browser.get(f"{BASE}returns/{bounce.pk}/raw/")
    assert raw.content == letters.dsn(to=verp(first))
    assert raw["Content-Disposition"] == f'attachment; filename="returned-{bounce.pk}.eml"'
    InboundMail.objects.update(raw=None)
    assert browser.get(f"{BASE}returns/{bounce.pk}/raw/").status_code == 404
    assert browser.get(f"{BASE}returns/{bounce.pk + 100}/").status_code == 404


def test_a_reply_stands_at_the_person(browser: Client, messages: list[Message]):
    reply = come_in(letters.reply("The blue one <b>please</b>.", in_reply_to=mid(messages[0])))
    page = text(browser.get(f"{BASE}people/{messages[0].contact_id}/"))
    assert "The blue one &lt;b&gt;please&lt;/b&gt;." in page
    assert f'href="{BASE}returns/{reply.pk}/"' in page
    assert "The blue one" not in text(browser.get(f"{BASE}people/{messages[1].contact_id}/"))


def test_a_mailbox_is_added_tried_changed_and_put_away(browser: Client, workspace: Workspace):
    Sender.objects.create(name="Firm", email="news@firm.example", created_at=clock.now())
    page = text(browser.get(f"{BASE}settings/mailboxes/"))
    assert "None yet." in page
    assert f"inbox+{workspace.pk:08x}" in page
    given = {
        "name": "Bounces", "protocol": "imap", "host": "127.0.0.1", "port": free_port(), "security": "none",
        "username": "post@firm.example", "password": "a secret", "folder": "INBOX", "done_folder": "Done",
    }  # fmt: skip
    refused = browser.post(f"{BASE}settings/mailboxes/new/", given | {"host": "imap.firm.example"})
    assert refused.status_code == 422
    assert "Without encryption the password would travel readable: choose TLS." in text(refused)
    assert "a secret" not in text(refused)
    assert not Inbox.objects.exists()
    added = text(browser.post(f"{BASE}settings/mailboxes/new/", given, follow=True))
    assert "The server does not answer on that port." in added
    inbox = Inbox.objects.get()
    assert (inbox.problem, signing.unseal(inbox.password_sealed)) == ("unreachable", "a secret")
    edit = f"{BASE}settings/mailboxes/{inbox.pk}/"
    assert "a secret" not in text(browser.get(edit))
    browser.post(edit, given | {"name": "Other", "password": ""})
    inbox.refresh_from_db()
    assert (inbox.name, signing.unseal(inbox.password_sealed)) == ("Other", "a secret")
    browser.post(f"{edit}do/", {"do": "look"})
    jobs = ProcrastinateJob.objects.filter(task_name="northpost.delivery.look_into_inbox")
    assert [job.args for job in jobs] == [{"workspace_id": workspace.pk, "inbox_id": inbox.pk}]
    assert browser.post(f"{edit}do/", {"do": "nonsense"}).status_code == 404
    browser.post(f"{edit}do/", {"do": "archive"})
    inbox.refresh_from_db()
    assert inbox.archived_at is not None
    assert browser.get(edit).status_code == 404


def test_a_mailbox_signs_in_with_a_permission(browser: Client, workspace: Workspace, monkeypatch: pytest.MonkeyPatch):
    def away(url: str, **details: Any) -> Answer:
        raise FetchFailed(f"{url} does not answer")

    # The tests ask nobody outside.
    monkeypatch.setattr(looking, "access_token", partial(access_token, ask=away))
    given = {
        "name": "Bounces", "protocol": "imap", "host": "outlook.office365.com", "security": "tls", "port": "993",
        "username": "post@firm.example", "password": "", "folder": "INBOX", "done_folder": "",
    }  # fmt: skip
    answer = browser.post(BASE + "settings/mailboxes/new/", given)
    made = Inbox.objects.get()
    place = f"{BASE}settings/mailboxes/{made.pk}/"
    assert answer["Location"] == place + "permission/"
    assert place + "permission/" in browser.get(place).text
    page = browser.get(place + "permission/").text
    assert "allow it to read this mailbox" in page
    assert '<option value="microsoft" selected>' in page
    permission = {"provider": "microsoft", "client_id": "us", "client_secret": "s3cret", "refresh_token": "r 1"}
    refused = browser.post(place + "permission/", permission)
    assert (refused.status_code, SignInToken.objects.count()) == (422, 0)
    assert "Copy it whole" in refused.text
    assert "s3cret" not in refused.text
    browser.post(place + "permission/", permission | {"refresh_token": "r1"})
    assert SignInToken.objects.values_list("inbox_id", "username").get() == (made.pk, "post@firm.example")
    page = browser.get(place + "permission/").text
    assert "Microsoft 365 or Outlook" in page
    assert "r1" not in page
    # What cannot be renewed now is tried again; and who wants it no more goes back to a password.
    assert "tried again by itself" in browser.get(BASE + "settings/mailboxes/").text
    assert "It needs a password now" in browser.post(place + "permission/end/", follow=True).text
    assert not SignInToken.objects.exists()
    assert "There is no permission to forget." in browser.post(place + "permission/end/", follow=True).text


def test_who_may_do_what(browser: Client, owner: User, messages: list[Message]):
    bounce = come_in(letters.dsn(to=verp(messages[0])), verp(messages[0]))
    Membership.objects.filter(user=owner).update(role="analyst")
    assert browser.get(f"{BASE}returns/").status_code == 200
    assert browser.get(f"{BASE}returns/{bounce.pk}/raw/").status_code == 403
    assert browser.get(f"{BASE}settings/mailboxes/").status_code == 403
    assert browser.post(f"{BASE}settings/mailboxes/new/", {}).status_code == 403
    Membership.objects.filter(user=owner).update(role="consultant")
    assert browser.post(f"{BASE}settings/suppressions/export/").status_code == 403


def test_suppressed_addresses_through_files(browser: Client, workspace: Workspace):
    assert "What is in it?" in text(browser.get(f"{BASE}people/imports/new/?kind=suppressions"))
    upload = io.BytesIO(b"email,reason\nivan@mail.example,spam\nnobody,spam\n")
    upload.name = "list.csv"
    asked = browser.post(f"{BASE}people/imports/new/", {"kind": "suppressions", "file": upload}, follow=True)
    page = text(asked)
    assert "Addresses that get nothing" in page
    for unasked in ("1,234 is", "03/04/2026 is", "People who are here already", "Currency"):
        assert unasked not in page
    run = asked.request["PATH_INFO"]
    browser.post(f"{run}go/", {"sure": "1", "column_0": "email", "column_1": "reason"})
    report = work(run_id=ImportRun.objects.get().pk)
    assert (report.state, report.created, report.refused) == ("done", 1, 1)
    assert Suppression.objects.get().reason == "complaint"
    actions.suppress(email="=x@mail.example")
    answer = browser.post(f"{BASE}settings/suppressions/export/", {"format": "csv"})
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    assert [line.rpartition(",")[0] for line in lines] == [
        "email,reason", "'=x@mail.example,manual", "ivan@mail.example,complaint"
    ]  # fmt: skip
    assert AuditEntry.objects.get(verb="exported").detail == {"addresses": 2}
