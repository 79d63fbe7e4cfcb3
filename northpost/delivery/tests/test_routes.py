"""Ways out and senders: what is refused, what is kept secret, and what a try of a route says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from northpost.core import tenancy
from northpost.delivery.actions import routes
from northpost.delivery.errors import DeliveryProblem, NotHere
from northpost.delivery.models import Route, Sender
from northpost.delivery.routes import endpoint_of
from northpost.delivery.routes.trying import check_route
from northpost.delivery.tests import rig
from northpost.mailbox.access import authenticate
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db
SERVER: dict[str, Any] = {"name": "Relay", "host": "smtp.example.com", "username": "shop", "password": "s3cret"}


def test_a_workspace_begins_with_the_local_mailbox(workspace: Workspace):
    route = Route.objects.get()
    assert (route.name, route.kind, route.is_default) == ("Local mailbox", "mailbox", True)
    endpoint = endpoint_of(route)
    assert (endpoint.host, endpoint.security, endpoint.username) == ("127.0.0.1", "none", f"workspace-{workspace.pk}")
    assert authenticate(endpoint.username, endpoint.password)


def test_a_password_is_sealed_kept_and_removed(workspace: Workspace):
    route = routes.create_route(**SERVER)
    assert "s3cret" not in route.password_sealed
    assert endpoint_of(route).password == "s3cret"
    assert "s3cret" not in repr(endpoint_of(route))
    changed = routes.update_route(route_id=route.pk, name="Other", password=None)
    assert (changed.name, endpoint_of(changed).password) == ("Other", "s3cret")
    assert endpoint_of(routes.update_route(route_id=route.pk, password="")).password == ""


@pytest.mark.parametrize("other", [{"host": "smtp.attacker.example"}, {"port": 2500}, {"username": "other"}])
def test_a_kept_password_is_not_handed_to_another_server(workspace: Workspace, other: dict[str, Any]):
    route = routes.create_route(**SERVER)
    with pytest.raises(DeliveryProblem) as refused:
        routes.update_route(route_id=route.pk, password=None, **other)
    assert refused.value.field == "password"
    kept = endpoint_of(Route.objects.get(pk=route.pk))
    assert (kept.host, kept.port, kept.username, kept.password) == ("smtp.example.com", 587, "shop", "s3cret")
    assert endpoint_of(routes.update_route(route_id=route.pk, password="new", **other)).password == "new"


@pytest.mark.parametrize(
    ("details", "field"),
    [
        ({"name": " "}, "name"),
        ({"host": ""}, "host"),
        ({"host": "smtp.example.com\r\nX"}, "host"),
        ({"port": 0}, "port"),
        ({"port": 70000}, "port"),
        ({"security": "rot13"}, "security"),
        ({"security": "none"}, "security"),
        ({"connections": 0}, "connections"),
        ({"connections": 51}, "connections"),
        ({"per_minute": 0}, "per_minute"),
        ({"per_hour": 0}, "per_hour"),
        ({"per_day": -1}, "per_day"),
        ({"weight": -1}, "weight"),
        ({"weight": 101}, "weight"),
        ({"fallback_id": 0}, "fallback_id"),
        ({"kind": "pigeon"}, "kind"),
    ],
)
def test_what_cannot_be_a_route(workspace: Workspace, details: dict[str, Any], field: str):
    with pytest.raises(DeliveryProblem) as refused:
        routes.create_route(**(SERVER | details))
    assert refused.value.field == field
    assert Route.objects.count() == 1


def test_the_default_is_one_and_is_not_put_away(workspace: Workspace):
    mailbox = Route.objects.get()
    route = routes.create_route(**SERVER)
    assert not route.is_default
    routes.set_default_route(route_id=route.pk)
    assert list(Route.objects.filter(is_default=True)) == [route]
    with pytest.raises(DeliveryProblem):
        routes.archive_route(route_id=route.pk)
    routes.archive_route(route_id=mailbox.pk)
    with pytest.raises(NotHere):
        routes.update_route(route_id=mailbox.pk, name="x")


def test_a_fallback_is_another_server_of_ones_own(workspace: Workspace, rival: Workspace):
    mailbox = Route.objects.get()
    first, second = routes.create_route(**SERVER), routes.create_route(**SERVER | {"name": "Second"})
    with tenancy.workspace(rival.pk):
        theirs = routes.create_route(**SERVER)
    for wrong in (first.pk, mailbox.pk, theirs.pk):
        with pytest.raises(DeliveryProblem) as refused:
            routes.update_route(route_id=first.pk, fallback_id=wrong)
        assert refused.value.field == "fallback_id"
    routes.update_route(route_id=first.pk, fallback_id=second.pk, weight=3, per_hour=100, per_day=1000)
    kept = Route.objects.get(pk=first.pk)
    assert (kept.fallback_id, kept.weight, kept.per_hour, kept.per_day) == (second.pk, 3, 100, 1000)
    routes.archive_route(route_id=second.pk)
    kept.refresh_from_db()
    assert kept.fallback_id is None


def test_another_workspaces_route_is_not_there(workspace: Workspace, rival: Workspace):
    route = routes.create_route(**SERVER)
    with tenancy.workspace(rival.pk):
        for act in (routes.update_route, routes.archive_route, routes.set_default_route, check_route):
            with pytest.raises(NotHere):
                act(route_id=route.pk)


def test_a_try_of_a_route(workspace: Workspace, tmp_path: Path):
    with rig.sink(tmp_path) as sink:
        route = rig.route(sink.port)
        assert check_route(route_id=route.pk).ok
        assert sink.mails == []
    report = check_route(route_id=route.pk)
    assert not report.ok
    assert f"port {sink.port}" in str(report.error)


@pytest.mark.parametrize(
    ("details", "field"),
    [
        ({"name": "", "email": "a@shop.example"}, "name"),
        ({"name": "A\r\nBcc: x", "email": "a@shop.example"}, "name"),
        ({"name": "A", "email": "a@"}, "email"),
        ({"name": "A", "email": "иван@shop.example"}, "email"),
        ({"name": "A", "email": "a@shop.example", "reply_to": "b@x\r\nBcc: y@z.example"}, "reply_to"),
    ],
)
def test_what_cannot_be_a_sender(workspace: Workspace, details: dict[str, Any], field: str):
    with pytest.raises(DeliveryProblem) as refused:
        routes.create_sender(**details)
    assert refused.value.field == field
    assert not Sender.objects.exists()


def test_the_first_sender_is_the_default(workspace: Workspace):
    first = routes.create_sender(name="Магазин", email="news@магазин.бг")
    second = routes.create_sender(name="Other", email="other@shop.example", reply_to="help@shop.example")
    assert (first.is_default, second.is_default) == (True, False)
    routes.set_default_sender(sender_id=second.pk)
    routes.archive_sender(sender_id=first.pk)
    assert Sender.objects.get(is_default=True) == second
