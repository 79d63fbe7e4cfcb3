"""Openings and clicks are taken in; where a click leads is never said by its address's query."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob

from northpost.core import clock, tenancy
from northpost.delivery import actions, addresses
from northpost.delivery.models import Hit, Link, Message
from northpost.delivery.tests import rig
from northpost.events.models import Event
from northpost.public.tests.door import BROWSER, ask, ask_all, path_of
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)


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
    return path_of(addresses.click_url(origin, message.pk, link_id, url))


def open_url(message: Message) -> str:
    return path_of(addresses.open_url(message.workspace_id, message.pk))


def judge() -> list[tuple[str, bool]]:
    with clock.use(clock.VirtualClock(clock.now() + timedelta(seconds=12))):
        actions.classify_hits()
    return [(event.kind, event.machine) for event in Event.objects.order_by("id")]


def test_an_opening_is_one_pixel_that_nobody_keeps(message: Message):
    answer = ask(open_url(message))
    assert (answer.status, answer.headers["content-type"], answer.body[:6]) == (200, "image/gif", b"GIF89a")
    assert answer.headers["content-length"] == str(len(answer.body))
    assert "no-store" in answer.headers["cache-control"]
    assert "set-cookie" not in answer.headers
    assert judge() == [("mail.opened", False)]
    assert Message.objects.get().opened_at is not None


def test_a_click_leads_where_the_database_says(message: Message, link: Link):
    answer = ask(click_url(message, link.pk))
    assert (answer.status, answer.headers["location"]) == (302, "https://shop.example/a?b=1&c=2")
    assert judge() == [("mail.clicked", False)]
    event = Event.objects.get()
    assert event.properties == {"agent": BROWSER, "link_id": link.pk, "url": "https://shop.example/a?b=1&c=2"}
    assert event.source == f"{rig.KIND}:1"
    assert Message.objects.get().clicked_at is not None


def test_a_click_on_a_persons_own_address_leads_where_the_signature_says(message: Message, link: Link):
    answer = ask(click_url(message, link.pk, "https://shop.example/p/Ж"))
    assert answer.headers["location"] == "https://shop.example/p/%D0%96"


@pytest.mark.parametrize(
    ("url", "leads"),
    [
        ("https://shop.example/a\r\nSet-Cookie: x=1", "https://shop.example/a%0D%0ASet-Cookie:%20x=1"),
        ("https://shop.example/ж?q=ю", "https://shop.example/%D0%B6?q=%D1%8E"),
        ("javascript:alert(1)", None),
        ("//evil.example", None),
        ("data:text/html,x", None),
    ],
)
def test_a_target_is_an_address_of_the_web(message: Message, url: str, leads: str | None):
    link = Link.objects.create(source_kind=rig.KIND, source_id=1, url=url, url_hash="2")
    answer = ask(click_url(message, link.pk))
    assert (answer.status, answer.headers.get("location")) == ((302, leads) if leads else (404, None))


def test_a_head_leads_on_and_is_a_machine(message: Message, link: Link):
    answer = ask(click_url(message, link.pk), method="HEAD")
    assert (answer.status, answer.body) == (302, b"")
    picture = ask(open_url(message), method="HEAD")
    assert (picture.status, picture.body, picture.headers["content-length"]) == (200, b"", "42")
    assert sorted(judge()) == [("mail.clicked", True), ("mail.opened", True)]
    assert Message.objects.get().clicked_at is None


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_nothing_else_is_answered(message: Message, link: Link, method: str):
    for path in (click_url(message, link.pk), open_url(message)):
        answer = ask(path, method=method)
        assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
    assert not Hit.objects.exists()


def test_the_hidden_link_is_a_trap(message: Message, link: Link):
    assert ask(click_url(message, 0)).status == 204
    assert ask(click_url(message, link.pk)).status == 302
    assert judge() == [("mail.clicked", True), ("mail.clicked", True)]
    assert Message.objects.get().clicked_at is None


def test_one_changed_byte_is_not_found(message: Message, link: Link, client: Client):
    changed = []
    for address in (
        click_url(message, link.pk),
        click_url(message, link.pk, "https://shop.example/p"),
        open_url(message),
        path_of(addresses.web_version_url(message.workspace_id, message.pk)),
    ):
        for place in range(len("/m/o/"), len(address.removesuffix(".gif")), 7):
            changed.append(address[:place] + ("A" if address[place] != "A" else "B") + address[place + 1 :])
    changed += ["/m/c/", "/m/o/.gif", "/m/o/", "/m/c//", "/m/c/" + "a" * 9000, "/m/o/\0.gif", "/m/c/ж/ж", "/m/o/ж.gif"]
    assert {answer.status for answer in ask_all(changed)} == {404}
    assert {client.get(path).status_code for path in changed} == {404}
    assert not Hit.objects.exists()


def test_the_link_of_one_mailing_and_the_person_of_another_fit_nowhere(message: Message, link: Link):
    ours, another = click_url(message, link.pk), click_url(message, link.pk, source_id=2)
    link_here, person_here = ours.removeprefix("/m/c/").split("/")
    link_there, person_there = another.removeprefix("/m/c/").split("/")
    for mixed in (f"{link_here}/{person_there}", f"{link_there}/{person_here}", f"{person_here}/{link_here}"):
        assert ask(f"/m/c/{mixed}").status == 404
    assert not Hit.objects.exists()
    assert ask(ours).status == 302


def test_what_is_not_there_is_not_found(message: Message, link: Link):
    """Signed, but the row is of another mailing or gone: nothing is counted."""
    other = Link.objects.create(source_kind=rig.KIND, source_id=2, url="https://shop.example/other", url_hash="3")
    gone = Message(pk=message.pk + 1000, workspace_id=message.workspace_id)
    paths = [click_url(message, other.pk), click_url(message, link.pk + 1000), click_url(gone, link.pk), open_url(gone)]
    # Among good ones, which don't suffer for it.
    answers = ask_all([*paths, click_url(message, link.pk)])
    assert [answer.status for answer in answers] == [404, 404, 404, 404, 302]
    assert Hit.objects.count() == 1


def test_a_rivals_message_stays_behind_its_wall(message: Message, link: Link, rival: Workspace):
    stranger = Message(pk=message.pk, workspace_id=rival.pk)
    assert ask(open_url(stranger)).status == 404
    assert ask(click_url(stranger, link.pk)).status == 404
    assert not Hit.objects.exists()


def test_hits_of_two_workspaces_in_one_commit_find_their_own(message: Message, link: Link, rival: Workspace):
    with tenancy.workspace(rival.pk):
        rig.people(1)
        rig.enqueue()
        theirs = Message.objects.get()
    answers = ask_all([open_url(message), open_url(theirs), click_url(message, link.pk)])
    assert [answer.status for answer in answers] == [200, 200, 302]
    assert Hit.objects.count() == 2
    with tenancy.workspace(rival.pk):
        assert list(Hit.objects.values_list("message_id", flat=True)) == [theirs.pk]


@pytest.mark.parametrize(
    ("agent", "kept"),
    [
        (None, ""),
        ("", ""),
        ("a \"quoted\\\" {1,2} NULL 'x'", "a \"quoted\\\" {1,2} NULL 'x'"),
        ("NULL", "NULL"),
        ("a\0b", "ab"),
        ("x" * 5000, "x" * 300),
        ("Mozilla/é", "Mozilla/é"),
        ("\\", "\\"),
    ],
)
def test_an_agent_is_kept_as_it_is_within_bounds(message: Message, agent: str | None, kept: str):
    assert ask(open_url(message), agent=agent).status == 200
    assert Hit.objects.get().agent == kept


def test_many_at_once_are_each_one_row_and_judged_once(message: Message, link: Link):
    answers = ask_all([click_url(message, link.pk), open_url(message)] * 200)
    assert [answer.status for answer in answers] == [302, 200] * 200
    assert Hit.objects.count() == 400
    assert Hit.objects.values("key").distinct().count() == 400
    own = {"workspace_id": message.workspace_id}
    assert ProcrastinateJob.objects.filter(task_name="northpost.delivery.classify_hits", args=own).count() == 1


def test_the_web_version_is_sandboxed(client: Client, message: Message):
    answer = client.get(path_of(addresses.web_version_url(message.workspace_id, message.pk)))
    assert answer.status_code == 200
    policy = answer["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-popups")
    assert "default-src 'none'" in policy
    assert "script" not in policy
    page = answer.content.decode()
    assert "Hello P0" in page
    assert "/m/o/" not in page
    assert "/m/c/" in page
