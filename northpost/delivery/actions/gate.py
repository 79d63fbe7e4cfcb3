"""The one gate (law 3): every message to anyone enters the ledger here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from northpost.core import clock, signing, sql, tenancy
from northpost.core.sql import Fragment
from northpost.delivery.limits.warming import is_warming
from northpost.delivery.models import MessageState, Policy, Source, SourceState
from northpost.team.models import Workspace

# So many messages wait together at most; some 500 are claimed at once, too.
BATCH = 500


def suppression_key() -> bytes:
    """What is hashed before an address: without it nobody can tell whether an address is in the table."""
    return signing.key_for("suppression")


@dataclass(frozen=True)
class Enqueued:
    """How many people of the audience are queued now, and how many were not let through, by SkipReason.

    People who had a row from this source before are in neither.
    """

    queued: int
    skipped: dict[str, int]

    @property
    def audience(self) -> int:
        return self.queued + sum(self.skipped.values())


def enqueue(
    *,
    source_kind: str,
    source_id: int,
    audience: Fragment,
    purpose_id: int | None = None,
    priority: int = 50,
    due_at: datetime | None = None,
    expires_at: datetime | None = None,
    route_id: int | None = None,
    language: str = "en",
    languages: Sequence[str] = (),
    variant: int = 0,
    transactional: bool = False,
    send_to: str | None = None,
) -> Enqueued:
    """Freeze an audience into the ledger: every person of it gets a row, queued or skipped with the reason.

    audience: selects contact ids, as the rule compiler makes it. purpose_id: the consent it needs; not asked for
    where ``transactional``. languages: those that the mailing has (a person's own is taken if it is among them, else
    ``language``). priority: lower leaves first. Calling it again adds only people who have no row yet.
    send_to: an address that gets it instead of the person whose mail it is: a test for a colleague.
    Raises ValueError if a mailing that is not transactional names no purpose.
    """
    if purpose_id is None and not transactional:
        raise ValueError("a message needs the purpose that people consented to, unless it is transactional")
    workspace_id = tenancy.require_workspace()
    now = clock.now()
    with transaction.atomic():
        first = _open_source(source_kind, source_id, route_id, priority, now)
        params: dict[str, Any] = {
            "gate_workspace": workspace_id,
            "gate_source_kind": source_kind,
            "gate_source_id": source_id,
            "gate_purpose": None if transactional else purpose_id,
            "gate_priority": priority,
            "gate_due_at": max(due_at or now, now),
            "gate_expires_at": expires_at,
            "gate_route": route_id,
            "gate_languages": list(languages),
            "gate_language": language,
            "gate_variant": variant,
            "gate_now": now,
            "gate_send_to": send_to,
            "gate_suppression_key": suppression_key(),
            "gate_batch": BATCH,
            "gate_first": first,
            "gate_by_interest": not transactional and is_warming(),
        } | _policy(workspace_id, now, transactional)
        clash = params.keys() & audience.params.keys()
        if clash:
            raise ValueError(f"the audience uses the gate's own names: {sorted(clash)}")
        statement = sql.load("northpost.delivery", "enqueue_messages").replace("/*audience*/", audience.text)
        rows = sql.fetch_all(statement, params | dict(audience.params))
    counts = {(row["state"], row["reason"]): row["messages"] for row in rows}
    queued = counts.pop((MessageState.QUEUED.value, ""), 0)
    return Enqueued(queued=queued, skipped={reason: count for (_state, reason), count in sorted(counts.items())})


def _open_source(kind: str, source_id: int, route_id: int | None, priority: int, now: datetime) -> bool:
    """The source's row, active and locked; a paused one stays paused, a cancelled one cancelled.

    Returns whether nothing was enqueued from it before.
    """
    Source.objects.get_or_create(source_kind=kind, source_id=source_id, defaults={"changed_at": now})
    # Locked until the messages are in, so that nobody calls the source finished meanwhile.
    source = Source.objects.select_for_update().get(source_kind=kind, source_id=source_id)
    if source.state == SourceState.FINISHED:
        source.state, source.changed_at = SourceState.ACTIVE, now
    source.priorities = sorted({*source.priorities, priority})
    source.route_id, source.enqueued_at = route_id, now
    source.enqueued_times += 1
    source.save(update_fields=["state", "changed_at", "priorities", "route_id", "enqueued_at", "enqueued_times"])
    return source.enqueued_times == 1


def _policy(workspace_id: int, now: datetime, transactional: bool) -> dict[str, Any]:
    policy = Policy.objects.first() or Policy(cap_messages=None)
    quiet = not transactional and policy.quiet_from is not None and policy.quiet_until is not None
    zone = Workspace.objects.filter(pk=workspace_id).values_list("time_zone", flat=True).first() or "UTC"
    return {
        "gate_zone": zone,
        "gate_quiet_from": policy.quiet_from if quiet else None,
        "gate_quiet_until": policy.quiet_until if quiet else None,
        "gate_cap": None if transactional else policy.cap_messages,
        "gate_cap_since": now - timedelta(days=policy.cap_days),
    }
