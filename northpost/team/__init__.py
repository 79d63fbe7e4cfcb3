"""Who works here: people who sign in, workspaces, memberships with roles, invitations, and the audit trail.

Tables: team_user, team_workspace, team_membership, team_invitation, team_audit_entry.
"""
