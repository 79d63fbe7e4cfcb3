"""Routes, senders, limits and suppressions through the pages."""

from __future__ import annotations

import pytest
from django.test import Client

from northpost.core import clock, tenancy
from northpost.core.signing import unseal
from northpost.delivery.actions import routes, suppress
from northpost.delivery.models import Policy, Route, Sender, Suppression
from northpost.team.models import AuditEntry, Membership, Role, User, Workspace

pytestmark = pytest.mark.django_db
BASE = "/w/firm/settings/"
SERVER = {"name": "Ours", "host": "127.0.0.1", "security": "none", "port": "1", "connections": "2", "weight": "0"}


@pytest.fixture
def browser(owner: User, workspace: Workspace) -> Client:
    client = Client()
    client.force_login(owner)
    return client


def member(workspace: Workspace, role: str) -> Client:
    user = User.objects.create_user(f"{role}@firm.example", "a long enough password")
    Membership.objects.create(user=user, role=role, since=clock.now())
    client = Client()
    client.force_login(user)
    return client


def test_a_route_is_added_changed_checked_and_made_default(browser: Client):
    assert "nothing reaches anybody" in browser.get(BASE + "sending/").text
    browser.post(BASE + "sending/routes/new/", SERVER | {"username": "us", "password": "top secret"})
    route = Route.objects.get(kind="smtp")
    assert unseal(route.password_sealed) == "top secret"
    page = browser.get(f"{BASE}sending/routes/{route.pk}/")
    assert "top secret" not in page.text
    browser.post(f"{BASE}sending/routes/{route.pk}/", SERVER | {"username": "us", "name": "Mine"})
    route.refresh_from_db()
    assert (route.name, unseal(route.password_sealed)) == ("Mine", "top secret")
    said = browser.post(f"{BASE}sending/routes/{route.pk}/do/", {"do": "check"}, follow=True).text
    assert "127.0.0.1" in said
    assert "It works" not in said
    browser.post(f"{BASE}sending/routes/{route.pk}/do/", {"do": "default"})
    assert Route.objects.get(is_default=True) == route
    browser.post(f"{BASE}sending/routes/{route.pk}/do/", {"do": "archive"})
    route.refresh_from_db()
    assert route.archived_at is None
    bad = browser.post(
        BASE + "sending/routes/new/", SERVER | {"host": "mail.example", "password": "x", "username": "u"}
    )
    assert bad.status_code == 422
    assert "choose TLS" in bad.text


def test_senders_and_limits(browser: Client):
    assert browser.post(BASE + "sending/senders/new/", {"name": "Shop", "email": "nobody"}).status_code == 422
    browser.post(BASE + "sending/senders/new/", {"name": "Shop", "email": "news@shop.example"})
    browser.post(BASE + "sending/senders/new/", {"name": "Boss", "email": "boss@shop.example"})
    first, second = Sender.objects.order_by("pk")
    assert (first.is_default, second.is_default) == (True, False)
    browser.post(f"{BASE}sending/senders/{second.pk}/do/", {"do": "default"})
    browser.post(f"{BASE}sending/senders/{first.pk}/do/", {"do": "archive"})
    assert [row.email for row in Sender.objects.filter(archived_at=None)] == ["boss@shop.example"]
    limits = {"cap_messages": "3", "cap_days": "7", "quiet_from": "21:00", "quiet_until": ""}
    assert browser.post(BASE + "sending/policy/", limits).status_code == 422
    browser.post(BASE + "sending/policy/", limits | {"quiet_until": "08:00"})
    assert str(Policy.objects.get().quiet_until) == "08:00:00"


def test_an_address_is_suppressed_found_and_lifted_with_a_reason(browser: Client, workspace: Workspace):
    assert browser.post(BASE + "suppressions/add/", {"email": "no address"}).status_code == 422
    browser.post(BASE + "suppressions/add/", {"email": "Ann@shop.example"})
    assert "ann@shop.example" in browser.get(BASE + "suppressions/?q=AN").text
    assert "ann@shop.example" not in browser.get(BASE + "suppressions/?q=bob").text
    browser.post(BASE + "suppressions/lift/", {"email": "ann@shop.example", "why": " "})
    marketer = member(workspace, Role.MARKETER)
    assert marketer.post(BASE + "suppressions/lift/", {"email": "ann@shop.example", "why": "x"}).status_code == 403
    assert Suppression.objects.count() == 1
    browser.post(BASE + "suppressions/lift/", {"email": "ann@shop.example", "why": "She wrote to us"})
    assert Suppression.objects.count() == 0
    assert AuditEntry.objects.get(verb="lifted").detail["why"] == "She wrote to us"
    assert "She wrote to us" in browser.get(BASE + "history/").text


def test_another_workspaces_things_are_not_there_and_roles_hold(
    browser: Client, workspace: Workspace, rival: Workspace
):
    with tenancy.workspace(rival.pk):
        route = routes.create_route(
            name="Theirs", kind="smtp", host="127.0.0.1", port=25, security="none", connections=1
        )
        sender = routes.create_sender(name="Theirs", email="a@rival.example")
        suppress(email="secret@rival.example")
    writes = {
        f"sending/routes/{route.pk}/": SERVER,
        f"sending/routes/{route.pk}/do/": {"do": "archive"},
        f"sending/senders/{sender.pk}/": {"name": "X", "email": "x@y.example"},
        f"sending/senders/{sender.pk}/do/": {"do": "archive"},
    }
    for path, data in writes.items():
        assert browser.post(BASE + path, data).status_code == 404
    assert "secret@rival" not in browser.get(BASE + "suppressions/").text
    browser.post(BASE + "suppressions/lift/", {"email": "secret@rival.example", "why": "x"})
    with tenancy.workspace(rival.pk):
        assert (Suppression.objects.count(), Sender.objects.get().name) == (1, "Theirs")
    for role in (Role.MARKETER, Role.ANALYST):
        client = member(workspace, role)
        assert client.get(BASE + "sending/").status_code == 403
        assert client.post(BASE + "sending/policy/", {"cap_days": "1"}).status_code == 403
        for path, data in (writes | {"sending/routes/new/": SERVER}).items():
            assert client.post(BASE + path, data).status_code == 403
    assert member(workspace, Role.AGENCY).get(BASE + "suppressions/").status_code == 200
    for path in ("sending/policy/", f"sending/routes/{route.pk}/do/", "suppressions/add/", "suppressions/lift/"):
        assert browser.get(BASE + path).status_code == 405
