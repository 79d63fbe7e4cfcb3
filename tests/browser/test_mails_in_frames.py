"""Mails inside pages: a template shown as it is written, and a mail of the local mailbox whose links work."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from northpost.content.actions import create_template
from northpost.content.queries import newest_version
from northpost.core import clock, tenancy
from northpost.mailbox.access import credentials
from northpost.mailbox.actions import keep_mails
from northpost.mailbox.models import Mail
from northpost.mailbox.received import ReceivedMail
from northpost.team.models import Workspace

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_template_is_shown_as_it_is_written(signed_in: Page, workspace: Workspace) -> None:
    with tenancy.workspace(workspace.pk):
        letter = create_template(languages=["en"], name="Spring")
    signed_in.goto(f"/w/{workspace.slug}/templates/{letter.pk}/")
    shown = signed_in.frame_locator(".view iframe:not([hidden])")
    expect(shown.get_by_text("Write what you want to say.")).to_be_visible()
    visited = signed_in.evaluate("history.length")

    signed_in.locator(".cm-content").click()
    signed_in.keyboard.press("Control+Home")
    signed_in.keyboard.type("<oops ")
    expect(signed_in.locator("#findings .note.bad")).to_contain_text("Line 1")
    expect(signed_in.locator(".cm-lint-marker-error")).to_have_count(1)
    signed_in.keyboard.press("Control+a")
    source = "<mjml><mj-body><mj-section><mj-column><mj-text>Anew, {{ contact.first_name }}</mj-text></mj-column></mj-section></mj-body></mjml>"  # noqa: E501
    signed_in.keyboard.insert_text(source)
    expect(shown.get_by_text("Anew, Maria")).to_be_visible()
    expect(signed_in.locator(".cm-lint-marker-error")).to_have_count(0)
    assert signed_in.evaluate("history.length") == visited

    signed_in.locator("button[form=workbench]").click()
    expect(signed_in.locator(".toast.good")).to_contain_text("Saved.")
    with tenancy.workspace(workspace.pk):
        assert newest_version(template_id=letter.pk, language="en").mjml == source


def test_a_link_in_a_mail_opens_beside_the_mailbox(
    signed_in: Page, live_server: LiveServer, workspace: Workspace
) -> None:
    message = EmailMessage()
    message["Subject"] = "Spring"
    message.set_content("Hello")
    link = f'<a href="{live_server.url}/accounts/login/">Look</a>'
    message.add_alternative(f"<html><head></head><body>{link}<p>Hello</p></body></html>", subtype="html")
    account = credentials(workspace.pk).username
    mail = ReceivedMail(account, "back@shop.example", "ann@reader.example", message.as_bytes(), clock.now())
    keep_mails(mails=[mail])
    with tenancy.workspace(workspace.pk):
        pk = Mail.objects.get().pk
    here = f"{live_server.url}/w/{workspace.slug}/mailbox/{pk}/"
    signed_in.goto(here)
    frame = signed_in.frame_locator("iframe.mail")
    expect(frame.get_by_text("Hello")).to_be_visible()
    with signed_in.context.expect_page() as opened:
        frame.get_by_text("Look").click()
    assert opened.value.url.startswith(live_server.url)
    assert signed_in.url == here
