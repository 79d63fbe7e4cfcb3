"""The pages of e-mail services: axe has nothing to say, nothing scrolls sideways, whichever service it is."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from northpost.core import clock
from northpost.delivery.esp.provider import providers, seal
from northpost.delivery.models import Route
from northpost.team.models import User, Workspace
from tests.browser.looking import dress, findings, fits

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(
    ("language", "theme", "width", "which"),
    [("en", "light", 1440, sorted(providers())), ("ru", "dark", 360, ["mailersend", "mandrill", "sendgrid"])],
)
def test_every_services_pages(
    signed_in: Page,
    live_server: LiveServer,
    owner: User,
    workspace: Workspace,
    language: str,
    theme: str,
    width: int,
    which: list[str],
):
    owner.language = language
    owner.save()
    dress(signed_in, live_server, theme, width)
    pages = ["services/", f"services/new/{which[0]}/"]
    for key in which:
        # Nothing that proves its reports: the page says so.
        made = Route.objects.create(
            name=providers()[key].label, kind="esp", provider=key, password_sealed=seal({}), created_at=clock.now()
        )
        pages.append(f"routes/{made.pk}/")
    wrong = []
    for path in pages:
        answer = signed_in.goto(f"/w/{workspace.slug}/settings/sending/{path}")
        assert answer is not None
        assert answer.status == 200, path
        wrong += [f"{path}: {one}" for one in findings(signed_in)]
        wrong += [] if fits(signed_in) else [f"{path}: scrolls sideways"]
    assert wrong == []
