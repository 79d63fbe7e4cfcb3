"""The ledger's moves (law 4): queued -> claimed -> sending -> settled, each fenced by the claim."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F

from northpost.core import clock, sql, tenancy
from northpost.delivery.actions.bounces import record_bounces
from northpost.delivery.actions.gate import suppression_key
from northpost.delivery.models import Message, MessageState, Source
from northpost.delivery.rules.replies import Blame

LEASE = timedelta(minutes=10)
SourceKey = tuple[str, int]


@dataclass(frozen=True)
class Claimed:
    """A message in this worker's hands, as the claim found it."""

    id: int
    claim: uuid.UUID
    source_kind: str
    source_id: int
    contact_id: int
    email: str
    purpose_id: int | None
    route_id: int
    language: str
    variant: int
    context: Mapping[str, Any] | None
    attempts: int
    sending_at: datetime | None
    expires_at: datetime | None

    @property
    def source(self) -> SourceKey:
        return (self.source_kind, self.source_id)


@dataclass(frozen=True)
class Batch:
    """What a claim brought: messages to send, and how many were skipped instead, by reason."""

    claimed: list[Claimed]
    skipped: dict[str, int]

    def __bool__(self) -> bool:
        return bool(self.claimed or self.skipped)


@dataclass(frozen=True)
class Settlement:
    """What became of a message. ``state`` queued gives it back untouched, that was no try; with a ``due_at`` it is
    put off till then (a limit is used up). Deferred ones always have a ``due_at``."""

    id: int
    claim: uuid.UUID
    state: str
    reason: str = ""
    code: int | None = None
    enhanced: str | None = None
    text: str = ""
    due_at: datetime | None = None
    blame: Blame | None = None

    @property
    def bounced(self) -> bool:
        return self.state == MessageState.REJECTED and self.blame in (Blame.HARD, Blame.SOFT)


def claim(*, batch: int = 500, until: datetime | None = None) -> Batch:
    """Take up to ``batch`` messages due by ``until`` (default: now) into this worker's hands, for LEASE."""
    now = clock.now()
    rows = sql.fetch_all(
        sql.load("northpost.delivery", "claim_messages"),
        {
            "workspace_id": tenancy.require_workspace(),
            "now": now,
            "until": until or now,
            "batch": batch,
            "claim": uuid.uuid4(),
            "lease_until": now + LEASE,
            "suppression_key": suppression_key(),
        },
    )
    claimed = []
    skipped: Counter[str] = Counter()
    for row in rows:
        state, reason = row.pop("state"), row.pop("reason")
        if state == MessageState.CLAIMED:
            claimed.append(Claimed(**row))
        else:
            skipped[reason] += 1
    claimed.sort(key=lambda one: one.id)
    return Batch(claimed, dict(skipped))


@dataclass(frozen=True)
class Marked:
    """Of messages that were to be sent: those that are ``sending`` now (id -> (attempts, first tried at)), those
    skipped in the last moment by reason, how many went back to the queue, and how many were no longer ours."""

    sending: dict[int, tuple[int, datetime]]
    skipped: dict[str, int]
    returned: int
    lost: int


def mark_sending(held: Sequence[tuple[int, uuid.UUID]]) -> Marked:
    """Commit the state ``sending`` for (id, claim) pairs before their first byte is written."""
    now = clock.now()
    ordered = sorted(held)
    with transaction.atomic(durable=True):
        rows = sql.fetch_all(
            sql.load("northpost.delivery", "mark_sending"),
            {
                "workspace_id": tenancy.require_workspace(),
                "now": now,
                "lease_until": now + LEASE,
                "suppression_key": suppression_key(),
                "ids": [message_id for message_id, _claim in ordered],
                "claims": [claim for _id, claim in ordered],
            },
        )
    sending = {row["id"]: (row["attempts"], row["sending_at"]) for row in rows if row["state"] == MessageState.SENDING}
    skipped = Counter(row["reason"] for row in rows if row["state"] == MessageState.SKIPPED)
    returned = len(rows) - len(sending) - skipped.total()
    return Marked(sending, dict(skipped), returned, len(held) - len(rows))


def settle(settlements: Sequence[Settlement]) -> list[dict[str, Any]]:
    """Write what became of messages, with all that follows from it, in one transaction.

    Returns the rows written (id, source_kind, source_id, contact_id, email, state). A settlement whose claim no
    longer holds its message (the lease ran out) changes nothing and has no row.
    """
    if not settlements:
        return []
    now = clock.now()
    ordered = sorted(settlements, key=lambda one: one.id)
    with transaction.atomic():
        rows = sql.fetch_all(
            sql.load("northpost.delivery", "settle_messages"),
            {
                "workspace_id": tenancy.require_workspace(),
                "now": now,
                "ids": [one.id for one in ordered],
                "claims": [one.claim for one in ordered],
                "states": [one.state for one in ordered],
                "reasons": [one.reason for one in ordered],
                "codes": [one.code for one in ordered],
                "enhanceds": [(one.enhanced or "")[:12] for one in ordered],
                "texts": [one.text.replace("\0", " ")[:500] for one in ordered],
                "due_ats": [one.due_at for one in ordered],
                "bounced": [one.bounced for one in ordered],
            },
        )
        _count(rows)
        told = {one.id: one for one in ordered}
        record_bounces([(row, told[row["id"]]) for row in rows if told[row["id"]].bounced], now=now)
    return rows


def _count(rows: Sequence[Mapping[str, Any]]) -> None:
    counts: dict[SourceKey, Counter[str]] = {}
    for row in rows:
        counts.setdefault((row["source_kind"], row["source_id"]), Counter())[row["state"]] += 1
    for (kind, source_id), states in sorted(counts.items()):
        Source.objects.filter(source_kind=kind, source_id=source_id).update(
            accepted_count=F("accepted_count") + states[MessageState.ACCEPTED],
            rejected_count=F("rejected_count") + states[MessageState.REJECTED],
            in_doubt_count=F("in_doubt_count") + states[MessageState.IN_DOUBT],
        )


def extend_leases(claims: Sequence[uuid.UUID]) -> int:
    """This worker lives: its claims hold for another LEASE. Returns how many messages they cover."""
    return Message.objects.filter(
        claim__in=list(claims), state__in=(MessageState.CLAIMED, MessageState.SENDING)
    ).update(lease_until=clock.now() + LEASE)


def recover() -> dict[str, int]:
    """Take back what workers that are gone held: {"queued": n, "in_doubt": n}."""
    with transaction.atomic():
        rows = sql.fetch_all(
            sql.load("northpost.delivery", "recover_leases"),
            {"workspace_id": tenancy.require_workspace(), "now": clock.now()},
        )
        _count([row for row in rows if row["state"] == MessageState.IN_DOUBT])
    return dict(Counter(row["state"] for row in rows))
