"""Which route carries a message: shares, holds, fallbacks, and never a server for what is only rehearsed."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from northpost.core import clock
from northpost.delivery import actions
from northpost.delivery.limits import holds
from northpost.delivery.models import HoldReason, Route
from northpost.delivery.tests import rig
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db


def server(name: str, **changes: object) -> Route:
    given = {"name": name, "host": "127.0.0.1", "port": 9, "security": "none", "created_at": clock.now()}
    return Route.objects.create(**(given | changes))


def carried() -> dict[int, str]:
    """Which routes carry what is due, message by message, by name; it all waits again afterwards."""
    names = dict(Route.objects.values_list("pk", "name"))
    found = actions.claim(batch=1000)
    rig.give_back(found)
    return {one.id: names[one.route_id] for one in found}


def claimed() -> dict[str, int]:
    return dict(Counter(carried().values()))


def in_an_hour() -> timedelta:
    return clock.now() + timedelta(hours=1)


def test_mail_that_names_no_route_is_shared_out_by_weight(workspace: Workspace):
    Route.objects.update(is_default=False)
    server("a", is_default=True, weight=3)
    server("b", weight=1)
    server("c")
    rig.people(800)
    rig.enqueue()
    found = claimed()
    assert found.keys() == {"a", "b"}
    assert found["a"] + found["b"] == 800
    # Three of four, as far as chance goes with 800 (six standard deviations).
    assert abs(found["a"] - 600) < 75
    assert claimed() == found


def test_the_same_message_finds_the_same_route(workspace: Workspace):
    Route.objects.update(is_default=False)
    server("a", is_default=True, weight=1)
    server("b", weight=1)
    rig.people(50)
    rig.enqueue()
    first = carried()
    assert len(first) == 50
    assert carried() == first
    assert len(set(first.values())) == 2


def test_mail_that_names_a_route_goes_by_that_one_only(workspace: Workspace):
    Route.objects.update(is_default=False)
    server("a", is_default=True, weight=3)
    other = server("b", weight=1)
    rig.people(20)
    rig.enqueue(route_id=other.pk)
    assert claimed() == {"b": 20}
    actions.pause_route(route_id=other.pk, reason="down")
    assert claimed() == {}


def test_while_one_is_down_the_others_of_the_share_carry_its_part(workspace: Workspace):
    Route.objects.update(is_default=False)
    first = server("a", is_default=True, weight=1)
    server("b", weight=1)
    server("c")
    rig.people(20)
    rig.enqueue()
    actions.pause_route(route_id=first.pk, reason="down")
    assert claimed() == {"b": 20}


@pytest.mark.parametrize("by", ["pause", "hold"])
def test_a_fallback_takes_over_while_the_first_is_down_or_used_up(workspace: Workspace, by: str):
    Route.objects.update(is_default=False)
    reserve = server("reserve")
    first = server("first", is_default=True, fallback_id=reserve.pk)
    rig.people(20)
    rig.enqueue()
    assert claimed() == {"first": 20}
    if by == "pause":
        actions.pause_route(route_id=first.pk, reason="down", until=in_an_hour())
    else:
        holds.hold(until=in_an_hour(), reason=HoldReason.DAY, route_id=first.pk)
    assert claimed() == {"reserve": 20}
    with clock.use(clock.VirtualClock(in_an_hour() + timedelta(seconds=1))):
        assert claimed() == {"first": 20}


def test_a_fallback_that_is_down_too_is_waited_for(workspace: Workspace):
    Route.objects.update(is_default=False)
    reserve = server("reserve", paused_at=clock.now())
    server("first", is_default=True, fallback_id=reserve.pk, paused_at=clock.now())
    rig.people(2)
    rig.enqueue()
    assert claimed() == {}


def test_a_rehearsal_never_leaves_by_a_server_nor_mail_into_the_local_mailbox(workspace: Workspace):
    mailbox = Route.objects.get()
    relay = server("relay", weight=5)
    Route.objects.filter(pk=mailbox.pk).update(fallback_id=relay.pk)
    rig.people(20)
    rig.enqueue()
    assert claimed() == {"Local mailbox": 20}
    actions.pause_route(route_id=mailbox.pk, reason="down")
    assert claimed() == {}
    Route.objects.filter(pk=relay.pk).update(fallback_id=mailbox.pk, paused_at=clock.now())
    actions.resume_route(route_id=mailbox.pk)
    rig.enqueue(2, route_id=relay.pk)
    assert claimed() == {"Local mailbox": 20}


def test_a_hold_of_the_workspace_holds_everything_and_ends_by_itself(workspace: Workspace):
    rig.people(3)
    rig.enqueue()
    holds.hold(until=in_an_hour(), reason=HoldReason.HOUR)
    assert claimed() == {}
    with clock.use(clock.VirtualClock(in_an_hour() + timedelta(seconds=1))):
        assert claimed() == {"Local mailbox": 3}


def test_a_day_of_a_warm_up_that_is_used_up_waits_and_takes_no_fallback(workspace: Workspace):
    Route.objects.update(is_default=False)
    reserve = server("reserve")
    first = server("first", is_default=True, fallback_id=reserve.pk)
    rig.people(3)
    rig.enqueue(1)
    rig.enqueue(2)
    holds.hold(until=in_an_hour(), reason=HoldReason.WARM_UP, route_id=first.pk, source=(rig.KIND, 1))
    found = actions.claim()
    assert {(one.source_id, one.route_id) for one in found} == {(2, first.pk)}
    # Where others share the mail, they may carry it.
    server("second", weight=1)
    assert claimed() == {"second": 3}


def test_a_hold_that_lasts_longer_stays(workspace: Workspace):
    later = in_an_hour() + timedelta(hours=5)
    holds.hold(until=later, reason=HoldReason.DAY)
    holds.hold(until=in_an_hour(), reason=HoldReason.HOUR)
    assert [(one.until, one.reason) for one in holds.held_now(clock.now())] == [(later, "day")]
    holds.release()
    assert holds.held_now(clock.now()) == []
