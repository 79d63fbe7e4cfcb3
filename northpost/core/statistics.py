"""The planner's statistics, after much was written at once.

PostgreSQL refreshes them by itself, but only minutes after an import, and never those of a partitioned table. In
between it takes every table for tiny, and joins two large ones row by row: a statement over all people then takes
minutes instead of a moment. So whoever is about to run such a statement calls :func:`keep_fresh` first.
"""

from __future__ import annotations

import time

from northpost.core import sql

LOOK_EVERY = 3.0  # seconds
_looked_at: float | None = None


def keep_fresh(*, at_once: bool = False) -> int:
    """Analyse the tables of which more than a third has changed; returns how many. Looks every 3 seconds at most."""
    global _looked_at
    moment = time.monotonic()
    if not at_once and _looked_at is not None and moment - _looked_at < LOOK_EVERY:
        return 0
    _looked_at = moment
    # What this session has written is counted at once, unless its transaction is still open.
    sql.fetch_value("SELECT pg_stat_force_next_flush()")
    return int(sql.fetch_value("SELECT core_refresh_statistics(1000, 0.3)"))


def refresh_after_import() -> int:
    """Analyse every table with at least a few hundred new rows; returns how many. Between batches, and at the end.

    A third of a table is too much to wait for here: a small workspace that is filled beside a large one changes little
    of the whole, and until the planner has heard of it, it takes all of its tables for empty.
    """
    sql.fetch_value("SELECT pg_stat_force_next_flush()")
    return int(sql.fetch_value("SELECT core_refresh_statistics(200, 0)"))
