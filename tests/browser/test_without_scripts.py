"""With scripts switched off a question is still asked before anything is done."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from northpost.core import clock
from northpost.team.models import Membership, Role, User, Workspace

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def plain(chromium: Browser, live_server: LiveServer, owner: User) -> Iterator[Page]:
    """The owner's page in a browser that runs no scripts."""
    client = Client()
    client.force_login(owner)
    made = chromium.new_context(base_url=live_server.url, java_script_enabled=False)
    made.set_default_timeout(10_000)
    made.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
    yield made.new_page()
    made.close()


def test_removing_a_member_is_asked_and_done(plain: Page, workspace: Workspace) -> None:
    anna = User.objects.create_user("anna@firm.example", "a long enough password", name="Anna")
    Membership.objects.create(user=anna, role=Role.ANALYST, since=clock.now())
    plain.goto(f"/w/{workspace.slug}/settings/members/")
    row = plain.get_by_role("row").filter(has_text="Anna")
    question = plain.get_by_role("dialog", name="Remove Anna?")

    row.get_by_role("link", name="Remove").click()
    expect(question).to_be_visible()
    question.get_by_role("button", name="Keep it").click()
    expect(question).to_be_hidden()
    assert Membership.objects.filter(user=anna).exists()

    row.get_by_role("link", name="Remove").click()
    question.get_by_role("button", name="Remove Anna").click()
    expect(plain.get_by_role("row").filter(has_text="Anna")).to_have_count(0)
    assert not Membership.objects.filter(user=anna).exists()
