"""Each database session learns its workspace when it opens, and runs as a role that walls hold.

A connection may open (or reopen after PostgreSQL restarted) in the middle of a request or job; it must then be
in the same workspace as the code that uses it, or in none.
"""

from __future__ import annotations

from django.db.backends.postgresql import base

from northpost.core import session


class DatabaseWrapper(base.DatabaseWrapper):
    def init_connection_state(self) -> None:
        super().init_connection_state()
        with self.connection.cursor() as cursor:
            cursor.execute(session.SETTINGS_SQL, session.settings())
        if not self.get_autocommit():
            self.connection.commit()
