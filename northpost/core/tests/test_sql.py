"""Statements reach the database as their function says."""

from __future__ import annotations

import pytest
from django.db import connection

from northpost.core import sql

pytestmark = pytest.mark.django_db


def test_a_statement_that_is_to_be_prepared_is_and_is_planned_for_all_values():
    for number in range(8):
        assert sql.fetch_prepared("SELECT %(number)s::int + 1 AS prepared_here", {"number": number}) == [(number + 1,)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT generic_plans + custom_plans FROM pg_prepared_statements WHERE statement LIKE %s",
            ["%prepared_here"],
        )
        assert cursor.fetchall() == [(8,)]


def test_no_other_is_prepared_however_often_it_runs():
    for number in range(8):
        assert sql.fetch_value("SELECT %(number)s::int AS run_often", {"number": number}) == number
    assert sql.fetch_value("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%%run_often%%'") == 0
