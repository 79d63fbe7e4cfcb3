"""Looking at a page: what axe finds, whether it fits, in which theme and width."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer


def findings(page: Page) -> list[str]:
    """What axe says against the page, as "rule: where"."""
    result = Axe().run(page)
    return [f"{one['id']}: {node['target']}" for one in result.response["violations"] for node in one["nodes"]]


def dress(page: Page, live_server: LiveServer, theme: str, width: int) -> None:
    page.context.add_cookies([{"name": "theme", "value": theme, "url": live_server.url}])
    page.set_viewport_size({"width": width, "height": 740})


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))
