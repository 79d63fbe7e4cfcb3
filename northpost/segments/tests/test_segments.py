"""Segments are saved with their size, renamed, put away and brought back; refused ones change nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from northpost.contacts.models import Contact
from northpost.core import clock, sql
from northpost.delivery.models import Message
from northpost.sales.models import Order
from northpost.segments import actions, queries
from northpost.segments import catalogue as catalogues
from northpost.segments.models import Segment, SegmentSize
from northpost.segments.presets import presets
from northpost.segments.rules import RuleError
from northpost.segments.words import explain
from northpost.team.models import AuditEntry, User, Workspace

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 1, 23, 30, tzinfo=UTC)
EVERYONE = {"all": []}
PARTNERS = {"kind": "attribute", "attribute": "role", "roles": ["partner"]}
ANNS = {"kind": "attribute", "attribute": "first_name", "test": "is", "text": "Ann"}


@pytest.fixture(autouse=True)
def standing_clock() -> Iterator[clock.VirtualClock]:
    now = clock.VirtualClock(NOW)
    with clock.use(now):
        yield now


def contact(first_name: str, role: str = "customer") -> Contact:
    return Contact.objects.create(first_name=first_name, role=role, created_at=NOW, updated_at=NOW)


def test_saving_notes_the_size_of_the_day_in_the_firms_zone(workspace: Workspace, owner: User):
    Workspace.objects.filter(pk=workspace.pk).update(time_zone="Europe/Sofia")
    contact("Ann", "partner")
    contact("Bob")
    segment = actions.save_segment(name="  Our   partners ", rule=PARTNERS, by=owner)
    assert (segment.name, segment.rule, segment.created_by_id) == ("Our partners", PARTNERS, owner.pk)
    assert queries.sizes(segment) == [(date(2026, 6, 2), 1)]
    actions.save_segment(name="Everyone", rule=EVERYONE, by=owner, segment_id=segment.pk)
    assert queries.sizes(segment) == [(date(2026, 6, 2), 2)]
    assert queries.latest_sizes() == {segment.pk: [2]}
    ids = queries.ids(segment.pk, now=NOW)
    assert len(sql.fetch_all(ids.text, ids.params)) == 2
    assert list(AuditEntry.objects.filter(noun="segment").order_by("pk").values_list("verb", flat=True)) == [
        "made",
        "changed",
    ]


@pytest.mark.parametrize("name", ["", "   ", "x" * 161, "EVERYONE", "a\x00b"])
def test_a_name_must_be_there_and_its_own(workspace: Workspace, owner: User, name: str):
    actions.save_segment(name="Everyone", rule=EVERYONE, by=owner)
    with pytest.raises(actions.SegmentNameRefused):
        actions.save_segment(name=name, rule=PARTNERS, by=owner)
    assert [segment.name for segment in Segment.objects.all()] == ["Everyone"]
    assert SegmentSize.objects.count() == 1


def test_a_rule_that_cannot_be_is_not_saved(workspace: Workspace, owner: User):
    segment = actions.save_segment(name="Everyone", rule=EVERYONE, by=owner)
    with pytest.raises(RuleError):
        actions.save_segment(name="Other", rule={"kind": "sql"}, by=owner, segment_id=segment.pk)
    segment.refresh_from_db()
    assert (segment.name, segment.rule) == ("Everyone", EVERYONE)


def test_what_is_in_use_is_not_put_away(workspace: Workspace, owner: User, monkeypatch: pytest.MonkeyPatch):
    segment = actions.save_segment(name="Everyone", rule=EVERYONE, by=owner)
    monkeypatch.setattr(actions, "uses_of_segment", [lambda segment_id: [f"Spring {segment_id}"]])
    with pytest.raises(actions.SegmentInUse, match=f"Spring {segment.pk}"):
        actions.archive_segment(segment_id=segment.pk, by=owner)
    segment.refresh_from_db()
    assert segment.archived_at is None
    monkeypatch.setattr(actions, "uses_of_segment", [])
    actions.archive_segment(segment_id=segment.pk, by=owner)
    segment.refresh_from_db()
    assert segment.archived_at == NOW
    # Its name is free now, so that bringing it back may have to be refused.
    other = actions.save_segment(name="Everyone", rule=EVERYONE, by=owner)
    with pytest.raises(actions.SegmentNameRefused):
        actions.bring_back_segment(segment_id=segment.pk, by=owner)
    actions.rename_segment(segment_id=other.pk, name="All", by=owner)
    assert actions.bring_back_segment(segment_id=segment.pk, by=owner).archived_at is None


def test_every_night_each_size_is_noted(workspace: Workspace, owner: User, standing_clock: clock.VirtualClock):
    segment = actions.save_segment(name="Everyone", rule=EVERYONE, by=owner)
    broken = Segment.objects.create(name="Broken", rule={"kind": "gone"}, created_at=NOW, updated_at=NOW)
    contact("Ann")
    later = standing_clock.move_to(datetime(2026, 7, 5, tzinfo=UTC))
    assert actions.note_sizes(now=later) == 1
    assert queries.sizes(segment) == [(date(2026, 6, 1), 0), (date(2026, 7, 5), 1)]
    assert queries.latest_sizes() == {segment.pk: [1, 0]}
    assert queries.sizes(broken) == []


def test_overlap_sample_and_figures(workspace: Workspace):
    ann, other_ann, bob = contact("Ann", "partner"), contact("Ann"), contact("Bob", "partner")
    assert queries.overlap(ANNS, PARTNERS, now=NOW) == queries.Overlap(both=1, first=2, second=2)
    assert [each.id for each in queries.sample(ANNS, 5, now=NOW)] == [other_ann.pk, ann.pk]
    assert [each.name for each in queries.sample(ANNS, 1, now=NOW)] == ["Ann"]
    for number, (total, refunded, currency) in enumerate([(30, 0, "EUR"), (20, 5, "EUR"), (99, 0, "USD")]):
        Order.objects.create(
            number=str(number),
            contact_id=ann.pk,
            placed_at=NOW,
            total=total,
            refunded=refunded,
            currency=currency,
            created_at=NOW,
        )
    for number, who in enumerate((ann, other_ann, bob)):
        Message.objects.create(
            source_kind="campaign",
            source_id=number,
            contact_id=who.pk,
            state="accepted" if who != bob else "rejected",
            clicked_at=NOW if who == ann else None,
            due_at=NOW,
            enqueued_at=NOW,
        )
    figures = queries.figures(ANNS, now=NOW)
    assert figures == queries.Figures(people=2, orders=2, revenue=Decimal("45.00"), mails=2, clicked=1)
    assert (figures.orders_per_person, figures.average_order, figures.click_rate) == (1.0, Decimal("22.50"), 0.5)
    nobody = queries.figures({"not": EVERYONE}, now=NOW)
    assert (nobody.people, nobody.orders_per_person, nobody.average_order, nobody.click_rate) == (0, None, None, None)
    assert queries.figures(None, now=NOW).people == 3


def test_every_preset_is_a_rule_that_counts_and_speaks(workspace: Workspace):
    offered = presets(catalogues.load())
    assert [preset.key for preset in offered][:4] == ["bought_twice", "never_ordered", "no_order_180", "clicked_30"]
    for preset in offered:
        assert explain(preset.rule).startswith("People who ")
        assert queries.count(preset.rule, now=NOW) == 0
