"""The log counts each event once, and consumers miss none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from northpost.core import tenancy
from northpost.events import consumers
from northpost.events.actions import NewEvent, record_events
from northpost.events.consumers import Event
from northpost.team.models import Workspace

WHEN = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def event(key: str, **other: object) -> NewEvent:
    return NewEvent(**({"key": key, "kind": "order.placed", "contact_id": 7, "occurred_at": WHEN} | other))


@pytest.fixture
def seen() -> Sequence[Event]:
    return []


@pytest.fixture
def only_consumer(monkeypatch: pytest.MonkeyPatch, seen: list[Event]) -> None:
    monkeypatch.setattr(consumers, "_consumers", {"test": seen.extend})


@pytest.mark.django_db
def test_the_first_event_with_a_key_wins(workspace: Workspace):
    assert record_events([event("a", value=Decimal("10.00"), currency="EUR"), event("b")]) == {"a", "b"}
    assert record_events([event("a", value=Decimal("99.00")), event("c"), event("c")]) == {"c"}
    # Another month changes nothing: the key decides.
    assert record_events([event("a", occurred_at=WHEN.replace(month=5))]) == frozenset()


@pytest.mark.django_db
def test_a_key_is_its_workspaces_own(workspace: Workspace, rival: Workspace):
    assert record_events([event("a")]) == {"a"}
    with tenancy.workspace(rival.pk):
        assert record_events([event("a")]) == {"a"}


@pytest.mark.django_db
@pytest.mark.parametrize("year", [1969, 2200])
def test_impossible_times_are_refused(workspace: Workspace, year: int):
    with pytest.raises(ValueError, match="1970 to 2199"):
        record_events([event("a", occurred_at=WHEN.replace(year=year))])


@pytest.mark.django_db(transaction=True)
def test_a_consumer_gets_each_event_once_in_order(workspace: Workspace, only_consumer: None, seen: list[Event]):
    record_events([event("a"), event("b", occurred_at=WHEN.replace(month=1))])
    assert consumers.lag() == {"test": 2}
    assert consumers.consume_all() == 2
    record_events([event("c", properties={"url": "https://shop.example/"})])
    assert consumers.consume_all() == 1
    assert seen[-1].properties == {"url": "https://shop.example/"}
    assert consumers.consume_all() == 0
    assert [each.occurred_at.month for each in seen] == [3, 1, 3]
    assert consumers.lag() == {"test": 0}


@pytest.mark.django_db(transaction=True)
def test_a_consumer_that_fails_gets_its_batch_again(workspace: Workspace, monkeypatch: pytest.MonkeyPatch):
    calls: list[int] = []

    def fails_once(events: Sequence[Event]) -> None:
        calls.append(len(events))
        if len(calls) == 1:
            raise RuntimeError("crash")

    monkeypatch.setattr(consumers, "_consumers", {"test": fails_once})
    record_events([event("a"), event("b")])
    with pytest.raises(RuntimeError):
        consumers.consume_all()
    assert consumers.consume_all() == 2
    assert calls == [2, 2]
