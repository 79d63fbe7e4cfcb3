"""The ledger's moves (law 4): queued -> claimed -> sending -> settled, each fenced by the claim.

That a message is claimed only its claim says (:class:`~northpost.delivery.models.waiting.Claim`); its own row is
written when it is marked as being sent.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import F

from northpost.core import clock, sql, tenancy
from northpost.delivery.actions.bounces import record_bounces
from northpost.delivery.actions.gate import suppression_key
from northpost.delivery.models import MessageState, Source
from northpost.delivery.rules.replies import Blame

# A worker that has been silent for so long is gone; it says that it lives six times as often.
LEASE = timedelta(seconds=settings.NORTHPOST_LEASE_SECONDS)
HEARTBEAT_SECONDS = settings.NORTHPOST_LEASE_SECONDS / 6
SourceKey = tuple[str, int]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# So many of what was not simply accepted are settled by one statement: the planner may compare each with each.
PIECE = 200


class Claimed(NamedTuple):
    """A message in this worker's hands, as the claim found it. email: empty where there is none."""

    id: int
    source_kind: str
    source_id: int
    contact_id: int
    email: str
    route_id: int
    language: str
    variant: int
    context: Mapping[str, Any] | None
    expires_at: datetime | None
    claim: uuid.UUID

    @property
    def source(self) -> SourceKey:
        return (self.source_kind, self.source_id)


class Settlement(NamedTuple):
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


def claim(
    *,
    run: uuid.UUID | None = None,
    batch: int = 500,
    until: datetime | None = None,
    urgency: int | None = None,
    exact: bool = True,
) -> list[Claimed]:
    """Take up to ``batch`` messages due by ``until`` (default: now) into this worker's hands, for LEASE.

    run: of the sender; several share a route's connections. urgency: none of a higher priority number than this. exact:
    no more than that; else up to one batch that waits more, which spares the database to write the rest of it again. In
    the order in which they fell due.
    """
    now = clock.now()
    mine = uuid.uuid4()
    rows = sql.fetch_prepared(
        sql.load("northpost.delivery", "claim_messages"),
        {
            "workspace_id": tenancy.require_workspace(),
            "now": now,
            "until": until or now,
            "batch": batch,
            "exact": exact,
            "claim": mine,
            "run": run or mine,
            "lease_until": now + LEASE,
            "urgency": urgency,
        },
    )
    return [Claimed._make((*row[:-1], _moment(row[-1]), mine)) for row in rows]


@lru_cache(maxsize=64)
def _moment(microseconds: int | None) -> datetime | None:
    """Of a mailing they are all the same, and reading a time is dear."""
    return None if microseconds is None else EPOCH + timedelta(microseconds=microseconds)


class Sending(NamedTuple):
    """A message that is being sent: to which address, for which time, and when it was first tried."""

    email: str
    attempts: int
    first_tried_at: datetime


@dataclass(frozen=True)
class Marked:
    """Of messages that were to be sent: those that are ``sending`` now, those that the gate skipped by reason, how many
    went back to the queue, and how many were no longer ours."""

    sending: dict[int, Sending]
    skipped: dict[str, int]
    returned: int
    lost: int


def mark_sending(held: Sequence[tuple[int, uuid.UUID]], *, route_id: int) -> Marked:
    """Commit the state ``sending`` for (id, claim) pairs before their first byte is written, if the gate lets them
    through at this moment; ``route_id`` is the way that they go."""
    now = clock.now()
    ordered = sorted(held)
    claims, numbers = _distinct(claim for _id, claim in ordered)
    workspace_id = tenancy.require_workspace()
    with transaction.atomic(durable=True):
        # By a statement of its own: a try whose connection was lost may still be under way in the server, and one that
        # had to wait for it in the midst of the statement would not see what it wrote.
        locking = sql.load("northpost.delivery", "lock_claims")
        sql.fetch_prepared(locking, {"workspace_id": workspace_id, "claims": claims})
        rows = sql.fetch_prepared(
            sql.load("northpost.delivery", "mark_sending"),
            {
                "workspace_id": workspace_id,
                "now": now,
                "suppression_key": suppression_key(),
                "route_id": route_id,
                "ids": sql.integer_array(message_id for message_id, _claim in ordered),
                "claims": claims,
                "numbers": numbers,
            },
        )
    sending = {row[0]: Sending(row[3], row[4], row[5] or now) for row in rows if row[1] == "sending"}
    skipped = Counter(row[2] for row in rows if row[1] == "skipped")
    returned = len(rows) - len(sending) - skipped.total()
    return Marked(sending, dict(skipped), returned, len(held) - len(rows))


def settle(settlements: Sequence[Settlement]) -> list[int]:
    """Write what became of messages, with all that follows from it, in one transaction.

    Returns the ids of the messages written. A settlement whose claim no longer holds its message (the lease ran out)
    changes nothing and is not among them.
    """
    accepted = [one for one in settlements if one.state == "accepted"]
    others = [one for one in settlements if one.state != "accepted"]
    if not others:
        return _settle_accepted(accepted) if accepted else []
    with transaction.atomic():
        written: list[int] = []
        # These lock their claims, as recovery does before it locks messages: so they go first.
        for start in range(0, len(others), PIECE):
            written += _settle_others(others[start : start + PIECE])
        return written + (_settle_accepted(accepted) if accepted else [])


def _distinct(claims: Iterable[uuid.UUID]) -> tuple[list[uuid.UUID], str]:
    """The claims, each once, and for each message which of them holds it, from 1: few claims hold many messages."""
    number: dict[int, int] = {}
    found: list[uuid.UUID] = []
    numbers = []
    for claim in claims:
        if claim.int not in number:
            found.append(claim)
            number[claim.int] = len(found)
        numbers.append(number[claim.int])
    return found, sql.integer_array(numbers)


def _settle_accepted(settlements: Sequence[Settlement]) -> list[int]:
    ordered = sorted(settlements, key=_by_id)
    claims, numbers = _distinct(one.claim for one in ordered)
    rows = sql.fetch_prepared(
        sql.load("northpost.delivery", "settle_accepted"),
        {
            "workspace_id": tenancy.require_workspace(),
            "now": clock.now(),
            "ids": sql.integer_array(one.id for one in ordered),
            "claims": claims,
            "numbers": numbers,
            "codes": sql.integer_array(one.code or 250 for one in ordered),
            "enhanceds": sql.text_array(_storable(one.enhanced or "")[:12] for one in ordered),
            "texts": sql.text_array(_storable(one.text) for one in ordered),
        },
    )
    return [message_id for (message_id,) in rows]


def _settle_others(settlements: Sequence[Settlement]) -> list[int]:
    now = clock.now()
    ordered = sorted(settlements, key=_by_id)
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
                "enhanceds": [_storable(one.enhanced or "")[:12] for one in ordered],
                "texts": [_storable(one.text) for one in ordered],
                "due_ats": [one.due_at for one in ordered],
                "bounced": [one.bounced for one in ordered],
            },
        )
        told = {one.id: one for one in ordered}
        record_bounces([(row, told[row["id"]]) for row in rows if told[row["id"]].bounced], now=now)
    return [row["id"] for row in rows]


_by_id = attrgetter("id")


def _storable(text: str) -> str:
    """As PostgreSQL takes it: without NUL, and without half a character of a service's JSON."""
    if text.isascii() and len(text) <= 500 and "\0" not in text:
        return text
    return text.replace("\0", " ")[:500].encode("utf-8", "replace").decode()


def release(claims: Sequence[uuid.UUID]) -> None:
    """These claims of this worker hold nothing any more."""
    sql.run(
        sql.load("northpost.delivery", "release_claims"),
        {"workspace_id": tenancy.require_workspace(), "claims": list(claims)},
    )


def extend_leases(claims: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """This worker lives: its claims hold for another LEASE. Returns those that still do; others were taken back."""
    rows = sql.fetch_rows(
        sql.load("northpost.delivery", "extend_leases"),
        {
            "workspace_id": tenancy.require_workspace(),
            "claims": sorted(claims),
            "lease_until": clock.now() + LEASE,
        },
    )
    return {claim for (claim,) in rows}


def recover() -> dict[str, int]:
    """Take back what workers that are gone held: {"queued": n, "in_doubt": n}."""
    return _take_back("recover_leases", {})


def recover_stranded() -> dict[str, int]:
    """Take back what no worker holds and nothing waits for, of sources that are active or were cancelled within a day:
    {"queued": n, "deferred": n, "in_doubt": n}. Finds nothing unless something went wrong before."""
    return _take_back("recover_stranded", {"cancelled_since": clock.now() - timedelta(days=1)})


def _take_back(statement: str, params: Mapping[str, object]) -> dict[str, int]:
    with transaction.atomic():
        rows = sql.fetch_all(
            sql.load("northpost.delivery", statement),
            {"workspace_id": tenancy.require_workspace(), "now": clock.now(), **params},
        )
        in_doubt = Counter((row["source_kind"], row["source_id"]) for row in rows if row["state"] == "in_doubt")
        for (kind, source_id), count in sorted(in_doubt.items()):
            Source.objects.filter(source_kind=kind, source_id=source_id).update(
                in_doubt_count=F("in_doubt_count") + count
            )
    return dict(Counter(row["state"] for row in rows))
