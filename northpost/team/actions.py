"""Founding workspaces, inviting and admitting people, and the audit trail."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.text import slugify

from northpost.core import clock, tenancy
from northpost.team.models import AuditEntry, Membership, Role, User, Workspace


def found_workspace(
    *,
    name: str,
    owner: User,
    language: str = "en",
    time_zone: str = "UTC",
    currency: str = "EUR",
    slug: str | None = None,
    **details: str,
) -> Workspace:
    """Make a workspace with its owner. What each room needs in a new one is put there by :data:`on_founding`."""
    with transaction.atomic():
        # Inside a savepoint the row is not readable before membership exists: the id comes back from the insert.
        workspace = Workspace(
            name=name,
            slug=_free_slug(slug or name),
            language=language,
            time_zone=time_zone,
            currency=currency,
            created_at=clock.now(),
            **details,
        )
        with tenancy.rollcall():
            workspace.save(force_insert=True)
        with tenancy.workspace(workspace.pk):
            Membership.objects.create(user=owner, role=Role.OWNER, since=clock.now())
            record(user=owner, verb="founded", noun="workspace", noun_id=workspace.pk)
            for furnish in on_founding:
                furnish(workspace)
    return workspace


# Rooms register what a new workspace starts with (a purpose of consent, a route): called inside it.
on_founding: list[Any] = []


def _free_slug(wish: str) -> str:
    base = slugify(wish)[:50] or "workspace"
    with tenancy.rollcall():
        taken = set(Workspace.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    if base not in taken:
        return base
    return next(f"{base}-{number}" for number in range(2, len(taken) + 3) if f"{base}-{number}" not in taken)


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


def choose_language(*, user: User, language: str) -> None:
    """Remember the language in which a person reads the pages; ``language`` is one of settings.LANGUAGES."""
    user.language = language
    user.save(update_fields=["language"])
