"""Reading the team's tables."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.paginator import Page, Paginator

from northpost.core import clock, tenancy
from northpost.team.models import ApiKey, AuditEntry, Invitation, Membership, Role, User, Workspace


def workspace_ids() -> list[int]:
    """Every workspace of the installation, for background work that enters them one by one."""
    with tenancy.rollcall():
        return list(Workspace.objects.order_by("pk").values_list("pk", flat=True))


def workspace_by_slug(slug: str) -> Workspace | None:
    """The workspace that a command names."""
    with tenancy.rollcall():
        return Workspace.objects.filter(slug=slug).first()


def members() -> list[Membership]:
    """The members of the current workspace with their users, owners first, then by name."""
    # A person sees their memberships elsewhere too: so the workspace is named.
    rows = Membership.objects.filter(workspace_id=tenancy.require_workspace()).select_related("user")
    return sorted(rows, key=lambda row: (row.role != Role.OWNER, str(row.user).casefold()))


def open_invitations() -> list[Invitation]:
    """Invitations that can still be accepted, newest first."""
    rows = Invitation.objects.filter(accepted_at=None, withdrawn_at=None, expires_at__gt=clock.now())
    return list(rows.select_related("invited_by").order_by("-created_at", "-pk"))


@dataclass(frozen=True)
class OpenDoor:
    """An invitation as its link shows it to whoever holds it."""

    invitation: Invitation
    workspace: Workspace


def open_door(invitation_id: int) -> OpenDoor | None:
    """The invitation in the current workspace, over or not, or None."""
    invitation = Invitation.objects.select_related("invited_by").filter(pk=invitation_id).first()
    workspace = Workspace.objects.filter(pk=tenancy.require_workspace()).first()
    return OpenDoor(invitation, workspace) if invitation and workspace else None


def workspaces_of(user: User) -> list[Workspace]:
    """The workspaces of a signed-in person (inside tenancy.person), by name."""
    mine = Membership.objects.filter(user=user).values("workspace_id")
    return list(Workspace.objects.filter(pk__in=mine).order_by("name"))


def may_found(user: User) -> bool:
    """Who may make a workspace: an owner of one, and the first of all. Others come by invitation."""
    if Membership.objects.filter(user=user, role=Role.OWNER).exists():
        return True
    with tenancy.rollcall():
        return not Workspace.objects.exists()


def audit_trail(*, user_id: int | None = None, noun: str = "", page: int = 1, size: int = 50) -> Page[AuditEntry]:
    """A page of who did what, newest first."""
    rows = AuditEntry.objects.select_related("user").order_by("-at", "-pk")
    if user_id is not None:
        rows = rows.filter(user_id=user_id)
    if noun:
        rows = rows.filter(noun=noun)
    return Paginator(rows, size).get_page(page)


def api_keys() -> list[ApiKey]:
    """The keys that still open something, the newest first."""
    return list(ApiKey.objects.filter(revoked_at=None).select_related("created_by").order_by("-created_at", "-pk"))
