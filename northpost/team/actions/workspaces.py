"""Founding workspaces and saying what they are called."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from northpost.core import clock, tenancy
from northpost.team.actions.trail import record
from northpost.team.errors import TeamProblem
from northpost.team.models import Membership, Role, User, Workspace


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


DETAILS = ("name", "language", "time_zone", "currency", "company_name", "postal_address", "site")


def update_workspace(*, by: User, **details: str) -> Workspace:
    """Change what the current workspace and its firm are called, and how they count time and money.

    Raises :class:`TeamProblem` at the detail that does not fit. The address (slug) stays, links depend on it.
    """
    unknown = set(details) - set(DETAILS)
    if unknown:
        raise TypeError(f"no such details of a workspace: {sorted(unknown)}")
    with transaction.atomic():
        workspace = Workspace.objects.select_for_update().get(pk=tenancy.require_workspace())
        changed = [name for name, value in details.items() if getattr(workspace, name) != value.strip()]
        for name in changed:
            setattr(workspace, name, details[name].strip())
        try:
            workspace.full_clean(exclude=["slug"])
        except ValidationError as error:
            field, words = next(iter(error.message_dict.items()))
            raise TeamProblem(field, words[0]) from error
        if workspace.time_zone not in available_timezones():
            raise TeamProblem("time_zone", _("There is no time zone of this name; for example Europe/Sofia."))
        if workspace.language not in dict(settings.LANGUAGES):
            raise TeamProblem("language", _("Choose one of the languages."))
        if changed:
            workspace.save(update_fields=changed)
            record(user=by, verb="changed", noun="workspace", noun_id=workspace.pk, detail={"fields": sorted(changed)})
    return workspace
