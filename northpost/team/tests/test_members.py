"""Members and invitations: who comes in, and who can't be sent away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from northpost.core import clock, signing, tenancy
from northpost.team import actions, queries
from northpost.team.errors import InvitationOver, LastOwner, NoSuchMember, Over, TeamProblem, WrongAddress
from northpost.team.models import AuditEntry, Invitation, Membership, Role, User, Workspace

pytestmark = pytest.mark.django_db
MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def anna(db: None) -> User:
    return User.objects.create_user("anna@firm.example", "a long enough password", name="Anna")


def test_an_invitation_lets_its_address_in_once(workspace: Workspace, owner: User, anna: User):
    with clock.use(clock.VirtualClock(MOMENT)):
        invitation = actions.invite(email=" Anna@Firm.example ", role=Role.ANALYST, by=owner)
        assert (invitation.email, invitation.expires_at) == ("anna@firm.example", MOMENT + timedelta(days=7))
        token = actions.invitation_token(invitation)
        assert actions.read_invitation(token) == (workspace.pk, invitation.pk)
        membership = actions.accept_invitation(invitation_id=invitation.pk, user=anna)
        assert membership.role == Role.ANALYST
        with pytest.raises(InvitationOver) as caught:
            actions.accept_invitation(invitation_id=invitation.pk, user=anna)
        assert caught.value.why is Over.ACCEPTED
    assert [(row.user.email, row.role) for row in queries.members()] == [
        ("owner@firm.example", "owner"),
        ("anna@firm.example", "analyst"),
    ]
    assert list(AuditEntry.objects.order_by("id").values_list("verb", flat=True)) == ["founded", "invited", "joined"]


def test_every_changed_byte_of_a_token_is_refused(workspace: Workspace, owner: User):
    token = actions.invitation_token(actions.invite(email="a@b.example", role=Role.ANALYST, by=owner))
    for place in range(len(token)):
        letter = "A" if token[place] != "A" else "B"
        with pytest.raises(signing.BadToken):
            actions.read_invitation(token[:place] + letter + token[place + 1 :])


def test_an_expired_or_withdrawn_invitation_admits_nobody(workspace: Workspace, owner: User, anna: User):
    time = clock.VirtualClock(MOMENT)
    with clock.use(time):
        first = actions.invite(email=anna.email, role=Role.ANALYST, by=owner)
        second = actions.invite(email=anna.email, role=Role.MARKETER, by=owner)
        assert [row.pk for row in queries.open_invitations()] == [second.pk]
        with pytest.raises(InvitationOver) as caught:
            actions.accept_invitation(invitation_id=first.pk, user=anna)
        assert caught.value.why is Over.WITHDRAWN
        time.advance(timedelta(days=7))
        with pytest.raises(InvitationOver) as caught:
            actions.accept_invitation(invitation_id=second.pk, user=anna)
        assert caught.value.why is Over.EXPIRED
        assert queries.open_invitations() == []
        third = actions.invite(email=anna.email, role=Role.MARKETER, by=owner)
        actions.withdraw_invitation(invitation_id=third.pk, by=owner)
        with pytest.raises(InvitationOver):
            actions.accept_invitation(invitation_id=third.pk, user=anna)
    assert [row.user for row in queries.members()] == [owner]


def test_an_invitation_is_for_its_own_address(workspace: Workspace, owner: User, anna: User):
    invitation = actions.invite(email="boris@firm.example", role=Role.OWNER, by=owner)
    with pytest.raises(WrongAddress):
        actions.accept_invitation(invitation_id=invitation.pk, user=anna)
    invitation.refresh_from_db()
    assert (invitation.accepted_at, Membership.objects.filter(user=anna).count()) == (None, 0)


@pytest.mark.parametrize(
    ("email", "role", "field"),
    [("nobody", "analyst", "email"), ("a@b.example", "king", "role"), ("OWNER@firm.example", "analyst", "email")],
)
def test_what_is_no_address_no_role_or_a_member_is_not_invited(
    workspace: Workspace, owner: User, email: str, role: str, field: str
):
    with pytest.raises(TeamProblem) as caught:
        actions.invite(email=email, role=role, by=owner)
    assert caught.value.field == field
    assert Invitation.objects.count() == 0


def test_the_last_owner_stays(workspace: Workspace, owner: User, anna: User):
    mine = queries.members()[0]
    with pytest.raises(LastOwner):
        actions.remove_member(membership_id=mine.pk, by=owner)
    with pytest.raises(LastOwner):
        actions.change_role(membership_id=mine.pk, role=Role.ANALYST, by=owner)
    invitation = actions.invite(email=anna.email, role=Role.MARKETER, by=owner)
    hers = actions.accept_invitation(invitation_id=invitation.pk, user=anna)
    with pytest.raises(LastOwner):
        actions.change_role(membership_id=mine.pk, role=Role.ANALYST, by=owner)
    actions.change_role(membership_id=hers.pk, role=Role.OWNER, by=owner)
    actions.change_role(membership_id=mine.pk, role=Role.ANALYST, by=owner)
    with pytest.raises(LastOwner):
        actions.remove_member(membership_id=hers.pk, by=anna)
    actions.remove_member(membership_id=mine.pk, by=anna)
    assert [row.user for row in queries.members()] == [anna]


def test_members_of_another_workspace_are_out_of_reach(workspace: Workspace, rival: Workspace, owner: User):
    with tenancy.workspace(rival.pk):
        theirs = queries.members()[0]
        invitation = actions.invite(email="x@y.example", role=Role.ANALYST, by=theirs.user)
    # Even one who is a member there as well touches only the workspace that they are in.
    with tenancy.person(theirs.user_id):
        assert [row.user for row in queries.members()] == [owner]
        with pytest.raises(NoSuchMember):
            actions.change_role(membership_id=theirs.pk, role=Role.ANALYST, by=owner)
        with pytest.raises(NoSuchMember):
            actions.remove_member(membership_id=theirs.pk, by=owner)
        with pytest.raises(NoSuchMember):
            actions.withdraw_invitation(invitation_id=invitation.pk, by=owner)
        assert queries.open_invitations() == []
        assert queries.open_door(invitation.pk) is None
    with tenancy.workspace(rival.pk):
        assert Membership.objects.get(pk=theirs.pk).role == Role.OWNER
        assert Invitation.objects.get().withdrawn_at is None


def test_only_owners_found_further_workspaces(db: None, owner: User, anna: User):
    assert queries.may_found(owner)
    made = actions.found_workspace(name="Firm", owner=owner)
    with tenancy.person(owner.pk):
        assert queries.may_found(owner)
    with tenancy.person(anna.pk):
        assert not queries.may_found(anna)
        assert queries.workspaces_of(anna) == []
    with tenancy.person(owner.pk):
        second = actions.found_workspace(name="Firm", owner=owner)
        assert (made.slug, second.slug) == ("firm", "firm-2")
        assert [row.slug for row in queries.workspaces_of(owner)] == ["firm", "firm-2"]


def test_a_workspace_is_described_and_what_does_not_fit_is_refused(workspace: Workspace, owner: User):
    actions.update_workspace(by=owner, name="Firma ", currency="BGN", time_zone="Europe/Sofia", language="bg")
    workspace.refresh_from_db()
    assert (workspace.name, workspace.currency, workspace.time_zone, workspace.slug) == (
        "Firma", "BGN", "Europe/Sofia", "firm"
    )  # fmt: skip
    for field, value in (("name", ""), ("time_zone", "Mars/Base"), ("language", "xx"), ("site", "javascript:1"),
                         ("currency", "EURO")):  # fmt: skip
        with pytest.raises(TeamProblem) as caught:
            actions.update_workspace(by=owner, **{field: value})
        assert caught.value.field == field
    workspace.refresh_from_db()
    assert (workspace.name, workspace.site) == ("Firma", "")
    entry = AuditEntry.objects.get(verb="changed")
    assert entry.detail == {"fields": ["currency", "language", "name", "time_zone"]}


def test_the_trail_is_this_workspaces_own(workspace: Workspace, rival: Workspace, owner: User, anna: User):
    actions.record(user=anna, verb="renamed", noun="list", noun_id=4)
    assert [entry.verb for entry in queries.audit_trail()] == ["renamed", "founded"]
    assert [entry.verb for entry in queries.audit_trail(user_id=anna.pk)] == ["renamed"]
    assert [entry.verb for entry in queries.audit_trail(noun="workspace")] == ["founded"]
