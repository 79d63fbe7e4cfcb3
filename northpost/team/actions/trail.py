"""The audit trail."""

from __future__ import annotations

from typing import Any

from northpost.core import clock
from northpost.team.models import AuditEntry, User


def record(
    *,
    user: User | None,
    verb: str,
    noun: str,
    noun_id: int | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """Write a line of the audit trail, in the transaction of the deed."""
    AuditEntry.objects.create(user=user, verb=verb, noun=noun, noun_id=noun_id, detail=detail or {}, at=clock.now())
