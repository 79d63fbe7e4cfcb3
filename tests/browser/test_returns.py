"""The pages of what came back with something on them: axe has nothing to say, nothing scrolls sideways."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from northpost.core import clock, tenancy
from northpost.delivery import actions
from northpost.delivery.inbound.following import follow_up
from northpost.delivery.inbound.taking import take_in
from northpost.delivery.inbound.tests import letters
from northpost.delivery.inbound.tests.conftest import mid, verp
from northpost.delivery.models import InboundMail, Inbox, Message, Sender, Way
from northpost.delivery.tests import rig
from northpost.team.models import Workspace
from tests.browser.looking import dress, findings, fits

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

REPLY = "Добрый день! Возьму синий, пожалуйста.\n\nA very-long-word-" + "x" * 200


def furnish() -> list[str]:
    """Mails of every kind, two mailboxes, some suppressed addresses; the pages to look at."""
    rig.register()
    rig.people(4)
    rig.enqueue()
    Message.objects.update(state="accepted", settled_at=clock.now())
    first, second, third, fourth = Message.objects.order_by("pk")
    soft = {"status": "4.2.2", "diagnostic": "smtp; 452 4.2.2 The recipient's inbox is out of storage space"}
    for raw, to in [
        (letters.dsn(to=verp(first)), verp(first)),
        (letters.dsn(to=verp(second), **soft), verp(second)),
        (letters.dsn(to=verp(third), status="5.7.26", diagnostic="smtp; 550 5.7.26 unauthenticated"), verp(third)),
        (letters.dsn(to=verp(third), action="delayed", status="4.4.1"), verp(third)),
        (letters.filled(letters.ARF, kept=letters.original(mid=mid(fourth)), kind="abuse"), ""),
        (letters.reply("I am away.", in_reply_to=mid(second), subject="Автоответ: в отпуске"), ""),
        (letters.reply(REPLY, in_reply_to=mid(second)), ""),
        (letters.reply(), ""),
        (letters.dmarc(), ""),
        (b"Subject: bomb\nContent-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 500, verp(first)),
    ]:
        take_in(raw=raw, way=Way.IMAP, envelope_recipient=to, workspace_id=tenancy.require_workspace())
    follow_up()
    now = clock.now()
    Sender.objects.create(name="Shop", email="news@shop.example", is_default=True, created_at=now)
    for name, problem in (("Bounces", ""), ("Replies", "sign_in")):
        Inbox.objects.create(
            name=name, host="imap.mailprovider.example", username="bounces@shop.example", created_at=now,
            looked_at=now, problem=problem, problem_text="[AUTHENTICATIONFAILED] no" if problem else "",
        )  # fmt: skip
    actions.suppress(email="olga@mail.example")
    kinds = dict(InboundMail.objects.values_list("kind", "pk"))
    return [
        "returns/", "returns/?kind=bounce&q=nobody", f"returns/{kinds['bounce']}/", f"returns/{kinds['reply']}/",
        "settings/mailboxes/", "settings/mailboxes/new/", f"settings/mailboxes/{Inbox.objects.order_by('pk')[0].pk}/",
        "settings/suppressions/", "people/imports/new/?kind=suppressions", f"people/{second.contact_id}/",
    ]  # fmt: skip


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 360)])
def test_pages_with_something_on_them(
    signed_in: Page, live_server: LiveServer, workspace: Workspace, theme: str, width: int
):
    paths = furnish()
    dress(signed_in, live_server, theme, width)
    wrong = []
    for path in paths:
        answer = signed_in.goto(f"/w/{workspace.slug}/{path}")
        assert answer is not None
        assert answer.status == 200, path
        signed_in.wait_for_load_state("networkidle")
        wrong += [f"{path}: {finding}" for finding in findings(signed_in)]
        if not fits(signed_in):
            wrong.append(f"{path}: scrolls sideways at {width} px")
    assert wrong == []
