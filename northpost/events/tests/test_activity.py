"""People of whom the log knows something are kept when an import is undone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from northpost.core import tenancy
from northpost.events.actions import NewEvent, record_events
from northpost.events.queries import with_events
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db


def test_only_people_with_events_are_found(workspace: Workspace, rival: Workspace):
    moment = datetime(2026, 3, 4, tzinfo=UTC)
    record_events(
        [
            NewEvent(key="a", kind="page.viewed", contact_id=7, occurred_at=moment),
            NewEvent(key="b", kind="page.viewed", contact_id=7, occurred_at=moment),
            NewEvent(key="c", kind="page.viewed", contact_id=None, occurred_at=moment),
        ]
    )
    assert with_events([6, 7, 8]) == {7}
    with tenancy.workspace(rival.pk):
        assert with_events([6, 7, 8]) == set()
