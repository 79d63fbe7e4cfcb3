"""Openings and clicks: taken in at once, told apart (person or machine) a little later, then events."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count

from northpost.core import clock, sql, tenancy
from northpost.delivery.actions.doubt import Finding, resolve
from northpost.delivery.models import Evidence, HitKind, Link, MessageState, Verdict
from northpost.delivery.rules.machines import BURST, Seen, machine_hits
from northpost.events.actions import NewEvent, record_events

# Whether somebody read or something checked all links is known only when the burst is over.
QUARANTINE = BURST + timedelta(seconds=1)
MESSAGES_AT_ONCE = 2000
EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
LONGEST_AGENT = 300


# Not frozen: to make a frozen one takes twice as long, and one is made for each opening and click.
@dataclass(slots=True)
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


def record_hits(hits: Sequence[NewHit]) -> int:
    """Take hits of the current workspace in; returns how many. :func:`classify_hits` makes events of them.

    Left out are hits of messages that do not exist, and clicks on links that are not of the message's own mailing.
    """
    if not hits:
        return 0
    return len(sql.fetch_all(insert_statement(), insert_parameters(tenancy.require_workspace(), hits)))


def insert_statement() -> str:
    """The statement that takes hits in, for connections that aren't Django's: one row (key, url) for each taken."""
    return sql.load("northpost.delivery", "insert_hits")


def insert_parameters(workspace_id: int, hits: Sequence[NewHit]) -> dict[str, Any]:
    """The parameters of :func:`insert_statement`; the session must be in the same workspace.

    Arrays are written as PostgreSQL reads them: the driver takes longer for that than for all the rest of a hit.
    """
    return {
        "workspace_id": workspace_id,
        "keys": _texts([hit.key for hit in hits]),
        "kinds": _plain([hit.kind for hit in hits]),
        "message_ids": _plain([str(hit.message_id) for hit in hits]),
        "link_ids": _plain(["NULL" if hit.link_id is None else str(hit.link_id) for hit in hits]),
        "urls": _texts([hit.url for hit in hits]),
        "ats": _plain([str((hit.at - EPOCH) // MICROSECOND) for hit in hits]),
        "methods": _texts([hit.method[:8] for hit in hits]),
        "agents": _texts([hit.agent[:LONGEST_AGENT] for hit in hits]),
    }


def _plain(items: list[str]) -> str:
    return f"{{{','.join(items)}}}"


def _texts(texts: list[str]) -> str:
    """An array of texts (PostgreSQL, "Array Input and Output Syntax"); NUL, which no text can hold, is left out."""
    everything = "".join(texts)
    # Looked through once rather than one by one: there is hardly ever anything to escape.
    if "\\" in everything or '"' in everything or "\0" in everything:
        texts = [text.replace("\0", "").replace("\\", "\\\\").replace('"', '\\"') for text in texts]
    return '{"' + '","'.join(texts) + '"}' if texts else "{}"


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
            if people:
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
        # Whoever opened it, person or machine, has it.
        arrived = sorted({row["message_id"] for row in rows if row["state"] == MessageState.IN_DOUBT})
        resolve([Finding(message_id, Verdict.DELIVERED) for message_id in arrived], evidence=Evidence.HIT)
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
