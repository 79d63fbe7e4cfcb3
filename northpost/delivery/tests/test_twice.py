"""Whatever is done twice, or at the same time by two, changes nothing the second time and leaves nothing behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import OperationalError, connection, transaction

from northpost.contacts.actions import erase_contact
from northpost.core import clock, sql, tenancy
from northpost.delivery import actions, tasks
from northpost.delivery.actions import doubt, ledger, routing
from northpost.delivery.actions.ledger import Settlement
from northpost.delivery.engine import handing, send_due
from northpost.delivery.engine.persisting import Persistence
from northpost.delivery.engine.report import SendReport
from northpost.delivery.models import Claim, Message, Source, Verdict, WaitingBatch
from northpost.delivery.tests import rig
from northpost.team.models import Workspace

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_jobs")]


def waiting() -> list[int]:
    return sorted(message_id for batch in WaitingBatch.objects.all() for message_id in batch.message_ids)


class Beside:
    """What another connection does meanwhile; by the time this is made, it waits for what this one has locked."""

    def __init__(self, workspace: Workspace, do: Callable[[], object]) -> None:
        self._workspace_id = workspace.pk
        self._do = do
        self.errors: list[OperationalError] = []
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        time.sleep(0.5)

    def join(self) -> None:
        self._thread.join(30)

    def _run(self) -> None:
        try:
            with tenancy.workspace(self._workspace_id):
                self._do()
        except OperationalError as error:
            self.errors.append(error)
        finally:
            connection.close()


def test_given_back_twice_it_waits_once(workspace: Workspace):
    rig.people(3)
    rig.enqueue()
    held = actions.claim()
    back = [Settlement(one.id, one.claim, "queued") for one in held]
    assert len(actions.settle(back)) == 3
    assert actions.settle(back) == []
    assert waiting() == sorted(one.id for one in held)


def test_put_back_by_the_mark_twice_it_waits_once(workspace: Workspace):
    rig.people(3)
    rig.enqueue()
    held = actions.claim()
    actions.pause_source(kind=rig.KIND, source_id=1)
    assert rig.mark(held).returned == 3
    actions.resume_source(kind=rig.KIND, source_id=1)
    assert rig.mark(held).lost == 3
    assert waiting() == sorted(one.id for one in held)
    assert rig.states() == {"queued": 3}


def test_marked_again_after_a_pause_that_was_no_try(workspace: Workspace):
    rig.people(1)
    rig.enqueue()
    held = actions.claim()
    rig.mark(held)
    actions.pause_source(kind=rig.KIND, source_id=1)
    assert rig.mark(held).returned == 1
    message = Message.objects.get()
    assert (message.state, message.attempts, message.sending_at) == ("queued", 0, None)


def test_marked_again_while_the_first_try_is_still_under_way_it_is_sending(workspace: Workspace):
    """The connection was lost and the server works on: the second try waits, and finds what the first has done."""
    rig.people(3)
    rig.enqueue()
    held = actions.claim()
    pairs = [(one.id, one.claim) for one in held]
    found: list[ledger.Marked] = []
    statement = {
        "workspace_id": workspace.pk,
        "claims": [held[0].claim],
    }
    with transaction.atomic():
        sql.fetch_rows(sql.load("northpost.delivery", "lock_claims"), statement)
        again = Beside(workspace, lambda: found.append(actions.mark_sending(pairs, route_id=held[0].route_id)))
        Message.objects.filter(pk__in=[one.id for one in held]).update(
            state="sending", claim=held[0].claim, attempts=1, sending_at=clock.now(), email="person0@mail.example"
        )
        Claim.objects.update(begun_ids=[one.id for one in held])
    again.join()
    assert again.errors == []
    assert (set(found[0].sending), found[0].lost) == ({one.id for one in held}, 0)
    assert set(Message.objects.values_list("state", "attempts")) == {("sending", 1)}


def test_a_run_whose_give_back_was_not_confirmed_sends_once(
    workspace: Workspace, tmp_path, monkeypatch: pytest.MonkeyPatch
):
    rig.register()
    rig.people(5)
    real, lost, looks = actions.settle, [], []

    def settle(settlements: list[Settlement]) -> list[int]:
        written = real(settlements)
        if not lost and any(one.state == "queued" for one in settlements):
            lost.append(True)
            raise OperationalError("server closed the connection unexpectedly")
        return written

    def should_stop() -> bool:
        looks.append(True)
        return len(looks) > 3

    with rig.sink(tmp_path) as sink:
        rig.route(sink.port)
        rig.enqueue()
        with monkeypatch.context() as patch:
            patch.setattr(actions, "settle", settle)
            patch.setattr(handing.Window, "room", lambda self, sending, waiting: 0)
            send_due(workspace.pk, timeouts=rig.QUICK, should_stop=should_stop)
        assert lost
        assert send_due(workspace.pk, timeouts=rig.QUICK).accepted == 5
        assert rig.reconcile(sink) == {"accepted": 5}


def test_a_batch_that_names_a_message_twice_is_claimed_once(workspace: Workspace):
    rig.people(1)
    rig.enqueue()
    batch = WaitingBatch.objects.get()
    WaitingBatch.objects.update(message_ids=batch.message_ids * 2)
    assert [one.id for one in actions.claim()] == batch.message_ids


def test_a_claim_lists_what_it_has_begun_once(workspace: Workspace):
    rig.people(6)
    rig.enqueue()
    first, second = actions.claim(batch=3), actions.claim(batch=3)
    rig.mark([*first[:2], *second[:1]])
    rig.give_back(second[1:2])
    in_doubt = [Settlement(first[0].id, first[0].claim, "in_doubt")]
    assert len(actions.settle(in_doubt)) == 1
    begun = {claim.claim: claim.begun_ids for claim in Claim.objects.all()}
    assert sorted(begun[first[0].claim]) == [one.id for one in first[:2]]
    assert sorted(begun[second[0].claim]) == [one.id for one in second[:2]]


def test_what_comes_back_after_it_was_cancelled_is_skipped(workspace: Workspace):
    rig.people(2)
    rig.enqueue()
    one, two = held = actions.claim()
    rig.mark(held)
    actions.cancel_source(kind=rig.KIND, source_id=1)
    later = clock.now() + timedelta(minutes=5)
    put_off = Settlement(one.id, one.claim, "deferred", code=451, due_at=later)
    assert len(actions.settle([put_off, Settlement(two.id, two.claim, "queued")])) == 2
    tasks.look_after_mail()
    assert (rig.reasons(), waiting()) == ({"cancelled": 2}, [])


def test_again_for_what_is_cancelled_at_the_same_time_is_skipped(workspace: Workspace):
    rig.people(1)
    rig.enqueue()
    held = actions.claim()
    rig.mark(held)
    actions.settle([Settlement(held[0].id, held[0].claim, "in_doubt")])
    with transaction.atomic():
        doubt._move([doubt.Finding(held[0].id, Verdict.AGAIN)])
        cancelling = Beside(workspace, lambda: actions.cancel_source(kind=rig.KIND, source_id=1))
    cancelling.join()
    tasks.look_after_mail()
    assert (rig.reasons(), waiting()) == ({"cancelled": 1}, [])


def test_who_is_erased_while_it_is_marked_gets_nothing_and_leaves_no_address(workspace: Workspace):
    person = rig.people(1)[0]
    rig.enqueue()
    held = actions.claim()
    with transaction.atomic():
        erase_contact(contact_id=person.pk)
        marking = Beside(workspace, lambda: rig.mark(held))
    marking.join()
    message = Message.objects.get()
    assert (message.state, message.reason, message.email) == ("skipped", "erased", None)


@pytest.mark.parametrize("state", ["accepted", "rejected"])
def test_what_a_server_says_of_somebody_erased_since_is_not_kept(workspace: Workspace, state: str):
    person = rig.people(1)[0]
    rig.enqueue()
    held = actions.claim()
    rig.mark(held)
    erase_contact(contact_id=person.pk)
    told = Settlement(held[0].id, held[0].claim, state, code=250, text="<person0@mail.example> is known")
    assert len(actions.settle([told])) == 1
    message = Message.objects.get()
    assert (message.state, message.email, message.reply_text) == (state, None, "")


def test_cancelling_and_settling_do_not_lock_each_other_out(workspace: Workspace):
    rig.people(2)
    rig.enqueue()
    one, two = actions.claim()
    rig.mark([two])
    settled = [Settlement(one.id, one.claim, "queued"), Settlement(two.id, two.claim, "in_doubt")]
    with transaction.atomic():
        actions.cancel_source(kind=rig.KIND, source_id=1)
        settling = Beside(workspace, lambda: actions.settle(settled))
    settling.join()
    assert settling.errors == []
    assert rig.states() == {"skipped": 1, "in_doubt": 1}


def test_a_breaker_that_could_not_act_acts_when_it_is_tried_again(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
):
    rig.register()
    rig.people(1)
    rig.enqueue()
    Source.objects.update(rejected_count=5000)
    failed: list[str] = []

    def failing_once(name: str) -> Callable[..., object]:
        real: Callable[..., object] = getattr(routing, name)

        def act(**given: object) -> object:
            if not failed:
                failed.append(name)
                raise OperationalError("deadlock detected")
            return real(**given)

        return act

    for name in ("cancel_source", "pause_source"):
        monkeypatch.setattr(routing, name, failing_once(name))
    Persistence(SendReport())(lambda: routing.check_breakers([(rig.KIND, 1)]))
    assert failed
    assert Source.objects.get().state != "active"


def test_half_a_character_in_a_services_words_is_written_as_a_question_mark(workspace: Workspace):
    rig.people(2)
    rig.enqueue()
    held = actions.claim()
    rig.mark(held)
    told = [Settlement(held[0].id, held[0].claim, "accepted", code=250, text="ok \ud83d")]
    told.append(Settlement(held[1].id, held[1].claim, "rejected", code=550, enhanced="\ud83d", text="no \ud83d"))
    assert len(actions.settle(told)) == 2
    assert set(Message.objects.values_list("reply_text", flat=True)) == {"ok ?", "no ?"}
