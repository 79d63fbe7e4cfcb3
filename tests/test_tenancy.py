"""A workspace is a wall: in the catalogue of the database, and when one tries."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.conf import settings
from django.db import Error, connection, transaction

from northpost.contacts.models import ContactList
from northpost.core import clock, sql, tenancy
from northpost.team.models import Membership, User, Workspace

pytestmark = pytest.mark.django_db

# Global by design: who signs in, and whom nobody on this installation writes to. All else stands behind the wall.
GLOBAL_TABLES = {"team_user", "delivery_installation_suppression"}


def our_tables() -> set[str]:
    labels = {room.rsplit(".", 1)[1] for room in settings.ROOMS}
    rows = sql.fetch_all(
        "SELECT c.relname AS name FROM pg_class c WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition"
        " AND c.relnamespace = 'public'::regnamespace"
    )
    return {row["name"] for row in rows if row["name"].split("_")[0] in labels}


def test_every_table_of_ours_is_behind_a_forced_wall():
    rows = sql.fetch_all(
        "SELECT c.relname AS name FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid"
        " WHERE c.relrowsecurity AND c.relforcerowsecurity"
    )
    walled = {row["name"] for row in rows}
    assert our_tables() - walled == GLOBAL_TABLES
    assert "contacts_contact" in walled
    assert "events_event" in walled


def test_every_model_with_a_workspace_is_a_tenant_model():
    for model in apps.get_models():
        if model.__module__.startswith("northpost.") and model._meta.db_table not in GLOBAL_TABLES:
            assert issubclass(model, tenancy.TenantModel) or model is Workspace, model


def test_the_program_runs_as_a_role_that_cannot_look_over():
    row = sql.fetch_one("SELECT rolsuper, rolbypassrls, rolname FROM pg_roles WHERE rolname = current_user")
    assert row == {"rolsuper": False, "rolbypassrls": False, "rolname": "northpost_app"}


def test_without_a_workspace_there_is_no_row(workspace: Workspace, rival: Workspace):
    ContactList.objects.create(name="ours", created_at=clock.now())
    assert ContactList.objects.count() == 1
    with tenancy.workspace(rival.pk):
        assert ContactList.objects.count() == 0
    token = tenancy.session.workspace_id.set(None)
    tenancy._tell_session()
    try:
        assert ContactList.objects.count() == 0
        assert Workspace.objects.count() == 0
        assert Membership.objects.count() == 0
    finally:
        tenancy.session.workspace_id.reset(token)
        tenancy._tell_session()
    assert ContactList.objects.count() == 1


def test_nothing_can_be_written_into_another_workspace(workspace: Workspace, rival: Workspace):
    with pytest.raises(Error, match="row-level security"), transaction.atomic():
        ContactList.objects.create(workspace_id=rival.pk, name="theirs", created_at=clock.now())
    ours = ContactList.objects.create(name="ours", created_at=clock.now())
    with tenancy.workspace(rival.pk):
        assert ContactList.objects.filter(pk=ours.pk).update(name="stolen") == 0
        assert ContactList.objects.filter(pk=ours.pk).delete()[0] == 0
    assert ContactList.objects.get().name == "ours"


def test_a_person_sees_only_their_own_workspaces(owner: User, workspace: Workspace, rival: Workspace):
    with tenancy.person(owner.pk):
        assert [membership.workspace_id for membership in Membership.objects.all()] == [workspace.pk]
        assert list(Workspace.objects.values_list("pk", flat=True)) == [workspace.pk]


def test_a_partition_cannot_be_reached_past_its_parent(workspace: Workspace):
    with connection.cursor() as cursor:
        cursor.execute("SELECT events_ensure_month('2024-05-01')")
        with pytest.raises(Error, match="permission denied"), transaction.atomic():
            cursor.execute("SELECT * FROM events_event_202405")
