"""Every staff page, found by its address: axe has nothing to say, nothing scrolls sideways, no script fails."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from northpost.campaigns.actions import create_campaign
from northpost.contacts.actions import add_contact
from northpost.content.actions.templates import create_template
from northpost.core import tenancy
from northpost.team.models import User, Workspace
from tests.browser.looking import dress, findings, fits

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def staff_pages(patterns: list[URLPattern | URLResolver], route: str = "") -> Iterator[tuple[str, list[str]]]:
    """Name and arguments of every address under /w/<workspace>/."""
    for pattern in patterns:
        path = route + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from staff_pages(pattern.url_patterns, path)
        elif path.startswith("w/<slug:slug>/") and pattern.name:
            yield pattern.name, [one for one in pattern.pattern.converters if one != "slug"]


def html_pages(client: Client, workspace: Workspace) -> list[str]:
    """Addresses that need no more than the workspace and answer a GET with a whole page."""
    found = []
    for name, arguments in staff_pages(get_resolver().url_patterns):
        if arguments:
            continue
        path = reverse(name, args=[workspace.slug])
        answer = client.get(path)
        if answer.status_code == 200 and b"<!doctype html>" in answer.getvalue()[:200]:
            found.append(path)
    return found


@pytest.fixture
def client_of_owner(owner: User) -> Client:
    client = Client()
    client.force_login(owner)
    return client


def look(page: Page, live_server: LiveServer, paths: list[str], theme: str, width: int) -> list[str]:
    wrong = []
    dress(page, live_server, theme, width)
    for path in paths:
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        page.wait_for_load_state("networkidle")
        wrong += [f"{path}: {finding}" for finding in findings(page)]
        if not fits(page):
            wrong.append(f"{path}: scrolls sideways at {width} px")
    return wrong


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 360)])
def test_pages_of_an_empty_workspace(
    signed_in: Page, live_server: LiveServer, client_of_owner: Client, workspace: Workspace, theme: str, width: int
) -> None:
    paths = html_pages(client_of_owner, workspace)
    assert reverse("home", args=[workspace.slug]) in paths
    assert look(signed_in, live_server, paths, theme, width) == []


@pytest.mark.parametrize(("theme", "width"), [("dark", 1440), ("light", 360)])
def test_pages_of_things(
    signed_in: Page,
    live_server: LiveServer,
    client_of_owner: Client,
    owner: User,
    workspace: Workspace,
    theme: str,
    width: int,
) -> None:
    with tenancy.workspace(workspace.pk):
        person = add_contact(email="ann.with.a.rather.long.address@shop.example", first_name="Ann", last_name="Petrova")
        template = create_template(languages=["en", "bg"], kind="offer", name="Spring offer", by=owner)
        mailing = create_campaign(name="An offer for everybody who has not bought anything since the winter")
    things = {"person": person.pk, "template": template.pk, "mailing": mailing.pk}
    known = dict(staff_pages(get_resolver().url_patterns))
    paths = [reverse(name, args=[workspace.slug, pk]) for name, pk in things.items() if name in known]
    paths += html_pages(client_of_owner, workspace)
    assert look(signed_in, live_server, paths, theme, width) == []
