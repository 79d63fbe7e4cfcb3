"""The demo can be taken away again, and nothing else goes with it."""

import pytest

from northpost.contacts.actions import add_contact
from northpost.contacts.models import Contact
from northpost.core import sql, tenancy
from northpost.demo.clearing import forget_workspace
from northpost.team.models import Membership, User, Workspace
from northpost.team.queries import workspace_by_slug, workspace_ids


@pytest.mark.django_db
def test_a_workspace_goes_with_all_that_is_in_it_and_the_next_one_stays(
    owner: User, workspace: Workspace, rival: Workspace
) -> None:
    add_contact(email="ours@mail.example")
    with tenancy.workspace(rival.pk):
        add_contact(email="theirs@mail.example")
    forget_workspace(rival.pk)
    assert workspace_ids() == [workspace.pk]
    assert workspace_by_slug("rival") is None
    assert Contact.objects.get().email == "ours@mail.example"
    assert Membership.objects.filter(user=owner).count() == 1
    with tenancy.workspace(rival.pk):
        assert Contact.objects.count() == Membership.objects.count() == 0
        assert sql.fetch_value("SELECT count(*) FROM team_audit_entry") == 0
