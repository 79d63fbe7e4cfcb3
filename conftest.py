"""Tests run on a real, throw-away PostgreSQL, as the role that the program runs as, with the network off."""

from __future__ import annotations

import atexit
import shutil
from collections.abc import Iterator

import pytest
from django.db import connection, connections

from northpost.config import environment
from northpost.core import database, sql, tenancy
from northpost.team.actions import found_workspace
from northpost.team.models import User, Workspace


def _remove_everything() -> None:
    server = environment.embedded_server()
    assert server is not None
    server.remove()
    shutil.rmtree(environment.data_dir(), ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: pytest.FixtureRequest) -> Iterator[None]:
    """The embedded cluster in a temporary directory, migrated by its owner."""
    server = environment.embedded_server()
    assert server is not None
    atexit.register(_remove_everything)
    server.start()
    database.create_database(server.url("postgres", "postgres"), environment.DATABASE_NAME)
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        database.prepare()
        with connections["owner"].cursor() as cursor:
            # Tests that commit are followed by a flush, which truncates; the program itself never does.
            cursor.execute("GRANT TRUNCATE ON ALL TABLES IN SCHEMA public TO northpost_app")
        connections["owner"].close()
        yield
        connection.close()


@pytest.fixture
def owner(db: None) -> User:
    return User.objects.create_user("owner@firm.example", "a long enough password", name="Vera")


@pytest.fixture
def workspace(owner: User) -> Iterator[Workspace]:
    """A workspace, entered."""
    made = found_workspace(name="Firm", owner=owner)
    with tenancy.workspace(made.pk):
        yield made


@pytest.fixture
def no_jobs(transactional_db: None) -> Iterator[None]:
    """For tests that commit: the queue of jobs is no table of Django's, and outlives a test."""
    sql.run("DELETE FROM procrastinate_jobs")
    yield
    sql.run("DELETE FROM procrastinate_jobs")


@pytest.fixture
def rival(owner: User) -> Workspace:
    """A second workspace, of somebody else."""
    stranger = User.objects.create_user("owner@rival.example", "a long enough password", name="Rolf")
    return found_workspace(name="Rival", owner=stranger)
