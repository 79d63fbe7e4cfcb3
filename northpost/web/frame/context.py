"""What the frame's templates know on every page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from northpost.team.models import Membership, Workspace
from northpost.web.frame.navigation import entries


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor: ``workspace``, ``nav`` and the person's other ``workspaces`` on staff pages."""
    workspace = getattr(request, "workspace", None)
    if workspace is None:
        return {}
    return {
        "workspace": workspace,
        "nav": entries(request),
        "workspaces": Workspace.objects.filter(
            pk__in=Membership.objects.filter(user_id=request.user.pk).values("workspace_id")
        ).order_by("name"),
    }
