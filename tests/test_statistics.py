"""After a large write the planner is told what the tables hold."""

from __future__ import annotations

import pytest
from django.db import connections

from northpost.core import sql, statistics
from northpost.team.models import Workspace


@pytest.mark.django_db(transaction=True)
def test_a_table_that_was_filled_is_analysed_once(workspace: Workspace, monkeypatch: pytest.MonkeyPatch):
    statistics.keep_fresh(at_once=True)  # whatever other tests have left
    sql.run(
        "INSERT INTO contacts_tag (workspace_id, name) SELECT %(workspace_id)s, 'tag ' || n"
        " FROM generate_series(1, 2000) AS n",
        {"workspace_id": workspace.pk},
    )
    estimate = "SELECT reltuples::int FROM pg_class WHERE relname = 'contacts_tag'"
    assert sql.fetch_value(estimate) < 2000
    monkeypatch.setattr(statistics, "_looked_at", None)
    assert statistics.keep_fresh() == 1
    assert sql.fetch_value(estimate) == 2000
    # It has just looked.
    assert statistics.keep_fresh() == 0
    assert statistics.keep_fresh(at_once=True) == 0


@pytest.mark.django_db
def test_the_program_itself_may_not_analyse(workspace: Workspace):
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT has_function_privilege('public', 'core_refresh_statistics(bigint, double precision)', 'execute')"
        )
        assert cursor.fetchone() == (False,)
