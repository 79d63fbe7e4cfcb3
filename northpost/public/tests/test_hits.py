"""Openings and clicks are taken in; where a click leads is never said by its address's query."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from northpost.core import clock
from northpost.delivery import actions
from northpost.delivery.engine import addresses
from northpost.delivery.models import Hit, Link, Message
from northpost.delivery.tests import rig
from northpost.events.models import Event
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


@pytest.fixture
def message(workspace: Workspace) -> Message:
    rig.register()
    rig.people(1)
    rig.enqueue()
    Message.objects.update(state="accepted", settled_at=clock.now() - timedelta(hours=1))
    return Message.objects.get()


@pytest.fixture
def link(message: Message) -> Link:
    return Link.objects.create(
        source_kind=rig.KIND, source_id=1, url="https://shop.example/a?b=1&c=2", url_hash="1", label="one"
    )


def path(url: str) -> str:
    return "/m/" + url.partition("/m/")[2]


def judge() -> list[tuple[str, bool]]:
    with clock.use(clock.VirtualClock(clock.now() + timedelta(seconds=12))):
        actions.classify_hits()
    return [(event.kind, event.machine) for event in Event.objects.order_by("id")]


def test_an_opening_is_one_pixel_that_nobody_keeps(client: Client, message: Message):
    answer = client.get(path(addresses.open_url(message.workspace_id, message.pk)), headers={"user-agent": BROWSER})
    assert (answer.status_code, answer["Content-Type"], answer.content[:6]) == (200, "image/gif", b"GIF89a")
    assert "no-store" in answer["Cache-Control"]
    assert not answer.cookies
    assert judge() == [("mail.opened", False)]
    assert Message.objects.get().opened_at is not None


def test_a_click_leads_where_the_database_says(client: Client, message: Message, link: Link):
    url = path(addresses.click_url(message.workspace_id, message.pk, link.pk))
    answer = client.get(f"{url}?url=https://evil.example/&next=//evil.example", headers={"user-agent": BROWSER})
    assert (answer.status_code, answer["Location"]) == (302, "https://shop.example/a?b=1&c=2")
    assert judge() == [("mail.clicked", False)]
    event = Event.objects.get()
    assert event.properties == {"agent": BROWSER, "link_id": link.pk, "url": "https://shop.example/a?b=1&c=2"}
    assert event.source == f"{rig.KIND}:1"
    assert Message.objects.get().clicked_at is not None


def test_a_click_on_a_persons_own_address_leads_where_the_signature_says(client: Client, message: Message, link: Link):
    url = path(addresses.click_url(message.workspace_id, message.pk, link.pk, "https://shop.example/p/Ж"))
    answer = client.get(url, headers={"user-agent": BROWSER})
    assert answer["Location"] == "https://shop.example/p/%D0%96"


def test_a_head_leads_on_and_is_a_machine(client: Client, message: Message, link: Link):
    url = path(addresses.click_url(message.workspace_id, message.pk, link.pk))
    assert client.head(url, headers={"user-agent": BROWSER}).status_code == 302
    assert judge() == [("mail.clicked", True)]
    assert Message.objects.get().clicked_at is None


def test_the_hidden_link_is_a_trap(client: Client, message: Message, link: Link):
    trap = path(addresses.click_url(message.workspace_id, message.pk, 0))
    shown = path(addresses.click_url(message.workspace_id, message.pk, link.pk))
    assert client.get(trap, headers={"user-agent": BROWSER}).status_code == 204
    client.get(shown, headers={"user-agent": BROWSER})
    assert judge() == [("mail.clicked", True), ("mail.clicked", True)]
    assert Message.objects.get().clicked_at is None


def test_one_changed_byte_is_not_found(client: Client, message: Message, link: Link):
    for url in (
        addresses.click_url(message.workspace_id, message.pk, link.pk),
        addresses.open_url(message.workspace_id, message.pk).removesuffix(".gif"),
        addresses.web_version_url(message.workspace_id, message.pk),
    ):
        head, token = path(url).rsplit("/", 1)
        ending = ".gif" if head.endswith("/o") else ""
        for place in range(0, len(token), 7):
            changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
            assert client.get(f"{head}/{changed}{ending}").status_code == 404
    assert not Hit.objects.exists()


def test_the_web_version_is_sandboxed(client: Client, message: Message):
    answer = client.get(path(addresses.web_version_url(message.workspace_id, message.pk)))
    assert answer.status_code == 200
    policy = answer["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-popups")
    assert "default-src 'none'" in policy
    assert "script" not in policy
    page = answer.content.decode()
    assert "Hello P0" in page
    assert "/m/o/" not in page
    assert "/m/c/" in page
