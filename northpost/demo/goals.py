"""What Voltline wants from each group, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from northpost.goals import actions, kpis, queries
from northpost.team.models import User


@dataclass(frozen=True)
class GoalFigure:
    """A goal in numbers; `on_track` is what its page says."""

    name: str
    baseline: float
    target: float
    value: float
    on_track: bool


@dataclass(frozen=True)
class PlannedGoal:
    """A goal to state: `change` percent away from the measured baseline, or `target` where that is nothing."""

    group: str
    kind: str
    kpi: str
    target: str
    change: int | None = None


END_GOALS = {
    "prospects": "A first order, of anything at all",
    "new": "A second order while the first is still fresh",
    "active": "Buy more, and more often: accessories with every laptop, phone and TV set",
    "at_risk": "Look in again before they forget us",
    "lapsed": "Come back",
    "partners": "Know what we plan, and answer",
}
GOALS = (
    PlannedGoal("prospects", "commercial", "first_purchases", "25", change=25),
    PlannedGoal("new", "strategic", "orders_per_person", "0.5", change=15),
    PlannedGoal("active", "commercial", "revenue", "10000", change=10),
    PlannedGoal("lapsed", "commercial", "reactivated", "10", change=30),
    PlannedGoal("partners", "reputational", "contact_rate", "0.3"),
    PlannedGoal("everyone", "reputational", "unsubscribe_rate", "0.002"),
)
GOAL_DAYS = 75


def state_goals(owner: User, now: datetime) -> None:
    """What the shop wants from each group in the end, and its goals for the next weeks, from measured baselines."""
    for group, text in END_GOALS.items():
        actions.set_end_goal(group=group, text=text, by=owner)
    start, deadline = now.date(), (now + timedelta(days=GOAL_DAYS)).date()
    for goal in GOALS:
        kpi = kpis.get(goal.kpi)
        assert kpi is not None
        by_change = goal.change is not None and actions.measure_baseline(kpi, goal.group, start, deadline).value
        actions.state_goal(
            group=goal.group,
            kind=goal.kind,
            kpi=goal.kpi,
            starts_on=start,
            deadline=deadline,
            change_percent=Decimal(goal.change or 0) if by_change else None,
            target=None if by_change else Decimal(goal.target),
            by=owner,
            owner_id=owner.pk,
        )


def goal_figures(now: datetime) -> tuple[GoalFigure, ...]:
    """Every open goal as its page has it."""
    return tuple(
        GoalFigure(
            name=progress.goal.name,
            baseline=float(progress.goal.baseline),
            target=float(progress.goal.target),
            value=float(progress.value or 0),
            on_track=bool(progress.on_track),
        )
        for progress in queries.progress_of_all(now)
    )
