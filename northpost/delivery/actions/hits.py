"""Openings and clicks: taken in at once, told apart (person or machine) a little later, then events."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count

from northpost.core import clock, sql, tenancy
from northpost.delivery.models import HitKind, Link
from northpost.delivery.rules.machines import BURST, Seen, machine_hits
from northpost.events.actions import NewEvent, record_events

# Whether somebody read or something checked all links is known only when the burst is over.
QUARANTINE = BURST + timedelta(seconds=1)
MESSAGES_AT_ONCE = 2000


@dataclass(frozen=True)
class NewHit:
    """An opening or a click. ``link_id``: of a click, 0 the hidden link. ``url``: an address of the person's own.

    ``key`` makes it count once, however often it is recorded.
    """

    kind: HitKind
    message_id: int
    at: datetime
    link_id: int | None = None
    url: str = ""
    method: str = "GET"
    agent: str = ""
    key: str = field(default_factory=lambda: uuid.uuid4().hex)


def record_hits(hits: Sequence[NewHit]) -> None:
    """Take hits of the current workspace in. :func:`classify_hits` makes events of them."""
    if not hits:
        return
    sql.run(
        sql.load("northpost.delivery", "insert_hits"),
        {
            "workspace_id": tenancy.require_workspace(),
            "keys": [hit.key for hit in hits],
            "kinds": [str(hit.kind) for hit in hits],
            "message_ids": [hit.message_id for hit in hits],
            "link_ids": [hit.link_id for hit in hits],
            "urls": [hit.url for hit in hits],
            "ats": [hit.at for hit in hits],
            "methods": [hit.method[:8] for hit in hits],
            "agents": [hit.agent.replace("\0", "")[:300] for hit in hits],
        },
    )


def classify_hits() -> int:
    """Make events of the hits whose quarantine is over, machines marked; returns how many hits that were.

    A person's first opening and click are stamped on the message.
    """
    done = 0
    while batch := _classify_batch():
        done += batch
    return done


def _classify_batch() -> int:
    workspace_id, now = tenancy.require_workspace(), clock.now()
    with transaction.atomic():
        rows = sql.fetch_all(
            sql.load("northpost.delivery", "take_hits"),
            {"workspace_id": workspace_id, "ripe_at": now - QUARANTINE, "batch": MESSAGES_AT_ONCE},
        )
        by_message: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for row in rows:
            by_message[row["message_id"]].append(row)
        links = _link_counts({(row["source_kind"], row["source_id"]) for row in rows})
        events: list[NewEvent] = []
        stamps: dict[int, tuple[datetime | None, datetime | None]] = {}
        for message_id, hits in by_message.items():
            marked = _marked(hits, links)
            events += [_event(hit, machine=hit["key"] in marked) for hit in hits]
            people = [hit for hit in hits if hit["key"] not in marked]
            stamps[message_id] = (_first(people, HitKind.OPEN), _first(people, HitKind.CLICK))
        record_events(events)
        ordered = sorted(stamps)
        sql.run(
            sql.load("northpost.delivery", "stamp_hits"),
            {
                "workspace_id": workspace_id,
                "ids": ordered,
                "opened": [stamps[message_id][0] for message_id in ordered],
                "clicked": [stamps[message_id][1] for message_id in ordered],
            },
        )
    return len(rows)


def _link_counts(sources: set[tuple[str, int]]) -> dict[tuple[str, int], int]:
    kinds = {kind for kind, _id in sources}
    ids = {source_id for _kind, source_id in sources}
    rows = (
        Link.objects.filter(source_kind__in=kinds, source_id__in=ids)
        .values_list("source_kind", "source_id")
        .annotate(links=Count("id"))
    )
    return {(kind, source_id): count for kind, source_id, count in rows}


def _marked(hits: Sequence[dict[str, Any]], links: dict[tuple[str, int], int]) -> frozenset[str]:
    seen = [Seen(hit["key"], hit["at"], hit["method"], hit["agent"], hit["link_id"]) for hit in hits]
    count = links.get((hits[0]["source_kind"], hits[0]["source_id"]), 0)
    return machine_hits(seen, links=count, sent_at=hits[0]["sent_at"])


def _first(hits: Sequence[dict[str, Any]], kind: HitKind) -> datetime | None:
    return min((hit["at"] for hit in hits if hit["kind"] == kind), default=None)


def _event(hit: dict[str, Any], *, machine: bool) -> NewEvent:
    opened = hit["kind"] == HitKind.OPEN
    properties: dict[str, Any] = {"agent": hit["agent"]}
    if not opened:
        properties |= {"link_id": hit["link_id"], "url": hit["url"] or hit["link_url"] or ""}
    return NewEvent(
        key=f"hit:{hit['key']}",
        kind="mail.opened" if opened else "mail.clicked",
        contact_id=hit["contact_id"],
        occurred_at=hit["at"],
        source=f"{hit['source_kind']}:{hit['source_id']}",
        message_id=hit["message_id"],
        machine=machine,
        properties=properties,
    )
