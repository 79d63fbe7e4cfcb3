"""A goal is stated against a measured baseline, followed day by day, changed with a history, and put away."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation

from northpost.contacts.models import Contact
from northpost.core import clock
from northpost.goals import actions, queries, rules
from northpost.goals.actions import GoalRefused
from northpost.goals.models import Change, EndGoal, Goal, Group, Reading
from northpost.sales.models import Order
from northpost.team.models import AuditEntry, User, Workspace

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 11, 12, tzinfo=UTC)
TODAY, DEADLINE = date(2026, 6, 11), date(2026, 7, 10)  # 30 days


@pytest.fixture(autouse=True)
def standing_clock() -> Iterator[clock.VirtualClock]:
    now = clock.VirtualClock(NOW)
    with clock.use(now):
        yield now


def buys(*days: date) -> None:
    """For each day, somebody whose first order it is."""
    for day in days:
        contact = Contact.objects.create(created_at=NOW, updated_at=NOW)
        Order.objects.create(
            number=str(contact.pk),
            contact_id=contact.pk,
            placed_at=datetime(day.year, day.month, day.day, 9, tzinfo=UTC),
            total=10,
            currency="EUR",
            created_at=NOW,
        )


def state(owner: User | None = None, **other: Any) -> Goal:
    wishes: dict[str, Any] = {"group": Group.PROSPECTS, "kpi": "first_purchases", "deadline": DEADLINE, "by": owner}
    return actions.state_goal(**(wishes | ({} if "change_percent" in other else {"target": Decimal(20)}) | other))


def test_the_baseline_is_measured_over_as_many_days_before(workspace: Workspace, owner: User):
    buys(date(2026, 5, 11), date(2026, 5, 12), *[date(2026, 6, 10)] * 9, TODAY)
    goal = state(owner, change_percent=Decimal(40), owner_id=owner.pk)
    assert (goal.baseline_from, goal.baseline_until, goal.baseline) == (date(2026, 5, 12), date(2026, 6, 10), 10)
    assert (goal.target, goal.starts_on, goal.name, goal.kind) == (
        14,
        TODAY,
        "First purchases by prospects",
        "commercial",
    )
    assert list(Reading.objects.values_list("day", "value")) == [(TODAY, 1)]
    assert AuditEntry.objects.filter(noun="goal", verb="stated").count() == 1


@pytest.mark.parametrize(
    ("wishes", "field", "message"),
    [
        ({"group": "friends"}, "group", "Choose one of the groups."),
        ({"kpi": "churn"}, "kpi", "Choose a figure that can be measured for this group."),
        ({"kpi": "nothing"}, "kpi", "Choose a figure that can be measured for this group."),
        ({"kind": "vague"}, "kind", "Choose what kind of goal it is."),
        ({"deadline": TODAY}, "deadline", "The deadline should come after the start, 11 June 2026."),
        ({"deadline": date(2030, 1, 1)}, "deadline", "A goal lasts at most three years."),
        ({"owner_id": 999_999}, "owner", "Choose somebody from the team."),
        ({"target": Decimal(10)}, "target", "The target should be above what there was before, 10."),
        ({"target": Decimal("NaN")}, "target", "Write a number above 0."),
        ({"target": None}, "target", "Say where to, as a number or as a change in percent."),
        ({"change_percent": Decimal(-5)}, "target", "The target should be above what there was before, 10."),
        (
            {"group": "partners", "kpi": "new_consents", "change_percent": Decimal(5)},
            "target",
            "There is nothing yet to reckon a percentage from: write a number.",
        ),
        (
            {"group": "everyone", "kpi": "click_rate", "target": Decimal(40)},
            "target",
            "Write a share from 0 to 100 percent.",
        ),
    ],
)
def test_a_goal_that_cannot_be_is_refused_at_its_field(
    workspace: Workspace, wishes: dict[str, Any], field: str, message: str
):
    buys(*[date(2026, 6, 10)] * 10)
    with pytest.raises(GoalRefused) as caught:
        state(**wishes)
    assert caught.value.problems == {field: message}
    assert (Goal.objects.count(), Reading.objects.count()) == (0, 0)


def test_a_figure_that_should_fall_has_a_target_below(workspace: Workspace):
    # Four who ordered 200 days ago, one of whom lapsed meanwhile
    buys(date(2025, 5, 25), *[date(2025, 11, 1)] * 3)
    with pytest.raises(GoalRefused, match="below what there was before, 25%"):
        state(group=Group.EVERYONE, kpi="churn", target=Decimal("0.3"))
    goal = state(group=Group.EVERYONE, kpi="churn", target=Decimal("0.2"))
    assert goal.baseline == Decimal("0.25")


def test_a_first_day_says_nothing_of_the_pace(workspace: Workspace, standing_clock: clock.VirtualClock):
    goal = state()
    actions.refresh_readings(clock.now())
    begun = queries.progress(goal, clock.now())
    assert (begun.value, begun.on_track, begun.expected > 0) == (0, None, True)
    standing_clock.move_to(NOW + timedelta(days=1))
    actions.refresh_readings(clock.now())
    assert queries.progress(goal, clock.now()).on_track is False


def test_a_rate_that_nothing_was_known_of_is_to_stay_below_its_target(workspace: Workspace):
    goal = state(group=Group.EVERYONE, kpi="unsubscribe_rate", target=Decimal("0.002"))
    way = queries.progress(goal, clock.now()).way
    assert (goal.baseline, {value for _day, value in way}) == (0, {Decimal("0.002")})


def test_a_count_may_be_reached_before_its_time(workspace: Workspace, standing_clock: clock.VirtualClock):
    goal = state(target=Decimal(2))
    buys(TODAY, TODAY)
    assert not queries.progress(goal, clock.now()).reached
    standing_clock.move_to(NOW + timedelta(days=1))
    actions.refresh_readings(clock.now())
    there = queries.progress(goal, clock.now())
    assert (there.over, there.reached) == (False, True)


def test_progress_says_how_far_and_where_to(workspace: Workspace, standing_clock: clock.VirtualClock):
    goal = state()
    buys(*(TODAY + timedelta(days=count) for count in range(10)))
    standing_clock.move_to(NOW + timedelta(days=4))
    assert actions.refresh_readings(clock.now()) == 1
    early = queries.progress(goal, clock.now())
    assert (early.value, early.expected, early.on_track) == (5, Decimal("3.3333"), True)
    assert early.forecast is None
    assert early.sentence == ("First purchases by prospects: 5 of 20 by 10 July; too early to say where it will end")
    standing_clock.move_to(NOW + timedelta(days=9))
    actions.refresh_readings(clock.now())
    later = queries.progress(goal, clock.now())
    assert (later.value, later.expected, later.on_track) == (10, Decimal("6.6667"), True)
    # One a day, each day alike: the band is as narrow as can be.
    assert later.forecast == rules.Forecast(Decimal(30), Decimal(30), Decimal(30))
    assert later.sentence == "First purchases by prospects: 10 of 20 by 10 July; at this pace 30"
    assert (later.line[0], later.line[-1]) == ((TODAY, 1), (date(2026, 6, 20), 10))
    assert (later.way[0], later.way[-1]) == ((TODAY, Decimal("0.6667")), (DEADLINE, 20))
    assert queries.progress_of_all(clock.now()) == [later]


def test_a_goal_named_after_its_figure_is_called_so_in_every_language(workspace: Workspace):
    named, called = state(), state(name="Conquer the world")
    with translation.override("ru"):
        sentence = queries.progress(named, NOW).sentence
        assert sentence == "Первые покупки потенциальных клиентов: 0 из 20 к 10 июля; рано говорить, чем кончится"
        assert queries.progress(called, NOW).title == "Conquer the world"
    with translation.override("bg"):
        again = state()
    assert again.name == "Първи покупки на потенциални клиенти"
    assert queries.progress(again, NOW).title == "First purchases by prospects"


def test_a_goal_whose_time_is_over(workspace: Workspace, standing_clock: clock.VirtualClock):
    goal, other = state(), state(target=Decimal(3))
    buys(TODAY, TODAY, DEADLINE, DEADLINE + timedelta(days=1))
    standing_clock.move_to(NOW + timedelta(days=60))
    actions.refresh_readings(clock.now())
    missed, reached = queries.progress(goal, clock.now()), queries.progress(other, clock.now())
    assert (missed.value, missed.on_track, missed.over) == (3, False, True)
    assert missed.sentence == "First purchases by prospects: 3 by 10 July, the target of 20 was missed"
    assert (reached.on_track, reached.sentence) == (
        True,
        "First purchases by prospects: 3 by 10 July, the target of 3 was reached",
    )


def test_readings_of_past_days_follow_late_orders(workspace: Workspace, standing_clock: clock.VirtualClock):
    goal = state()
    standing_clock.move_to(NOW + timedelta(days=2))
    actions.refresh_readings(clock.now())
    assert [value for _day, value in queries.progress(goal, clock.now()).line] == [0, 0, 0]
    buys(TODAY)
    actions.refresh_readings(clock.now())
    assert [value for _day, value in queries.progress(goal, clock.now()).line] == [1, 1, 1]


def test_every_change_is_a_line_of_history(workspace: Workspace, owner: User):
    goal = state()
    actions.change_goal(goal_id=goal.pk, by=owner, target=Decimal(30), deadline=DEADLINE, owner_id=owner.pk)
    goal.refresh_from_db()
    assert (goal.target, goal.owner_id, goal.baseline) == (30, owner.pk, 0)
    lines = [(line.field, line.before, line.after, line.by_id) for line in Change.objects.order_by("pk")]
    assert lines == [("target", "20.0000", "30", owner.pk), ("owner_id", "", str(owner.pk), owner.pk)]
    with pytest.raises(GoalRefused):
        actions.change_goal(goal_id=goal.pk, by=owner, name="Other", deadline=TODAY)
    goal.refresh_from_db()
    assert goal.name == "First purchases by prospects"
    assert Change.objects.count() == 2


def test_a_closed_goal_stands_still_until_reopened(workspace: Workspace, owner: User):
    goal = state()
    actions.close_goal(goal_id=goal.pk, by=owner)
    assert actions.refresh_readings(clock.now()) == 0
    assert queries.progress_of_all(clock.now()) == []
    assert [each.goal for each in queries.progress_of_all(clock.now(), closed=True)] == [goal]
    with pytest.raises(Goal.DoesNotExist):
        actions.change_goal(goal_id=goal.pk, by=owner, target=Decimal(30))
    actions.reopen_goal(goal_id=goal.pk, by=owner)
    assert actions.refresh_readings(clock.now()) == 1


def test_each_group_has_its_end_goal(workspace: Workspace, owner: User):
    actions.set_end_goal(group=Group.PROSPECTS, text="  A first\n purchase ", by=owner)
    actions.set_end_goal(group=Group.PROSPECTS, text="A first order", by=owner)
    goal = state()
    found = {each.group: each for each in queries.by_group(NOW)}
    assert list(found) == list(Group.values)
    assert (found["prospects"].end_goal, found["lapsed"].end_goal) == ("A first order", "")
    assert [each.goal for each in found["prospects"].goals] == [goal]
    actions.set_end_goal(group=Group.PROSPECTS, text=" ", by=owner)
    assert EndGoal.objects.count() == 0
    with pytest.raises(GoalRefused):
        actions.set_end_goal(group="friends", text="x", by=owner)


def test_a_forecast_has_an_honest_band():
    first, deadline = date(2026, 6, 1), date(2026, 6, 30)
    days = [first + timedelta(days=count) for count in range(10)]
    values = [0, 2, 2, 4, 4, 6, 6, 8, 8, 10]
    line = [(day, Decimal(value)) for day, value in zip(days, values, strict=True)]
    # Increments 0 2 0 2 ...: mean 1, deviation 1; 20 days remain: 1.2816 * sqrt(20 + 400/10)
    assert rules.forecast(line, first, deadline, grows=True) == rules.Forecast(
        Decimal(30), Decimal("20.0728"), Decimal("39.9272")
    )
    share = [(day, value / 10) for day, value in line]
    assert rules.forecast(share, first, deadline, grows=True, may_fall=True, ceiling=Decimal(1)) == rules.Forecast(
        Decimal(1), Decimal(1), Decimal(1)
    )
    assert rules.forecast(line, first, deadline, grows=False) == rules.Forecast(Decimal(10))
    assert rules.forecast(line[:6], first, deadline, grows=True) is None
