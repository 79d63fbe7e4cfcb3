"""Inviting and admitting people, changing their roles, letting them go.

In a request a person sees their own memberships of other workspaces too (tenancy.person), so everything here names
the workspace beside the wall.
"""

from __future__ import annotations

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from northpost.core import clock, signing, tenancy
from northpost.team.actions.trail import record
from northpost.team.errors import InvitationOver, LastOwner, NoSuchMember, Over, TeamProblem, WrongAddress
from northpost.team.models import Invitation, Membership, Role, User

INVITATION_LASTS = timedelta(days=7)
_PURPOSE = "invitation"


def invite(*, email: str, role: str, by: User) -> Invitation:
    """Open the door for an address, for seven days; an open invitation of the same address is replaced.

    Raises TeamProblem for what is no address or role, and for members.
    """
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError as error:
        raise TeamProblem("email", _("Write an e-mail address, for example anna@example.com.")) from error
    if role not in Role.values:
        raise TeamProblem("role", _("Choose a role."))
    if _members().filter(user__email=email).exists():
        raise TeamProblem("email", _("This person is a member already."))
    now = clock.now()
    with transaction.atomic():
        earlier = Invitation.objects.filter(email=email, accepted_at=None, withdrawn_at=None)
        earlier.update(withdrawn_at=now)
        invitation = Invitation.objects.create(
            email=email, role=role, invited_by=by, created_at=now, expires_at=now + INVITATION_LASTS
        )
        detail = {"email": email, "role": role}
        record(user=by, verb="invited", noun="member", noun_id=invitation.pk, detail=detail)
    return invitation


def invitation_token(invitation: Invitation) -> str:
    """What the link of an invitation carries: signed, of 128 bits, and stored nowhere."""
    return signing.sign_ids(_PURPOSE, invitation.workspace_id, invitation.pk)


def read_invitation(token: str) -> tuple[int, int]:
    """Workspace and invitation that a token is for; raises signing.BadToken for one that we did not make."""
    workspace_id, invitation_id = signing.verify_ids(_PURPOSE, token, 2)
    return workspace_id, invitation_id


def withdraw_invitation(*, invitation_id: int, by: User) -> None:
    """Close the door again. Raises NoSuchMember; one that was accepted meanwhile stays accepted."""
    with transaction.atomic():
        invitation = Invitation.objects.select_for_update().filter(pk=invitation_id).first()
        if invitation is None:
            raise NoSuchMember(f"no invitation {invitation_id}")
        if invitation.accepted_at is None and invitation.withdrawn_at is None:
            invitation.withdrawn_at = clock.now()
            invitation.save(update_fields=["withdrawn_at"])
            detail = {"email": invitation.email}
            record(user=by, verb="withdrew_invitation", noun="member", noun_id=invitation.pk, detail=detail)


def accept_invitation(*, invitation_id: int, user: User) -> Membership:
    """Come in, once. Raises NoSuchMember, InvitationOver, WrongAddress; the current workspace is the invitation's."""
    with transaction.atomic():
        invitation = Invitation.objects.select_for_update().filter(pk=invitation_id).first()
        if invitation is None:
            raise NoSuchMember(f"no invitation {invitation_id}")
        if why := invitation.over():
            raise InvitationOver(Over(why))
        if user.email != invitation.email:
            raise WrongAddress(invitation.email)
        membership, _created = Membership.objects.get_or_create(
            workspace_id=tenancy.require_workspace(),
            user=user,
            defaults={"role": invitation.role, "since": clock.now()},
        )
        invitation.accepted_at = clock.now()
        invitation.save(update_fields=["accepted_at"])
        record(user=user, verb="joined", noun="member", noun_id=membership.pk, detail={"role": membership.role})
    return membership


def change_role(*, membership_id: int, role: str, by: User) -> Membership:
    """Give a member another role. Raises NoSuchMember, TeamProblem, LastOwner."""
    if role not in Role.values:
        raise TeamProblem("role", _("Choose a role."))
    with transaction.atomic():
        membership = _locked(membership_id)
        if membership.role == role:
            return membership
        if membership.role == Role.OWNER:
            _keep_an_owner(apart_from=membership)
        detail = {"email": membership.user.email, "from": membership.role, "to": role}
        membership.role = role
        membership.save(update_fields=["role"])
        record(user=by, verb="changed_role", noun="member", noun_id=membership.pk, detail=detail)
    return membership


def remove_member(*, membership_id: int, by: User) -> None:
    """Let a member go. They keep their account, and see nothing of this workspace any more."""
    with transaction.atomic():
        membership = _locked(membership_id)
        if membership.role == Role.OWNER:
            _keep_an_owner(apart_from=membership)
        detail = {"email": membership.user.email, "role": membership.role}
        record(user=by, verb="removed", noun="member", noun_id=membership.pk, detail=detail)
        membership.delete()


def _members() -> QuerySet[Membership]:
    return Membership.objects.filter(workspace_id=tenancy.require_workspace())


def _locked(membership_id: int) -> Membership:
    # The owners are locked with it, in the order of their keys: two owners who leave at once leave one behind.
    rows = _members().select_for_update(of=("self",)).select_related("user").order_by("pk")
    for membership in rows:
        if membership.pk == membership_id:
            return membership
    raise NoSuchMember(f"no membership {membership_id}")


def _keep_an_owner(*, apart_from: Membership) -> None:
    if not _members().filter(role=Role.OWNER).exclude(pk=apart_from.pk).exists():
        raise LastOwner
