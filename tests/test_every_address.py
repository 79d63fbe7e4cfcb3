"""Every staff address: who is let in, whose things it shows, and that looking changes nothing.

New addresses are tried as soon as they are in the urls; one that asks for a new kind of thing needs it in furnish().
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client

from northpost.contacts.actions import grant_consent
from northpost.contacts.models import Contact
from northpost.core import tenancy
from northpost.team import rules
from northpost.team.models import Membership, User, Workspace
from northpost.team.rules import Ability
from tests.every_address import NUMBER, Address, fingerprint, furnish, staff_addresses

pytestmark = pytest.mark.django_db

# What a form has to say for its thing to be looked for at all.
POSTED = {
    "person_belongs": {"do": "list_add", "key": str(NUMBER)},
    "person_consent": {"purpose": "news", "source": "test"},
    "route_do": {"do": "default"},
    "inbox_do": {"do": "look"},
    "sender_do": {"do": "default"},
    "member_role": {"role": "analyst"},
    "warm_up_do": {"do": "keep"},
    "template_rename": {"name": "Other"},
}
# What can be done only after something else: the end of its address, and of the other's.
AFTER = {"goal_reopen": ("reopen", "close"), "segment_bring_back": ("bring-back", "archive")}
# What a page may be asked for in its query or its form; values that no page expects.
NAMES = """
    page language do q kind typed name show person theme text sort email before with why who was version to sure state
    start source shown sheet segment seen role reason purpose next new_tag key id has_header from format everybody
    encoding edit did delimiter days category based_on label list tag stage where rule group kpi subject mjml amount
    number host port audience lists include exclude template sender route goal when send_at password consent_source
    """.split()  # noqa: SIM905 - one to a line would be sixty lines
EVIL = '"><script>alert(1)</script>'
# Pages that would be an attack's first aims; were a name not shown there, the test would say nothing.
SHOWING = {
    "people", "person", "person_edit", "lists", "tags", "segments", "segment", "goals", "goal", "mailings", "templates",
    "template", "orders", "order", "products", "product", "media", "mailbox", "mailbox_mail", "imports", "fields",
    "sending", "search", "mailing_report",
}  # fmt: skip
ODD = ["\x00", "'\"><script>alert(1)</script>{{ 7 }}{% x %}%s%(a)s", "9" * 40]


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def browser(owner: User, workspace: Workspace) -> Client:
    furnish()
    return signed_in(owner)


@pytest.fixture
def stranger(browser: Client, rival: Workspace) -> Client:
    return signed_in(User.objects.get(email="owner@rival.example"))


def ask(method: Callable[..., HttpResponseBase], path: str, data: dict[str, Any] | None = None) -> int:
    """The status alone."""
    return read(method(path, data or {}))[0]


def read(answer: Any) -> tuple[int, bytes]:
    return answer.status_code, b"".join(answer.streaming_content) if answer.streaming else answer.content


def by_number() -> list[Address]:
    return [each for each in staff_addresses() if each.numbers]


def test_every_staff_address_says_which_ability_it_needs() -> None:
    unguarded = [
        each.name for each in staff_addresses() if not isinstance(getattr(each.view, "ability", None), Ability)
    ]
    assert unguarded == []


def test_every_thing_that_an_address_asks_for_is_found_by_its_owner(workspace: Workspace, browser: Client) -> None:
    """Without this, 404 for a stranger would say nothing."""
    missing = []
    for each in by_number():
        path = each.path(workspace.slug)
        status = ask(browser.get, path)
        if status == 405:
            with transaction.atomic():
                if each.name in AFTER:
                    ask(browser.post, path.replace(*AFTER[each.name]))
                status = ask(browser.post, path, POSTED.get(each.name, {}))
                transaction.set_rollback(True)
        missing += [each.name] if status in (404, 405) else []
    assert missing == []


def test_whoever_is_no_member_finds_nothing(workspace: Workspace, stranger: Client) -> None:
    before = fingerprint()
    for each in staff_addresses():
        for method in (stranger.get, stranger.post):
            assert ask(method, each.path(workspace.slug)) == 404, each.name
    assert fingerprint() == before


def test_another_workspace_s_things_are_not_found_by_guessed_numbers(
    workspace: Workspace, rival: Workspace, stranger: Client
) -> None:
    before = fingerprint()
    for each in by_number():
        path = each.path(rival.slug)
        seen, written = ask(stranger.get, path), ask(stranger.post, path, POSTED.get(each.name))
        assert {seen, written} in ({404}, {404, 405}), f"{each.name}: {seen}, {written}"
    assert fingerprint() == before
    with tenancy.workspace(rival.pk):
        assert fingerprint()["contacts_contact"] == (0, 0)


def test_nobody_gets_in_without_signing_in(workspace: Workspace, browser: Client) -> None:
    before = fingerprint()
    for each in staff_addresses():
        for method in (Client().get, Client().post):
            answer = method(each.path(workspace.slug))
            assert (answer.status_code, answer["Location"][:21]) == (302, "/accounts/login/?next"), each.name
    assert fingerprint() == before


def test_who_may_only_see_changes_nothing(
    workspace: Workspace, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(rules._ABILITIES, "analyst", frozenset({Ability.SEE}))
    user = User.objects.create_user("onlooker@firm.example", "a long enough password")
    Membership.objects.create(user=user, role="analyst", since=user.created_at)
    client = signed_in(user)
    before = fingerprint()
    let = []
    for each in staff_addresses():
        data = dict.fromkeys(NAMES, "1")
        status = ask(client.post, each.path(workspace.slug), data)
        if status not in (403, 405) and each.view.ability is not Ability.SEE:
            let.append(f"{each.name}: {status}")
        assert fingerprint() == before, each.name
    assert let == []


def test_looking_at_a_page_changes_nothing(workspace: Workspace, browser: Client) -> None:
    for each in staff_addresses():
        before = fingerprint()
        for method in (browser.get, browser.head):
            assert ask(method, each.path(workspace.slug)) < 500, each.name
        assert fingerprint() == before, each.name


@pytest.mark.parametrize("odd", ODD, ids=["nul", "script", "digits"])
def test_no_page_breaks_on_what_it_does_not_expect(workspace: Workspace, browser: Client, odd: str) -> None:
    browser.raise_request_exception = False
    data = dict.fromkeys(NAMES, odd)
    broken = []
    for each in staff_addresses():
        for method in (browser.get, browser.post):
            with transaction.atomic():
                status, content = read(method(each.path(workspace.slug), data))
                transaction.set_rollback(True)
            broken += [f"{method.__name__} {each.name}: {status}"] if status >= 500 else []
            assert b"<script>alert(1)" not in content, each.name
    assert broken == []


def test_what_others_named_is_escaped_wherever_it_is_shown(owner: User, workspace: Workspace) -> None:
    """Names out of a stranger's file or form; the frames of mails run no script whatever they hold."""
    furnish(EVIL)
    contact = Contact.objects.get()
    grant_consent(contact_id=contact.pk, source=EVIL)
    browser = signed_in(owner)
    shown = set()
    for each in staff_addresses():
        answer = browser.get(each.path(workspace.slug), {"q": EVIL} if each.name in ("people", "search") else {})
        content = read(answer)[1].decode(errors="replace")
        if not answer.get("Content-Type", "").startswith("text/html"):
            continue
        if EVIL in content:
            assert answer["Content-Security-Policy"].startswith("sandbox"), each.name
        shown |= {each.name} if "&lt;script&gt;alert(1)" in content else set()
    assert shown >= SHOWING, SHOWING - shown
    found = browser.get(f"/w/{workspace.slug}/search/", {"q": EVIL}, headers={"accept": "application/json"})
    assert found["Content-Type"] == "application/json"
    assert found["X-Content-Type-Options"] == "nosniff"
    assert EVIL in {hit["label"].split(" ")[0] for hit in found.json()}


def test_another_host_s_name_is_refused_with_a_page_of_ours() -> None:
    answer = Client().get("/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert b"evil.example" not in answer.content
    assert b"Traceback" not in answer.content
