"""Reading the log about one person."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from northpost.contacts.queries import Happening
from northpost.events.models import Event

# Consent has its own, fuller lines on a timeline.
_TOLD_ELSEWHERE = ("contact.subscribed", "contact.unsubscribed")


def timeline(
    contact_id: int,
    *,
    before: datetime | None = None,
    limit: int = 50,
    apart_from: Sequence[str] = (),
    about: str = "",
) -> list[Happening]:
    """What a person did and what happened to them before a moment, newest first; machines are marked.

    ``apart_from``: kinds to leave out. ``about``: only kinds that begin with it, as in ``mail.``.
    """
    events = Event.objects.filter(contact_id=contact_id).exclude(kind__in=[*_TOLD_ELSEWHERE, *apart_from])
    if about:
        events = events.filter(kind__gte=about, kind__lt=about + "\U0010ffff")
    if before is not None:
        events = events.filter(occurred_at__lt=before)
    return [
        Happening(
            event.occurred_at,
            event.kind,
            f"event:{event.pk}",
            {
                "value": event.value,
                "currency": event.currency,
                "source": event.source,
                "message_id": event.message_id,
                "machine": event.machine,
                **event.properties,
            },
        )
        for event in events.order_by("-occurred_at", "-id")[:limit]
    ]


def export_contact(contact_id: int) -> list[dict[str, Any]]:
    """Everything in the log about a person, oldest first, as JSON holds it."""
    return [
        {
            "at": event.occurred_at.isoformat(),
            "kind": event.kind,
            "value": str(event.value) if event.value is not None else None,
            "currency": event.currency,
            "source": event.source,
            "probably_a_machine": event.machine,
            "properties": event.properties,
        }
        for event in Event.objects.filter(contact_id=contact_id).order_by("occurred_at", "id")
    ]


def with_events(contact_ids: Collection[int]) -> set[int]:
    """Those of these people of whom the log knows more than their consent, which has its own proof."""
    known = Event.objects.filter(contact_id__in=list(contact_ids)).exclude(kind__in=_TOLD_ELSEWHERE)
    return {
        contact_id for contact_id in known.values_list("contact_id", flat=True).distinct() if contact_id is not None
    }
