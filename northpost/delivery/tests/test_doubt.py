"""What is in doubt is settled by evidence or by somebody's decision, once, and everything counts it alike."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from northpost.core import clock, tenancy
from northpost.delivery import actions, addresses, queries
from northpost.delivery.actions.doubt import Finding, resolve
from northpost.delivery.actions.ledger import Settlement
from northpost.delivery.doubt import known
from northpost.delivery.models import (
    Evidence,
    HitKind,
    Message,
    MessageState,
    Resolution,
    Source,
    SourceState,
    Suppression,
    Verdict,
)
from northpost.delivery.tests import rig
from northpost.events.models import Event
from northpost.team.models import AuditEntry, User, Workspace

pytestmark = pytest.mark.django_db
STATE = {Verdict.DELIVERED: "accepted", Verdict.REFUSED: "rejected", Verdict.AGAIN: "queued"}


@pytest.fixture
def doubted(workspace: Workspace) -> list[Message]:
    """Five in doubt of a mailing that is finished, and one that was sent."""
    rig.register()
    rig.people(6)
    rig.enqueue()
    now = clock.now()
    ids = list(Message.objects.order_by("pk").values_list("pk", flat=True))
    Message.objects.update(state=MessageState.ACCEPTED, sending_at=now, settled_at=now, attempts=1)
    Message.objects.filter(pk__in=ids[:5]).update(state=MessageState.IN_DOUBT, reply_text="connection lost")
    rig.note_doubts()
    Source.objects.update(state=SourceState.FINISHED, in_doubt_count=5, accepted_count=1)
    return list(Message.objects.filter(pk__in=ids[:5]).order_by("pk"))


def counted() -> dict[str, int]:
    """As the mailing counts itself; the ledger is held against it."""
    source = Source.objects.get()
    ledger = Counter(Message.objects.values_list("state", flat=True))
    said = {
        "accepted": source.accepted_count,
        "rejected": source.rejected_count,
        "in_doubt": source.in_doubt_count,
    }
    assert {name: ledger[name] for name in said} == said
    assert queries.counts(rig.KIND, 1).states == dict(ledger)
    return {name: number for name, number in said.items() if number}


@pytest.mark.parametrize("verdict", [Verdict.DELIVERED, Verdict.REFUSED, Verdict.AGAIN])
def test_a_verdict_moves_the_message_and_what_counts_it(doubted: list[Message], owner: User, verdict: Verdict):
    first = doubted[0]
    done = resolve([Finding(first.pk, verdict, 550, "5.7.1", "not wanted")], evidence=Evidence.PERSON, user=owner)
    assert (done.verdicts, done.untouched) == ({verdict: 1}, 0)
    first.refresh_from_db()
    assert (first.state, first.reply_code, first.reply_text) == (STATE[verdict], 550, "not wanted")
    assert (
        counted()
        == {
            Verdict.DELIVERED: {"accepted": 2, "in_doubt": 4},
            Verdict.REFUSED: {"accepted": 1, "rejected": 1, "in_doubt": 4},
            Verdict.AGAIN: {"accepted": 1, "in_doubt": 4},
        }[verdict]
    )
    resolution = Resolution.objects.get()
    assert (resolution.message_id, resolution.verdict, resolution.user_id) == (first.pk, verdict, owner.pk)
    entry = AuditEntry.objects.get(noun="doubt")
    assert (entry.verb, entry.detail, entry.user) == (f"settled_{verdict.value}", {"mails": 1}, owner)


def test_whoever_comes_first_decides(doubted: list[Message]):
    first = doubted[0].pk
    resolve([Finding(first, Verdict.DELIVERED)], evidence=Evidence.LOG)
    done = resolve([Finding(first, Verdict.AGAIN), Finding(first + 1000, Verdict.AGAIN)], evidence=Evidence.PERSON)
    assert (done.verdicts, done.untouched) == ({}, 2)
    assert Message.objects.get(pk=first).state == "accepted"
    assert Resolution.objects.count() == 1
    assert counted() == {"accepted": 2, "in_doubt": 4}


@pytest.mark.parametrize("state", ["queued", "sending", "deferred", "accepted", "rejected", "skipped"])
def test_nothing_but_a_doubt_is_settled(doubted: list[Message], state: str):
    Message.objects.filter(pk=doubted[0].pk).update(state=state)
    before = Message.objects.filter(pk=doubted[0].pk).values().get()
    for verdict in Verdict:
        assert resolve([Finding(doubted[0].pk, verdict)], evidence=Evidence.PERSON).untouched == 1
    assert Message.objects.filter(pk=doubted[0].pk).values().get() == before
    assert not Resolution.objects.exists()


def test_one_left_in_doubt_is_kept_apart_and_can_still_be_settled(doubted: list[Message]):
    first = doubted[0].pk
    assert resolve([Finding(first, Verdict.LEFT)], evidence=Evidence.PERSON).verdicts == {Verdict.LEFT: 1}
    assert counted() == {"accepted": 1, "in_doubt": 5}
    assert first not in known.find().values_list("pk", flat=True)
    assert list(known.find(left=True).values_list("pk", flat=True)) == [first]
    resolve([Finding(first, Verdict.DELIVERED)], evidence=Evidence.WEBHOOK)
    assert counted() == {"accepted": 2, "in_doubt": 4}


def test_a_refusal_is_a_bounce_like_any_other(doubted: list[Message]):
    hard = Finding(doubted[0].pk, Verdict.REFUSED, 550, "5.1.1", "User unknown")
    policy = Finding(doubted[1].pk, Verdict.REFUSED, 550, "5.7.1", "not wanted")
    resolve([hard, policy], evidence=Evidence.LOG)
    assert list(Suppression.objects.values_list("email_key", flat=True)) == ["person0@mail.example"]
    assert Message.objects.get(pk=doubted[0].pk).bounced_at is not None
    assert Message.objects.get(pk=doubted[1].pk).bounced_at is None
    assert list(Event.objects.values_list("kind", "message_id")) == [("mail.bounced", doubted[0].pk)]


def test_sent_again_passes_the_gate_once_more(doubted: list[Message]):
    gone, back = doubted[0], doubted[1]
    actions.unsubscribe(message_id=gone.pk)
    resolve([Finding(one.pk, Verdict.AGAIN) for one in (gone, back)], evidence=Evidence.PERSON)
    assert Source.objects.get().state == SourceState.ACTIVE
    message = Message.objects.get(pk=back.pk)
    assert (message.state, message.attempts, message.sending_at) == ("queued", 0, None)
    marked = rig.mark(actions.claim())
    assert list(marked.sending) == [back.pk]
    assert marked.skipped == {"no_consent": 1}


def test_of_a_cancelled_mailing_nothing_is_sent_again(doubted: list[Message]):
    Source.objects.update(state=SourceState.CANCELLED)
    done = resolve([Finding(one.pk, Verdict.AGAIN) for one in doubted], evidence=Evidence.PERSON)
    assert (done.verdicts, done.untouched) == ({}, 5)
    assert counted() == {"accepted": 1, "in_doubt": 5}
    assert resolve([Finding(doubted[0].pk, Verdict.DELIVERED)], evidence=Evidence.PERSON).settled == 1


def test_a_paused_mailing_stays_paused(doubted: list[Message]):
    Source.objects.update(state=SourceState.PAUSED)
    resolve([Finding(doubted[0].pk, Verdict.AGAIN)], evidence=Evidence.PERSON)
    assert Source.objects.get().state == SourceState.PAUSED
    assert not actions.claim()


def test_whoever_opened_it_has_it(doubted: list[Message]):
    first = doubted[0].pk
    actions.record_hits([actions.NewHit(HitKind.OPEN, first, clock.now(), method="HEAD", agent="curl/8")])
    with clock.use(clock.VirtualClock(clock.now() + timedelta(seconds=12))):
        actions.classify_hits()
    assert Message.objects.get(pk=first).state == "accepted"
    assert Resolution.objects.get().evidence == Evidence.HIT
    assert counted() == {"accepted": 2, "in_doubt": 4}


def test_a_rival_decides_nothing(doubted: list[Message], rival: Workspace):

    with tenancy.workspace(rival.pk):
        assert resolve([Finding(doubted[0].pk, Verdict.DELIVERED)], evidence=Evidence.PERSON).untouched == 1
        assert not known.find().exists()
    assert counted() == {"accepted": 1, "in_doubt": 5}


def test_what_is_known_of_each(doubted: list[Message]):
    route = rig.route(2500, host="relay.firm.example", name="Relay")
    Message.objects.filter(pk=doubted[0].pk).update(route_id=route.pk)
    Message.objects.filter(pk=doubted[1].pk).update(reply_text=known.STOPPED)
    found = {one.message.pk: one for one in known.describe(list(known.find()))}
    one, other = found[doubted[0].pk], found[doubted[1].pk]
    assert (one.route, one.server, one.told, one.stopped) == (
        "Relay", "relay.firm.example:2500", "connection lost", False,
    )  # fmt: skip
    assert (other.stopped, other.told) == (True, "")
    workspace_id = one.message.workspace_id
    assert addresses.read_message(addresses.MESSAGE_ID, one.message_id) == (workspace_id, one.message.pk)
    assert addresses.return_path(workspace_id, one.message.pk, "x.example") == f"{one.verp}@x.example"


def test_whatever_ends_in_doubt_is_found(workspace: Workspace):
    """By recovery, which the desk words as its own, and by settling."""
    rig.people(2)
    rig.enqueue()
    held = actions.claim()
    rig.mark(held)
    lost = Settlement(held[0].id, held[0].claim, "in_doubt", text="connection lost")
    actions.settle([lost])
    assert [one.told for one in known.describe(list(known.find()))] == ["connection lost"]
    assert rig.after_leases() == {"in_doubt": 1}
    assert [one.stopped for one in known.describe(list(known.find().order_by("pk")))] == [False, True]
    assert counted() == {"in_doubt": 2}


def test_a_mail_servers_log_settles_them(doubted: list[Message], tmp_path: Path):
    workspace_id = doubted[0].workspace_id

    def lines(number: int, message: Message, *more: str) -> str:
        header = addresses.message_id_header(workspace_id, message.pk, "shop.example")
        sender = addresses.return_path(workspace_id, message.pk, "shop.example")
        queue_id = f"4AB12C0D{number:02X}"
        made = [
            f"cleanup[1]: {queue_id}: message-id={header}",
            f"qmgr[1]: {queue_id}: from=<{sender}>, size=9, nrcpt=1 (queue active)",
            *(f"smtp[1]: {queue_id}: to=<{message.email}>, relay=mx, delay=1, delays=0, {each}" for each in more),
        ]
        return "".join(f"Nov 22 10:00:00 mail postfix/{each}\n" for each in made)

    forged = lines(9, doubted[4]).replace("message-id=<", "message-id=<A").replace("from=<bounce+", "from=<bounce+0")
    (tmp_path / "mail.log").write_text(
        lines(1, doubted[0], "dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 7F3)")
        + lines(2, doubted[1], "dsn=5.1.1, status=bounced (host mx said: 550 5.1.1 User unknown (in reply to RCPT))")
        + lines(3, doubted[2], "dsn=4.4.1, status=deferred (connect to mx: Connection timed out)")
        + forged
    )
    done = resolve(known.read_logs([tmp_path / "mail.log"]), evidence=Evidence.LOG)
    assert done.verdicts == {Verdict.DELIVERED: 2, Verdict.REFUSED: 1}
    assert [Message.objects.get(pk=one.pk).state for one in doubted] == [
        "accepted", "rejected", "accepted", "in_doubt", "in_doubt",
    ]  # fmt: skip
    assert counted() == {"accepted": 3, "rejected": 1, "in_doubt": 2}
    # Read once more it changes nothing.
    assert known.read_logs([tmp_path / "mail.log"]) == []
