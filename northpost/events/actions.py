"""Writing to the log."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from northpost.contacts.actions import ConsentChange, ErasedPerson, ImportedConsents
from northpost.core import clock, sql, tenancy

EARLIEST_YEAR, LATEST_YEAR = 1970, 2199


@dataclass(frozen=True)
class NewEvent:
    """An event to record. ``key`` makes it count once: the first event with a key wins, for ever."""

    key: str
    kind: str
    contact_id: int | None
    occurred_at: datetime
    value: Decimal | None = None
    currency: str | None = None
    source: str | None = None
    message_id: int | None = None
    machine: bool = False
    backfill: bool = False
    properties: Mapping[str, Any] = field(default_factory=dict)


def record_events(events: Sequence[NewEvent]) -> frozenset[str]:
    """Append events to the current workspace's log; returns the keys of those that were new.

    Raises ValueError for a time outside 1970 to 2199.
    """
    if not events:
        return frozenset()
    ensure_months(event.occurred_at for event in events)
    columns = {
        "keys": [event.key for event in events],
        "contact_ids": [event.contact_id for event in events],
        "kinds": [event.kind for event in events],
        "occurred_ats": [event.occurred_at for event in events],
        "values": [event.value for event in events],
        "currencies": [event.currency for event in events],
        "sources": [event.source for event in events],
        "message_ids": [event.message_id for event in events],
        "machines": [event.machine for event in events],
        "backfills": [event.backfill for event in events],
        "properties": [json.dumps(dict(event.properties)) for event in events],
    }
    params = columns | {"workspace_id": tenancy.require_workspace(), "now": clock.now()}
    rows = sql.fetch_all(sql.load("northpost.events", "record_events"), params)
    return frozenset(row["key"] for row in rows)


# The months known to have their partition: a cache only; the database's answer is what counts.
_known_months: set[date] = set()


def ensure_months(moments: Any) -> None:
    """Make sure that the log has a partition for the month (UTC) of each of ``moments``."""
    months = {date(moment.year, moment.month, 1) for moment in moments}
    for month in sorted(months - _known_months):
        if not EARLIEST_YEAR <= month.year <= LATEST_YEAR:
            raise ValueError(f"no events outside {EARLIEST_YEAR} to {LATEST_YEAR}: {month}")
        with connection.cursor() as cursor:
            cursor.execute("SELECT events_ensure_month(%s)", (month,))
        # Remembered only once it can't be rolled back.
        transaction.on_commit(lambda month=month: _known_months.add(month))  # type: ignore[misc]


_CONSENT_KINDS = {"granted": "contact.subscribed", "withdrawn": "contact.unsubscribed"}


def record_consent(changes: Sequence[ConsentChange]) -> None:
    """Consent that changed is an event as well; keyed by its line of proof, so that it counts once."""
    record_events(
        [
            NewEvent(
                key=f"consent:{change.record_id}",
                kind=_CONSENT_KINDS[change.state],
                contact_id=change.contact_id,
                occurred_at=change.at,
                source=change.source[:60],
                properties={"purpose": change.purpose_key},
            )
            for change in changes
            if change.state in _CONSENT_KINDS
        ]
    )


def record_imported_consents(imported: ImportedConsents) -> None:
    """The events of consents that a file brought: the same, in one statement, and as history that triggers nothing."""
    ensure_months(imported.months)
    sql.run(
        sql.load("northpost.events", "record_imported_consents"),
        {
            "workspace_id": tenancy.require_workspace(),
            "now": clock.now(),
            "kind": _CONSENT_KINDS["granted"],
            "record_ids": list(imported.record_ids),
        },
    )


def forget_contact(person: ErasedPerson) -> None:
    """What an erased person did stays as a count: nobody's, and without particulars."""
    sql.run(
        "UPDATE events_event SET contact_id = NULL, properties = '{}' WHERE contact_id = %(contact_id)s",
        {"contact_id": person.contact_id},
    )
