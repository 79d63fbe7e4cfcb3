"""A workspace is a wall (law 6).

Every tenant table carries ``workspace_id`` and forced row-level security. The database compares it with the
session setting ``northpost.workspace``, which is set here and nowhere else: a request, job or command names its
workspace once with :func:`workspace`. Code that forgets to sees no row at all, and can write none.

Two more settings open narrow doors: ``northpost.person`` lets a signed-in person see the memberships and
workspaces that are their own, and ``northpost.rollcall`` lets background work list the workspaces' ids, to enter
them one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, migrations, models

from northpost.core import session


class NoWorkspace(RuntimeError):
    """Tenant data was asked for, or written, outside any workspace."""


def current_workspace() -> int | None:
    """The id of the workspace that this request, job or command is in, or None."""
    return session.workspace_id.get()


def require_workspace() -> int:
    """The current workspace's id; raises :class:`NoWorkspace` where there is none."""
    workspace_id = session.workspace_id.get()
    if workspace_id is None:
        raise NoWorkspace("no workspace has been entered: use core.tenancy.workspace(...)")
    return workspace_id


def _tell_session() -> None:
    # A connection not yet open is told when it opens (core.postgres_backend).
    if connection.connection is not None and not connection.needs_rollback:
        with connection.cursor() as cursor:
            cursor.execute(session.SETTINGS_SQL, session.settings())


@contextmanager
def workspace(workspace_id: int) -> Iterator[int]:
    """Everything in the block happens in this workspace, and sees and touches nothing else."""
    token = session.workspace_id.set(workspace_id)
    try:
        _tell_session()
        yield workspace_id
    finally:
        session.workspace_id.reset(token)
        _tell_session()


@contextmanager
def person(user_id: int | None) -> Iterator[None]:
    """The block is done for this signed-in person: their own memberships are visible beside the workspace's."""
    token = session.person_id.set(user_id)
    try:
        _tell_session()
        yield
    finally:
        session.person_id.reset(token)
        _tell_session()


@contextmanager
def rollcall() -> Iterator[None]:
    """Background work may list all workspaces inside the block, and nothing else that is theirs."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('northpost.rollcall', 'on', false)")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('northpost.rollcall', '', false)")


class TenantModel(models.Model):
    """A table behind the wall. Give its migration a :func:`wall`; a test finds the table that lacks one."""

    id = models.BigAutoField(primary_key=True)
    workspace_id = models.BigIntegerField(default=require_workspace, editable=False)

    class Meta:
        abstract = True


# nullif: a session that never entered a workspace compares with NULL, and sees nothing.
INSIDE = "workspace_id = nullif(current_setting('northpost.workspace', true), '')::bigint"


def wall(*tables: str, using: str = INSIDE, check: str | None = None) -> migrations.RunSQL:
    """Migration operation: force row-level security on ``tables`` with one policy, ``using`` (and ``check``)."""
    raise_wall = "\n".join(
        f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY;\n'
        f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY;\n'
        f'CREATE POLICY wall ON "{table}" USING ({using}) WITH CHECK ({check or using});'
        for table in tables
    )
    take_down = "\n".join(
        f'DROP POLICY wall ON "{table}"; ALTER TABLE "{table}" NO FORCE ROW LEVEL SECURITY; '
        f'ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY;'
        for table in tables
    )
    return migrations.RunSQL(raise_wall, take_down)
