"""Brings a database to what the program needs: version, role, tables, rights.

The schema belongs to an owner (the embedded cluster's superuser, or whoever ``DATABASE_URL`` names); the program
itself works as ``northpost_app``, which owns nothing, is no superuser and cannot pass a wall. Django knows the
two as the aliases ``owner`` (migrations only) and ``default``.
"""

from __future__ import annotations

from typing import Any

import psycopg
from django.core.management import call_command
from django.db import OperationalError, connection, connections
from psycopg import sql

from northpost.core.postgres import DatabaseUnavailable

APP_ROLE = "northpost_app"
OLDEST_POSTGRES = 150000

# A partition is reached through its parent, whose wall holds; by itself it has none, so it gets no rights.
GRANT = f"""
DO $$
DECLARE name text;
BEGIN
  FOR name IN
    SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND c.relname <> 'django_migrations'
  LOOP
    EXECUTE 'GRANT SELECT, INSERT, UPDATE, DELETE ON ' || name || ' TO {APP_ROLE}';
  END LOOP;
END $$;
GRANT SELECT ON django_migrations TO {APP_ROLE};
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {APP_ROLE};
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {APP_ROLE};
"""


def create_database(admin_url: str, name: str) -> None:
    """Create the database on an embedded cluster unless it is there."""
    with psycopg.connect(admin_url, autocommit=True) as admin:
        if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone() is None:
            admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def prepare(*, verbosity: int = 0) -> None:
    """Check the server, make the role, migrate, grant. Safe to repeat; raises :class:`DatabaseUnavailable`."""
    owner = connections["owner"]
    try:
        owner.ensure_connection()
    except OperationalError as error:
        raise DatabaseUnavailable(
            f"cannot reach the database: {str(error).strip()}. Check DATABASE_URL, and that PostgreSQL runs there"
        ) from error
    check_version(owner.pg_version)  # type: ignore[attr-defined]
    with owner.cursor() as cursor:
        # Several processes may prepare at once: one at a time.
        cursor.execute("SELECT pg_advisory_lock(7305801)")
        try:
            _make_role(cursor, owner.settings_dict["NAME"])
            call_command("migrate", database="owner", verbosity=verbosity, interactive=False)
            cursor.execute(GRANT)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(7305801)")
    owner.close()
    check_role()


def check_version(version: int) -> None:
    """Refuse a server that is too old; ``version`` is PostgreSQL's server_version_num."""
    if version < OLDEST_POSTGRES:
        raise DatabaseUnavailable(
            f"the database is PostgreSQL {version // 10000}; Northpost needs {OLDEST_POSTGRES // 10000} or newer. "
            "Upgrade the server, or unset DATABASE_URL to use the embedded one"
        )


def check_role() -> None:
    """The program refuses to work as a role that could look over a wall."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        name, can_look_over = cursor.fetchone()
    if can_look_over:
        raise DatabaseUnavailable(
            f"the program is connected as {name}, which passes row-level security; it must work as {APP_ROLE}"
        )


def _make_role(cursor: Any, database: str) -> None:
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (APP_ROLE,))
    if cursor.fetchone() is None:
        cursor.execute(f"CREATE ROLE {APP_ROLE} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS")
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = session_user")
        if not cursor.fetchone()[0]:
            cursor.execute(f"GRANT {APP_ROLE} TO session_user")
    cursor.execute(f'GRANT CONNECT, TEMPORARY ON DATABASE "{database}" TO {APP_ROLE}')
    cursor.execute(f"GRANT USAGE ON SCHEMA public TO {APP_ROLE}")
