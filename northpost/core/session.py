"""Which workspace and person the running code works for, and how a database session is told.

Apart from tenancy.py because the database backend needs it before Django's models exist.
"""

from __future__ import annotations

from contextvars import ContextVar

workspace_id: ContextVar[int | None] = ContextVar("northpost_workspace", default=None)
person_id: ContextVar[int | None] = ContextVar("northpost_person", default=None)

SETTINGS_SQL = (
    "SELECT set_config('northpost.workspace', %s, false), set_config('northpost.person', %s, false),"
    " set_config('northpost.rollcall', '', false)"
)


def settings() -> tuple[str, str]:
    """What a database session must know, as the parameters of ``SETTINGS_SQL``."""
    return (str(workspace_id.get() or ""), str(person_id.get() or ""))
