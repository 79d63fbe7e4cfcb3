"""Suppression: who gets nothing any more, why, and that only a person lifts it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from northpost.contacts.models import Consent
from northpost.core import clock, tenancy
from northpost.core.addresses import AddressError
from northpost.delivery import actions, queries, sources
from northpost.delivery.actions.suppression import lift_everywhere, suppress_everywhere
from northpost.delivery.models import Message, Source, Suppression
from northpost.delivery.rules.replies import Blame
from northpost.delivery.tests import rig
from northpost.events.models import Event
from northpost.team.models import AuditEntry, Workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def message(workspace: Workspace) -> Message:
    rig.register()
    rig.people(1)
    rig.enqueue()
    Message.objects.update(state="accepted", settled_at=clock.now())
    return Message.objects.get()


def test_by_hand_and_lifted_again(workspace: Workspace):
    assert actions.suppress(email=" Ivan@MAIL.example ")
    assert not actions.suppress(email="ivan@mail.example")
    row = Suppression.objects.get()
    assert (row.email_key, row.reason) == ("ivan@mail.example", "manual")
    with pytest.raises(AddressError):
        actions.suppress(email="nobody")
    assert actions.lift_suppression(email="IVAN@mail.example")
    assert not actions.lift_suppression(email="ivan@mail.example")
    assert not Suppression.objects.exists()
    assert list(
        AuditEntry.objects.filter(noun__in=("address", "suppression")).order_by("id").values_list("verb", flat=True)
    ) == [
        "suppressed",
        "lifted",
    ]


def test_it_is_the_workspaces_own(workspace: Workspace, rival: Workspace):
    actions.suppress(email="ivan@mail.example")
    with tenancy.workspace(rival.pk):
        assert not Suppression.objects.exists()
        rig.people(1)
        assert rig.enqueue().queued == 1


def test_a_complaint_suppresses_withdraws_and_counts_once(message: Message):
    assert actions.complain(message_id=message.pk)
    assert not actions.complain(message_id=message.pk)
    assert (Suppression.objects.get().reason, Consent.objects.get().state) == ("complaint", "withdrawn")
    assert Event.objects.filter(kind="mail.complained").count() == 1
    assert Source.objects.get().complained_count == 1
    assert Message.objects.get().complained_at is not None


def test_complaints_stop_a_mailing(message: Message):
    told: list[tuple[int, str]] = []
    sources.register(
        rig.KIND,
        lambda source_id: rig.mailing(),
        on_breaker=lambda source_id, found: told.append((source_id, found.level)),
    )
    rig.people(1, start=5)
    rig.enqueue()
    Source.objects.update(accepted_count=300)
    actions.complain(message_id=message.pk)
    assert told == [(1, "stop")]
    source = queries.source(rig.KIND, 1)
    assert source is not None
    assert source.state == "cancelled"
    assert rig.reasons() == {"cancelled": 1}


def test_a_late_hard_bounce_suppresses_and_a_delivery_lifts_nothing(message: Message):
    assert actions.record_bounce(message_id=message.pk, enhanced="5.1.1", text="no such user") is Blame.HARD
    assert actions.record_bounce(message_id=message.pk, enhanced="5.1.1", text="no such user") is Blame.HARD
    assert Suppression.objects.get().reason == "hard_bounce"
    assert Event.objects.filter(kind="mail.bounced").count() == 1
    # Whatever is accepted at that address later.
    Message.objects.update(state="accepted", bounced_at=None)
    assert rig.enqueue(2).skipped == {"suppressed": 1}


def test_soft_bounces_escalate_at_the_fifth_within_thirty_days(message: Message):
    ids = [message.pk]
    for source_id in range(2, 7):
        rig.enqueue(source_id)
        ids.append(Message.objects.get(source_id=source_id).pk)
    start = clock.now()
    with clock.use(clock.VirtualClock(start - timedelta(days=31))):
        actions.record_bounce(message_id=ids[0], enhanced="4.2.2", text="full")
    for message_id in ids[1:5]:
        actions.record_bounce(message_id=message_id, enhanced="4.2.2", text="full")
    assert not Suppression.objects.exists()
    actions.record_bounce(message_id=ids[5], enhanced="4.2.2", text="full")
    assert Suppression.objects.get().reason == "soft_bounces"


@pytest.mark.parametrize("enhanced", ["5.7.515", "5.7.26", "5.7.1"])
def test_a_policys_refusal_suppresses_nobody(message: Message, enhanced: str):
    actions.record_bounce(message_id=message.pk, code=550, enhanced=enhanced, text="user unknown")
    assert not Suppression.objects.exists()
    assert not Event.objects.filter(kind="mail.bounced").exists()
    assert Message.objects.get().bounced_at is None


def test_of_another_workspaces_message_nothing_is_known(message: Message, rival: Workspace):
    with tenancy.workspace(rival.pk):
        for action in (actions.complain, actions.unsubscribe, actions.record_bounce, actions.stay):
            with pytest.raises(actions.NoSuchMessage):
                action(message_id=message.pk)
    assert not Suppression.objects.exists()


def test_the_installations_list_holds_in_every_workspace_at_the_gate_and_when_it_is_sent(
    workspace: Workspace, rival: Workspace
):
    rig.register()
    rig.route(9)
    rig.people(3)
    with pytest.raises(AddressError):
        suppress_everywhere(["person0@mail.example", "nobody"])
    assert rig.enqueue(1).queued == 3
    assert suppress_everywhere([" Person0@MAIL.example", "person0@mail.example"], why="asked by phone") == 1
    assert suppress_everywhere(["person0@mail.example"]) == 0
    assert rig.enqueue(2).skipped == {"suppressed": 1}
    held = actions.claim()
    suppress_everywhere(["person1@mail.example"])
    marked = rig.mark(held)
    assert (len(held), len(marked.sending), marked.skipped) == (5, 2, {"suppressed": 3})
    with tenancy.workspace(rival.pk):
        rig.people(1)
        assert rig.enqueue().skipped == {"suppressed": 1}
    # A workspace lifts its own only.
    assert not actions.lift_suppression(email="person0@mail.example")
    assert rig.enqueue(3).skipped == {"suppressed": 2}
    assert lift_everywhere(email="person0@mail.example")
    assert not lift_everywhere(email="person0@mail.example")
    assert rig.enqueue(4).skipped == {"suppressed": 1}


@pytest.mark.django_db(transaction=True)
def test_the_installations_list_holds_in_the_last_moment(workspace: Workspace):
    rig.register()
    rig.route(9)
    rig.people(2)
    rig.enqueue()
    claimed = actions.claim()
    suppress_everywhere(["person0@mail.example"])
    marked = rig.mark(claimed)
    assert (len(marked.sending), marked.skipped) == (1, {"suppressed": 1})
