"""Taking the demo away again, whole or broken off: its two workspaces, and nothing that is anybody else's."""

from __future__ import annotations

from django.apps import apps
from django.db import connection, transaction

from northpost.core import tenancy
from northpost.core.tenancy import TenantModel
from northpost.team.models import Workspace


def forget_workspace(workspace_id: int) -> None:
    """Delete a workspace with everything in it, all or nothing. There is no way back.

    Done behind the workspace's own wall, so that no statement could reach further; the order does not matter, for
    foreign keys are checked at the end of the transaction.
    """
    tables = sorted(model._meta.db_table for model in apps.get_models() if issubclass(model, TenantModel))
    with tenancy.workspace(workspace_id), transaction.atomic(), connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)} WHERE workspace_id = %s", (workspace_id,))
        Workspace.objects.filter(pk=workspace_id)._raw_delete(using=connection.alias)
