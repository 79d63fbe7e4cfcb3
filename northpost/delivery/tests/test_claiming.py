"""A claim takes what is due, best first, once; and decides again who may get it."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from northpost.contacts.actions import erase_contact, withdraw_consent
from northpost.contacts.models import Contact
from northpost.core import clock, tenancy
from northpost.delivery import actions, queries, tasks
from northpost.delivery.actions.control import finish_sources
from northpost.delivery.actions.ledger import LEASE, Settlement
from northpost.delivery.models import Message, Route, Source, WaitingBatch
from northpost.delivery.tests import rig
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db


def ids(claimed: list[actions.ledger.Claimed]) -> list[int]:
    return [one.source_id for one in claimed]


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
    assert [one.contact_id for one in actions.claim(batch=1)] == [people[1].pk]
    assert [one.contact_id for one in actions.claim(batch=1)] == [people[0].pk]


def test_nothing_before_its_time(workspace: Workspace):
    rig.people(1)
    later = clock.now() + timedelta(hours=1)
    rig.enqueue(due_at=later)
    assert not queries.is_due(clock.now())
    assert queries.next_due_at() == Message.objects.get().due_at == later
    assert not actions.claim()
    assert len(actions.claim(until=later)) == 1


def test_those_who_left_since_are_skipped_with_the_reason(workspace: Workspace):
    people = rig.people(6)
    rig.enqueue(expires_at=clock.now() + timedelta(days=1))
    rig.enqueue(2, audience=rig.only(people[5].pk), purpose_id=None, transactional=True)
    withdraw_consent(contact_id=people[0].pk, source="page")
    actions.suppress(email=people[1].email)
    erase_contact(contact_id=people[2].pk)
    withdraw_consent(contact_id=people[5].pk, source="page")
    marked = rig.mark(actions.claim())
    assert marked.skipped == {"no_consent": 2, "suppressed": 1}
    assert rig.reasons() == {"no_consent": 2, "suppressed": 1, "erased": 1}
    sending = Message.objects.filter(state="sending")
    assert set(sending.values_list("contact_id", "source_id")) == {
        (people[3].pk, 1),
        (people[4].pk, 1),
        (people[5].pk, 2),
    }
    assert set(marked.sending) == set(sending.values_list("pk", flat=True))


def test_whose_time_has_passed_is_skipped(workspace: Workspace):
    rig.people(2)
    rig.enqueue(expires_at=clock.now() + timedelta(days=1))
    with clock.use(clock.VirtualClock(clock.now() + timedelta(days=2))):
        assert rig.mark(actions.claim()).skipped == {"expired": 2}


def test_who_has_no_address_any_more_is_skipped(workspace: Workspace):
    people = rig.people(2)
    rig.enqueue()
    held = actions.claim()
    Contact.objects.filter(pk=people[0].pk).update(email=None, email_key=None)
    Contact.objects.filter(pk=people[1].pk).update(email="new@mail.example", email_key="new@mail.example")
    marked = rig.mark(held)
    assert marked.skipped == {"no_address": 1}
    # It goes where the gate has looked, which is not where the claim had seen it.
    assert [one.email for one in held] == ["person0@mail.example", "person1@mail.example"]
    assert [one.email for one in marked.sending.values()] == ["new@mail.example"]
    assert Message.objects.get(state="sending").email == "new@mail.example"


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
    assert len(actions.claim(batch=1)) == 1
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
    assert len(batch) == 1
    rig.give_back(batch)
    actions.pause_route(route_id=route.pk, reason="wrong password")
    with clock.use(clock.VirtualClock(now + timedelta(days=2))):
        assert not actions.claim()
    actions.resume_route(route_id=route.pk)
    assert len(actions.claim()) == 1


def test_a_source_leaves_by_its_own_route_or_else_the_default(workspace: Workspace):
    person = rig.people(1)[0]
    default = Route.objects.get(is_default=True)
    own = rig.route(2526, is_default=False)
    Route.objects.filter(pk=default.pk).update(is_default=True)
    rig.enqueue(1, route_id=own.pk, audience=rig.only(person.pk))
    rig.enqueue(2, audience=rig.only(person.pk))
    batch = actions.claim()
    assert {one.source_id: one.route_id for one in batch} == {1: own.pk, 2: default.pk}
    rig.give_back(batch)
    Route.objects.filter(pk=own.pk).update(archived_at=clock.now())
    assert {one.route_id for one in actions.claim()} == {default.pk}


def test_another_workspaces_messages_stay_where_they_are(workspace: Workspace, rival: Workspace):
    rig.people(1)
    rig.enqueue()
    with tenancy.workspace(rival.pk):
        assert not actions.claim()


def test_only_the_claim_may_move_a_message_on(workspace: Workspace):
    rig.people(1)
    rig.enqueue()
    mine = actions.claim()[0]
    stranger = uuid.uuid4()
    marked = actions.mark_sending([(mine.id, stranger)], route_id=mine.route_id)
    assert (marked.sending, marked.lost) == ({}, 1)
    assert (Message.objects.get().state, rig.taken_up()) == ("queued", 1)
    # Nothing can have become of what was never sent.
    assert actions.settle([Settlement(mine.id, mine.claim, "accepted", code=250)]) == []
    assert list(rig.mark([mine]).sending) == [mine.id]
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
    claimed, marked = actions.claim()
    rig.mark([marked])
    put_off = [Settlement(one.id, one.claim, "queued", due_at=later) for one in (claimed, marked)]
    assert len(actions.settle(put_off)) == 2
    assert set(Message.objects.values_list("state", "attempts", "due_at", "sending_at")) == {("queued", 0, later, None)}
    assert not actions.claim()
    assert queries.next_due_at() == later
    with clock.use(clock.VirtualClock(later)):
        assert len(actions.claim()) == 2


def test_recovery_finds_what_was_only_claimed_and_nothing_else(workspace: Workspace):
    """Of a worker that is gone: some never begun, some given back, some being sent, and one to be tried again."""
    rig.people(6)
    rig.enqueue()
    held = actions.claim()
    given_back, sending, deferred, sent = held[:2], held[2], held[3], held[4]
    rig.mark([sending, deferred, sent])
    later = clock.now() + timedelta(hours=1)
    rig.give_back(given_back)
    put_off = Settlement(deferred.id, deferred.claim, "deferred", code=451, due_at=later)
    assert len(actions.settle([put_off, Settlement(sent.id, sent.claim, "accepted", code=250)])) == 2
    other = actions.claim()
    assert [one.id for one in other] == [one.id for one in given_back]
    rig.give_back(other)
    # Both claims are lost at once.
    assert rig.after_leases() == {"queued": 1, "in_doubt": 1}
    assert rig.after_leases() == {}
    waiting = [message_id for batch in WaitingBatch.objects.all() for message_id in batch.message_ids]
    assert sorted(waiting) == sorted([one.id for one in given_back] + [deferred.id, held[5].id])
    assert Message.objects.get(pk=sending.id).state == "in_doubt"
    assert {one.id for one in actions.claim()} == {*(one.id for one in given_back), held[5].id}


def test_marked_again_after_the_answer_was_lost_it_counts_once(workspace: Workspace):
    rig.people(2)
    rig.enqueue()
    held = actions.claim()
    first = rig.mark(held)
    assert rig.mark(held) == first
    assert set(Message.objects.values_list("state", "attempts")) == {("sending", 1)}


def test_a_living_workers_lease_goes_on(workspace: Workspace):
    rig.people(1)
    rig.enqueue()
    start = clock.now()
    with clock.use(clock.VirtualClock(start)) as moving:
        assert isinstance(moving, clock.VirtualClock)
        mine = actions.claim()[0]
        moving.advance(LEASE - timedelta(seconds=1))
        assert actions.extend_leases([mine.claim]) == {mine.claim}
        moving.advance(LEASE - timedelta(seconds=1))
        assert actions.recover() == {}
        moving.advance(LEASE)
        assert actions.recover() == {"queued": 1}
        assert actions.extend_leases([mine.claim]) == set()
        assert len(actions.claim()) == 1


def test_a_finished_source_is_left_alone_until_somebody_joins(workspace: Workspace):
    people = rig.people(2)
    rig.enqueue(audience=rig.only(people[0].pk))
    assert finish_sources(clock.now()) == 0
    mine = actions.claim()[0]
    rig.mark([mine])
    assert finish_sources(clock.now()) == 0
    actions.settle([Settlement(mine.id, mine.claim, "accepted", code=250)])
    assert finish_sources(clock.now()) == 1
    assert Source.objects.get().state == "finished"
    rig.enqueue(audience=rig.only(people[1].pk))
    assert Source.objects.get().state == "active"
    assert len(actions.claim()) == 1


@pytest.mark.django_db(transaction=True)
def test_each_minute_what_is_due_is_handed_to_a_worker_once(workspace: Workspace, rival: Workspace):
    rig.people(1)
    rig.enqueue()
    assert tasks.look_after_mail() == 1
    assert tasks.look_after_mail() == 0
