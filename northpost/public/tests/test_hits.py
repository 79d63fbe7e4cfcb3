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


def click_url(message: Message, link_id: int, url: str = "", *, source_id: int = 1) -> str:
    origin = addresses.Origin(message.workspace_id, rig.KIND, source_id)
    return addresses.click_url(origin, message.pk, link_id, url)


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
    url = path(click_url(message, link.pk))
    answer = client.get(f"{url}?url=https://evil.example/&next=//evil.example", headers={"user-agent": BROWSER})
    assert (answer.status_code, answer["Location"]) == (302, "https://shop.example/a?b=1&c=2")
    assert judge() == [("mail.clicked", False)]
    event = Event.objects.get()
    assert event.properties == {"agent": BROWSER, "link_id": link.pk, "url": "https://shop.example/a?b=1&c=2"}
    assert event.source == f"{rig.KIND}:1"
    assert Message.objects.get().clicked_at is not None


def test_a_click_on_a_persons_own_address_leads_where_the_signature_says(client: Client, message: Message, link: Link):
    url = path(click_url(message, link.pk, "https://shop.example/p/Ж"))
    answer = client.get(url, headers={"user-agent": BROWSER})
    assert answer["Location"] == "https://shop.example/p/%D0%96"


def test_a_head_leads_on_and_is_a_machine(client: Client, message: Message, link: Link):
    url = path(click_url(message, link.pk))
    assert client.head(url, headers={"user-agent": BROWSER}).status_code == 302
    assert judge() == [("mail.clicked", True)]
    assert Message.objects.get().clicked_at is None


def test_the_hidden_link_is_a_trap(client: Client, message: Message, link: Link):
    trap = path(click_url(message, 0))
    shown = path(click_url(message, link.pk))
    assert client.get(trap, headers={"user-agent": BROWSER}).status_code == 204
    client.get(shown, headers={"user-agent": BROWSER})
    assert judge() == [("mail.clicked", True), ("mail.clicked", True)]
    assert Message.objects.get().clicked_at is None


def test_one_changed_byte_is_not_found(client: Client, message: Message, link: Link):
    for url in (
        click_url(message, link.pk),
        click_url(message, link.pk, "https://shop.example/p"),
        addresses.open_url(message.workspace_id, message.pk),
        addresses.web_version_url(message.workspace_id, message.pk),
    ):
        address = path(url)
        for place in range(len("/m/o/"), len(address.removesuffix(".gif")), 7):
            changed = address[:place] + ("A" if address[place] != "A" else "B") + address[place + 1 :]
            assert client.get(changed).status_code == 404, changed
    assert not Hit.objects.exists()


def test_the_link_of_one_mailing_and_the_person_of_another_fit_nowhere(client: Client, message: Message, link: Link):
    ours, another = path(click_url(message, link.pk)), path(click_url(message, link.pk, source_id=2))
    link_here, person_here = ours.removeprefix("/m/c/").split("/")
    link_there, person_there = another.removeprefix("/m/c/").split("/")
    for changed in (f"{link_here}/{person_there}", f"{link_there}/{person_here}", f"{person_here}/{link_here}"):
        assert client.get(f"/m/c/{changed}").status_code == 404
    assert not Hit.objects.exists()
    assert client.get(ours).status_code == 302


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
