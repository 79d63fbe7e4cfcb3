"""Writes of the team: workspaces, members and invitations, a person's own choices, the audit trail."""

from northpost.team.actions.account import THEMES, choose_language, update_profile
from northpost.team.actions.keys import count_request, make_key, read_token, revoke_key, use_key
from northpost.team.actions.members import (
    accept_invitation,
    change_role,
    invitation_token,
    invite,
    read_invitation,
    remove_member,
    withdraw_invitation,
)
from northpost.team.actions.trail import record
from northpost.team.actions.workspaces import found_workspace, on_founding, update_workspace

__all__ = [
    "THEMES",
    "accept_invitation",
    "change_role",
    "choose_language",
    "count_request",
    "found_workspace",
    "invitation_token",
    "invite",
    "make_key",
    "on_founding",
    "read_invitation",
    "read_token",
    "record",
    "remove_member",
    "revoke_key",
    "update_profile",
    "update_workspace",
    "use_key",
    "withdraw_invitation",
]
