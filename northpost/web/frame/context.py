"""What the frame's templates know on every page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from northpost.team.models import Membership, User, Workspace
from northpost.web.frame.navigation import entries


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor: ``workspace``, ``nav`` and the person's other ``workspaces`` on staff pages."""
    workspace = getattr(request, "workspace", None)
    # An address may be refused before it is known who asks.
    user = getattr(request, "user", None)
    if workspace is None or not isinstance(user, User):
        return {}
    return {
        "workspace": workspace,
        "nav": entries(request),
        "workspaces": Workspace.objects.filter(
            pk__in=Membership.objects.filter(user=user).values("workspace_id")
        ).order_by("name"),
    }
