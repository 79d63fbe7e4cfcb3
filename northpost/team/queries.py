"""Reading the team's tables."""

from __future__ import annotations

from northpost.core import tenancy
from northpost.team.models import Workspace


def workspace_ids() -> list[int]:
    """Every workspace of the installation, for background work that enters them one by one."""
    with tenancy.rollcall():
        return list(Workspace.objects.order_by("pk").values_list("pk", flat=True))


def workspace_by_slug(slug: str) -> Workspace | None:
    """The workspace that a command names."""
    with tenancy.rollcall():
        return Workspace.objects.filter(slug=slug).first()
