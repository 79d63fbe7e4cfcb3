"""What follows from the mails that came in: read, told whose they are, acted upon, in batches."""

from __future__ import annotations

import hashlib
import logging
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import InterfaceError, OperationalError, transaction

from northpost.core import clock, sql, tenancy
from northpost.delivery.actions.doubt import Finding, resolve
from northpost.delivery.actions.leaving import LateBounce, complain, record_late_bounces
from northpost.delivery.actions.routing import pause_route
from northpost.delivery.inbound.classify import AutoReply, Complaint, DmarcMail, Dsn, Reading, Reply, Unknown, classify
from northpost.delivery.inbound.dmarc import UnreadableReport
from northpost.delivery.inbound.parts import MAX_BYTES, Unreadable
from northpost.delivery.inbound.reports import store_reports
from northpost.delivery.inbound.whose import Whose, whose
from northpost.delivery.models import Evidence, InboundKind, InboundMail, InboundState, Message, MessageState
from northpost.delivery.models import Verdict as Arrival
from northpost.delivery.rules.bounces import SENDER_FAULTS, SENDER_FAULTS_WITHIN, classify_bounce
from northpost.delivery.rules.replies import Blame
from northpost.events.actions import NewEvent, record_events

log = logging.getLogger(__name__)

BATCH = 100


@dataclass
class Verdict:
    """What is made of one mail; the columns of models.InboundMail."""

    id: int
    state: str = InboundState.DONE
    kind: str = InboundKind.UNKNOWN
    blame: str = ""
    code: int | None = None
    enhanced: str = ""
    diagnostic: str = ""
    detail: str = ""
    message: Message | None = None
    sender_key: str = ""
    about_key: str = ""
    subject: str = ""
    text: str = ""
    reports: tuple[bytes, ...] = field(default=(), repr=False)
    key: str = ""


def follow_up() -> int:
    """Look at everything of the current workspace that waits; returns how many mails that were.

    Safe to run any number of times, at once, and after a crash: what follows from a mail is committed together with its
    being read, and each effect counts once by itself.
    """
    done = 0
    while batch := _follow_batch(BATCH):
        done += batch
    return done


def _follow_batch(size: int) -> int:
    try:
        return _follow(size)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        if size == 1:
            raise
        log.exception("inbound mail: a batch failed; each is tried by itself")
        return _follow_singly()


def _follow_singly() -> int:
    """So that one mail that nobody foresaw keeps no other waiting."""
    done = 0
    for mail_id in list(
        InboundMail.objects.filter(state=InboundState.WAITING).order_by("pk").values_list("pk", flat=True)
    ):
        try:
            done += _follow(1, mail_id=mail_id)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            log.exception("inbound mail %s can't be followed up: it is put aside", mail_id)
            done += InboundMail.objects.filter(pk=mail_id, state=InboundState.WAITING).update(
                state=InboundState.REFUSED, kind=InboundKind.UNKNOWN, detail="failed", read_at=clock.now()
            )
    return done


def _follow(size: int, *, mail_id: int | None = None) -> int:
    with transaction.atomic():
        waiting = InboundMail.objects.filter(state=InboundState.WAITING)
        if mail_id is not None:
            waiting = waiting.filter(pk=mail_id)
        rows = list(waiting.select_for_update(skip_locked=True).order_by("pk")[:size])
        if not rows:
            return 0
        verdicts = _judge_all(rows)
        _act(verdicts)
        _settle(verdicts)
        _hold_routes()
    return len(rows)


@dataclass(frozen=True)
class Read:
    """A mail as it was understood, before it is known whether the message that it names is there."""

    row: InboundMail
    reading: Reading
    key: str
    whose: Whose | None


def _judge_all(rows: Sequence[InboundMail]) -> list[Verdict]:
    read = [_read(row) for row in rows]
    workspace_id = tenancy.require_workspace()
    named = {one.whose.message_id for one in read if isinstance(one, Read) and one.whose}
    messages = Message.objects.in_bulk(named)
    verdicts = []
    for one in read:
        if isinstance(one, Read):
            ours = one.whose is not None and one.whose.workspace_id == workspace_id
            one = _judge(one, messages.get(one.whose.message_id) if ours and one.whose else None)
        verdicts.append(one)
    return verdicts


def _read(row: InboundMail) -> Read | Verdict:
    raw = zlib.decompressobj().decompress(bytes(row.raw or b""), MAX_BYTES)
    try:
        reading = classify(raw)
    except (Unreadable, UnreadableReport) as refused:
        return Verdict(row.pk, state=InboundState.REFUSED, detail=refused.reason)
    return Read(row, reading, _key(reading, raw), whose(reading.mail, row.envelope_recipient))


def _judge(read: Read, message: Message | None) -> Verdict:
    reading, kind = read.reading, read.reading.kind
    verdict = Verdict(
        read.row.pk, sender_key=reading.sender_key, subject=reading.subject, key=read.key, message=message
    )
    if isinstance(kind, DmarcMail):
        verdict.kind, verdict.reports = InboundKind.DMARC, kind.reports
    elif isinstance(kind, AutoReply):
        verdict.kind = InboundKind.AUTO_REPLY
    elif isinstance(kind, Unknown):
        verdict.detail = kind.why
    elif message is None:
        # Whoever wrote it, nothing proves that it is about a message of ours.
        elsewhere = read.whose is not None and read.whose.workspace_id != read.row.workspace_id
        verdict.detail = "other_workspace" if elsewhere else "no_token"
        verdict.about_key = _about(kind)
    else:
        _judge_proven(verdict, kind)
    return verdict


def _judge_proven(verdict: Verdict, kind: Dsn | Complaint | Reply) -> None:
    if isinstance(kind, Complaint):
        verdict.kind, verdict.diagnostic = InboundKind.COMPLAINT, kind.reporter
    elif isinstance(kind, Reply):
        verdict.kind, verdict.text = InboundKind.REPLY, kind.text
    elif (told := kind.failed or kind.delayed) is not None:
        failed = kind.failed is not None
        verdict.kind = InboundKind.BOUNCE if failed else InboundKind.DELAY
        verdict.code, verdict.enhanced, verdict.diagnostic = told.code, (told.enhanced or "")[:12], told.text
        verdict.about_key = _about(kind)
        if failed:
            verdict.blame = classify_bounce(code=told.code, enhanced=told.enhanced, text=told.text)
    else:
        # Told that it arrived: that lifts nothing, and the ledger knows it already.
        verdict.detail = "no_failure"


def _about(kind: Any) -> str:
    told = (kind.failed or kind.delayed) if isinstance(kind, Dsn) else None
    return told.address[:254] if told is not None else ""


def _key(reading: Reading, raw: bytes) -> str:
    """The same for a mail that was handed in several ways."""
    said = reading.mail.raw_header("message-id").encode() or raw
    return hashlib.sha256(said).hexdigest()[:16]


def _act(verdicts: Sequence[Verdict]) -> None:
    _settle_doubts([one.message for one in verdicts if one.message is not None])
    bounces = [
        LateBounce(one.message.pk, one.code, one.enhanced or None, one.diagnostic, Blame(one.blame))
        for one in verdicts
        if one.kind == InboundKind.BOUNCE and one.message is not None
    ]
    counted: set[int | None] = set(
        InboundMail.objects.filter(
            message_id__in=[bounce.message_id for bounce in bounces], kind=InboundKind.BOUNCE
        ).values_list("message_id", flat=True)
    )
    record_late_bounces(bounces, counted_before={pk for pk in counted if pk})
    for message_id in sorted({one.message.pk for one in verdicts if one.kind == InboundKind.COMPLAINT and one.message}):
        complain(message_id=message_id)
    record_events([_replied(one, one.message) for one in verdicts if one.kind == InboundKind.REPLY and one.message])
    for one in verdicts:
        if one.reports:
            one.detail = store_reports(one.reports, mail_id=one.id)


def _settle_doubts(messages: Sequence[Message]) -> None:
    """Of what a server never took, nothing comes back: these have been handed over, whatever became of them then."""
    doubted = {message.pk for message in messages if message.state == MessageState.IN_DOUBT}
    if doubted:
        resolve([Finding(pk, Arrival.DELIVERED) for pk in sorted(doubted)], evidence=Evidence.RETURN)


def _replied(verdict: Verdict, message: Message) -> NewEvent:
    return NewEvent(
        key=f"mail.replied:{message.pk}:{verdict.key}",
        kind="mail.replied",
        contact_id=message.contact_id,
        occurred_at=clock.now(),
        source=f"{message.source_kind}:{message.source_id}",
        message_id=message.pk,
        properties={"inbound_id": verdict.id},
    )


def _settle(verdicts: Sequence[Verdict]) -> None:
    sql.run(
        sql.load("northpost.delivery", "settle_inbound_mails"),
        {
            "workspace_id": tenancy.require_workspace(),
            "now": clock.now(),
            "ids": [one.id for one in verdicts],
            "states": [str(one.state) for one in verdicts],
            "kinds": [str(one.kind) for one in verdicts],
            "blames": [str(one.blame) for one in verdicts],
            "codes": [one.code for one in verdicts],
            "enhanceds": [one.enhanced for one in verdicts],
            "diagnostics": [_clean(one.diagnostic)[:500] for one in verdicts],
            "details": [one.detail[:40] for one in verdicts],
            "message_ids": [one.message.pk if one.message else None for one in verdicts],
            "contact_ids": [one.message.contact_id if one.message else None for one in verdicts],
            "sender_keys": [one.sender_key[:254] for one in verdicts],
            "about_keys": [_clean(one.about_key)[:254] for one in verdicts],
            "subjects": [_clean(one.subject)[:300] for one in verdicts],
            "texts": [one.text for one in verdicts],
        },
    )


def _clean(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)


def _hold_routes() -> None:
    """Several people's servers say within a day that our own set-up is at fault: nothing more leaves by that route."""
    found = sql.fetch_all(
        sql.load("northpost.delivery", "find_sender_faults"),
        {
            "workspace_id": tenancy.require_workspace(),
            "since": clock.now() - SENDER_FAULTS_WITHIN,
            "least": SENDER_FAULTS,
        },
    )
    for row in found:
        pause_route(route_id=row["route_id"], reason=row["words"])
        # Used up: after somebody has mended it and lets it go on, these hold it no second time.
        InboundMail.objects.filter(pk__in=row["mail_ids"]).update(detail="held_route")
