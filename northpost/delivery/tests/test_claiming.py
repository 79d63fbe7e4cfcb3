"""A claim takes what is due, best first, once; and decides again who may get it."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from northpost.contacts.actions import erase_contact, withdraw_consent
from northpost.core import clock, tenancy
from northpost.delivery import actions, queries, tasks
from northpost.delivery.actions.control import finish_sources
from northpost.delivery.actions.ledger import LEASE, Settlement
from northpost.delivery.models import Message, Route, Source
from northpost.delivery.tests import rig
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db


def ids(batch: actions.ledger.Batch) -> list[int]:
    return [one.source_id for one in batch.claimed]


def test_what_matters_more_goes_first(workspace: Workspace):
    person = rig.people(1)[0]
    for source_id, priority in ((1, 50), (2, 10), (3, 90), (4, 10)):
        rig.enqueue(source_id, priority=priority, audience=rig.only(person.pk))
    order = []
    for _each in range(4):
        order += ids(actions.claim(batch=1))
    assert order == [2, 4, 1, 3]
    assert not actions.claim(batch=1)


def test_one_source_may_hold_several_priorities(workspace: Workspace):
    people = rig.people(2)
    rig.enqueue(priority=90, audience=rig.only(people[0].pk))
    rig.enqueue(priority=10, audience=rig.only(people[1].pk))
    assert [one.contact_id for one in actions.claim(batch=1).claimed] == [people[1].pk]
    assert [one.contact_id for one in actions.claim(batch=1).claimed] == [people[0].pk]


def test_nothing_before_its_time(workspace: Workspace):
    rig.people(1)
    later = clock.now() + timedelta(hours=1)
    rig.enqueue(due_at=later)
    assert not queries.is_due(clock.now())
    assert queries.next_due_at() == Message.objects.get().due_at == later
    assert not actions.claim()
    assert len(actions.claim(until=later).claimed) == 1


def test_those_who_left_since_are_skipped_with_the_reason(workspace: Workspace):
    people = rig.people(6)
    rig.enqueue(expires_at=clock.now() + timedelta(days=1))
    rig.enqueue(2, audience=rig.only(people[5].pk), purpose_id=None, transactional=True)
    withdraw_consent(contact_id=people[0].pk, source="page")
    actions.suppress(email=people[1].email)
    erase_contact(contact_id=people[2].pk)
    withdraw_consent(contact_id=people[5].pk, source="page")
    batch = actions.claim()
    assert batch.skipped == {"no_consent": 2, "suppressed": 1, "erased": 1}
    assert {(one.contact_id, one.source_id) for one in batch.claimed} == {
        (people[3].pk, 1),
        (people[4].pk, 1),
        (people[5].pk, 2),
    }
    rig.give_back(batch)
    with clock.use(clock.VirtualClock(clock.now() + timedelta(days=2))):
        assert actions.claim().skipped == {"expired": 2}


def test_paused_and_cancelled_sources_wait_or_end(workspace: Workspace):
    rig.people(3)
    rig.enqueue()
    actions.pause_source(kind=rig.KIND, source_id=1, reason="looks odd")
    assert not actions.claim()
    assert not queries.is_due(clock.now())
    source = queries.source(rig.KIND, 1)
    assert source is not None
    assert (source.state, source.pause_reason) == ("paused", "looks odd")
    actions.resume_source(kind=rig.KIND, source_id=1)
    assert len(actions.claim(batch=1).claimed) == 1
    assert actions.cancel_source(kind=rig.KIND, source_id=1) == 3
    actions.resume_source(kind=rig.KIND, source_id=1)
    assert not actions.claim()
    assert rig.reasons() == {"cancelled": 3}


def test_a_paused_route_lets_nothing_through_until_its_time(workspace: Workspace):
    rig.people(1)
    rig.enqueue()
    route = Route.objects.get()
    now = clock.now()
    actions.pause_route(route_id=route.pk, reason="down", until=now + timedelta(minutes=1))
    assert not actions.claim()
    with clock.use(clock.VirtualClock(now + timedelta(minutes=2))):
        batch = actions.claim()
    assert len(batch.claimed) == 1
    rig.give_back(batch)
    actions.pause_route(route_id=route.pk, reason="wrong password")
    with clock.use(clock.VirtualClock(now + timedelta(days=2))):
        assert not actions.claim()
    actions.resume_route(route_id=route.pk)
    assert len(actions.claim().claimed) == 1


def test_a_source_leaves_by_its_own_route_or_else_the_default(workspace: Workspace):
    person = rig.people(1)[0]
    default = Route.objects.get(is_default=True)
    own = rig.route(2526, is_default=False)
    Route.objects.filter(pk=default.pk).update(is_default=True)
    rig.enqueue(1, route_id=own.pk, audience=rig.only(person.pk))
    rig.enqueue(2, audience=rig.only(person.pk))
    batch = actions.claim()
    assert {one.source_id: one.route_id for one in batch.claimed} == {1: own.pk, 2: default.pk}
    rig.give_back(batch)
    Route.objects.filter(pk=own.pk).update(archived_at=clock.now())
    assert {one.route_id for one in actions.claim().claimed} == {default.pk}


def test_another_workspaces_messages_stay_where_they_are(workspace: Workspace, rival: Workspace):
    rig.people(1)
    rig.enqueue()
    with tenancy.workspace(rival.pk):
        assert not actions.claim()


def test_only_the_claim_may_move_a_message_on(workspace: Workspace):
    rig.people(1)
    rig.enqueue()
    mine = actions.claim().claimed[0]
    stranger = uuid.uuid4()
    marked = actions.mark_sending([(mine.id, stranger)])
    assert (marked.sending, marked.lost) == ({}, 1)
    assert Message.objects.get().state == "claimed"
    # Nothing can have become of what was never sent.
    assert actions.settle([Settlement(mine.id, mine.claim, "accepted", code=250)]) == []
    assert list(actions.mark_sending([(mine.id, mine.claim)]).sending) == [mine.id]
    assert actions.settle([Settlement(mine.id, stranger, "accepted", code=250)]) == []
    assert Message.objects.get().state == "sending"
    assert len(actions.settle([Settlement(mine.id, mine.claim, "accepted", code=250)])) == 1
    assert actions.settle([Settlement(mine.id, mine.claim, "rejected", code=550)]) == []
    message = Message.objects.get()
    assert (message.state, message.reply_code, message.attempts) == ("accepted", 250, 1)
    assert Source.objects.get().accepted_count == 1


def test_what_a_limit_puts_off_waits_until_then_and_that_was_no_try(workspace: Workspace):
    rig.people(2)
    rig.enqueue()
    later = clock.now() + timedelta(hours=1)
    claimed, marked = actions.claim().claimed
    actions.mark_sending([(marked.id, marked.claim)])
    put_off = [Settlement(one.id, one.claim, "queued", due_at=later) for one in (claimed, marked)]
    assert len(actions.settle(put_off)) == 2
    assert set(Message.objects.values_list("state", "attempts", "due_at", "sending_at")) == {("queued", 0, later, None)}
    assert not actions.claim()
    assert queries.next_due_at() == later
    with clock.use(clock.VirtualClock(later)):
        assert len(actions.claim().claimed) == 2


def test_a_living_workers_lease_goes_on(workspace: Workspace):
    rig.people(1)
    rig.enqueue()
    start = clock.now()
    with clock.use(clock.VirtualClock(start)) as moving:
        assert isinstance(moving, clock.VirtualClock)
        mine = actions.claim().claimed[0]
        moving.advance(LEASE - timedelta(seconds=1))
        assert actions.extend_leases([mine.claim]) == {mine.claim}
        moving.advance(LEASE - timedelta(seconds=1))
        assert actions.recover() == {}
        moving.advance(LEASE)
        assert actions.recover() == {"queued": 1}
        assert actions.extend_leases([mine.claim]) == set()
        assert len(actions.claim().claimed) == 1


def test_a_finished_source_is_left_alone_until_somebody_joins(workspace: Workspace):
    people = rig.people(2)
    rig.enqueue(audience=rig.only(people[0].pk))
    assert finish_sources(clock.now()) == 0
    mine = actions.claim().claimed[0]
    actions.mark_sending([(mine.id, mine.claim)])
    assert finish_sources(clock.now()) == 0
    actions.settle([Settlement(mine.id, mine.claim, "accepted", code=250)])
    assert finish_sources(clock.now()) == 1
    assert Source.objects.get().state == "finished"
    rig.enqueue(audience=rig.only(people[1].pk))
    assert Source.objects.get().state == "active"
    assert len(actions.claim().claimed) == 1


@pytest.mark.django_db(transaction=True)
def test_each_minute_what_is_due_is_handed_to_a_worker_once(workspace: Workspace, rival: Workspace):
    rig.people(1)
    rig.enqueue()
    assert tasks.look_after_mail() == 1
    assert tasks.look_after_mail() == 0
