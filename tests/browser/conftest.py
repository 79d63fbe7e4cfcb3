"""A browser against a live server: real pages, real database, nothing outside this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Route, sync_playwright
from pytest_django.live_server_helper import LiveServer

from northpost.team.models import User
from tests.browser.chromium import launch

# Playwright's own loop runs in this thread; the ORM is used beside it, never inside it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


# No longer than a file: while Playwright runs, this thread has a running event loop, and other files' tests of
# asyncio would find it there.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser, live_server: LiveServer) -> Iterator[BrowserContext]:
    """A fresh browser profile that reaches this server only."""
    made = chromium.new_context(base_url=live_server.url, locale="en-GB", viewport={"width": 1440, "height": 900})
    made.set_default_timeout(10_000)
    outside: list[str] = []

    def stay_home(route: Route) -> None:
        if urlsplit(route.request.url).hostname in ("localhost", "127.0.0.1"):
            route.continue_()
        else:
            outside.append(route.request.url)
            route.abort()

    made.route("**/*", stay_home)
    yield made
    made.close()
    assert outside == [], "a page asked for something outside"


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page whose scripts must not fail and whose content security policy must not be broken."""
    made = context.new_page()
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        # An answer of 4xx is for the test to judge; the browser merely mentions it.
        if message.type == "error" and "the server responded with a status of 4" not in message.text:
            complaints.append(message.text)

    made.on("console", listen)
    made.on("pageerror", lambda error: complaints.append(str(error)))
    yield made
    assert complaints == []


@pytest.fixture
def signed_in(page: Page, live_server: LiveServer, owner: User) -> Page:
    """The page, with the owner's session."""
    client = Client()
    client.force_login(owner)
    page.context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
    )
    return page
