"""Reading goals: how far they have come, and where they end at this pace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from northpost.core import tenancy
from northpost.goals import kpis, rules, words
from northpost.goals.kpis import Kpi, Unit
from northpost.goals.models import EndGoal, Goal, Group, Reading
from northpost.goals.rules import Forecast
from northpost.team.models import Workspace


@dataclass(frozen=True)
class Progress:
    """Where a goal stands. ``value`` is None while there is nothing to measure; ``on_track`` then
    and on the first day, too.

    ``line`` has the value by the end of each day read so far, ``way`` the straight way to the target for each day
    from the start to the deadline. ``sentence`` is for the user, in the current language.
    """

    goal: Goal
    kpi: Kpi
    currency: str
    value: Decimal | None
    expected: Decimal
    on_track: bool | None
    over: bool
    forecast: Forecast | None
    line: list[tuple[date, Decimal]]
    way: list[tuple[date, Decimal]]
    sentence: str

    @property
    def title(self) -> str:
        """The goal's name, in the current language where it is named after its figure."""
        return words.title(self.goal, self.kpi)

    @property
    def reached(self) -> bool:
        """The target is there already, before the deadline: of a figure that only counts up."""
        counts_up = self.kpi.grows and self.kpi.higher_is_better and not self.kpi.divides
        return counts_up and self.value is not None and self.value >= self.goal.target

    @property
    def share(self) -> float | None:
        """How much of the target there is, for a figure that grows to it."""
        if self.value is None or not self.goal.target or not (self.kpi.grows and self.kpi.higher_is_better):
            return None
        return float(self.value / self.goal.target)


def progress(goal: Goal, now: datetime) -> Progress:
    """From the readings (actions.refresh_readings brings them up to date). Raises KeyError for an unknown figure."""
    workspace = Workspace.objects.get(pk=tenancy.require_workspace())
    readings = list(Reading.objects.filter(goal=goal).order_by("day").values_list("day", "value"))
    return _progress(goal, readings, workspace, now)


def progress_of_all(now: datetime, *, closed: bool = False) -> list[Progress]:
    """Every open (or closed) goal, by deadline: two queries however many there are."""
    workspace = Workspace.objects.get(pk=tenancy.require_workspace())
    goals = list(Goal.objects.filter(closed_at__isnull=not closed).order_by("deadline", "pk"))
    readings: dict[int, list[tuple[date, Decimal]]] = {goal.pk: [] for goal in goals}
    rows = Reading.objects.filter(goal__in=goals).order_by("goal_id", "day").values_list("goal_id", "day", "value")
    for goal_id, day, value in rows:
        readings[goal_id].append((day, value))
    return [_progress(goal, readings[goal.pk], workspace, now) for goal in goals if kpis.get(goal.kpi)]


def _progress(goal: Goal, line: list[tuple[date, Decimal]], workspace: Workspace, now: datetime) -> Progress:
    kpi = kpis.get(goal.kpi)
    if kpi is None:
        raise KeyError(goal.kpi)
    today = now.astimezone(ZoneInfo(workspace.time_zone)).date()
    start = Decimal(0) if kpi.grows else goal.baseline
    if kpi.harm:
        start = max(start, goal.target)  # a rate that was below its target, or that nothing was known of, is to stay
    days = kpis.each_day(goal.starts_on, goal.deadline)
    way = [(day, rules.straight_way(start, goal.target, goal.starts_on, goal.deadline, day)) for day in days]
    # Today has only begun: the way is compared where the line has come to.
    reached = line[-1][0] if line else min(today, goal.deadline)
    expected = rules.straight_way(start, goal.target, goal.starts_on, goal.deadline, reached)
    value = line[-1][1] if line else None
    over = today > goal.deadline or goal.closed_at is not None
    aim = goal.target if over else expected
    on_track = None if value is None else rules.is_on_track(value, aim, higher_is_better=kpi.higher_is_better)
    if reached <= goal.starts_on and not over:
        on_track = None  # a day that has only begun says nothing yet
    ahead = None if over else _ahead(goal, kpi, line)
    sentence = _sentence(goal, kpi, value, ahead, over, on_track, workspace.currency, today)
    return Progress(goal, kpi, workspace.currency, value, expected, on_track, over, ahead, line, way, sentence)


def _ahead(goal: Goal, kpi: Kpi, line: list[tuple[date, Decimal]]) -> Forecast | None:
    return rules.forecast(
        _full(line, goal.starts_on),
        goal.starts_on,
        goal.deadline,
        grows=kpi.grows,
        may_fall=kpi.divides,
        ceiling=Decimal(1) if kpi.unit == Unit.RATE else None,
    )


def _full(line: list[tuple[date, Decimal]], first: date) -> list[tuple[date, Decimal | None]]:
    """Every day from the start to the last reading; days without one have None."""
    if not line:
        return []
    known = dict(line)
    return [(day, known.get(day)) for day in kpis.each_day(first, line[-1][0])]


def _sentence(
    goal: Goal,
    kpi: Kpi,
    value: Decimal | None,
    ahead: Forecast | None,
    over: bool,
    on_track: bool | None,
    currency: str,
    today: date,
) -> str:
    named = {
        "what": words.title(goal, kpi),
        "value": words.figure(kpi, value, currency),
        "target": words.figure(kpi, goal.target, currency),
        "deadline": words.day(goal.deadline, this_year=today.year),
        "forecast": words.figure(kpi, ahead.value if ahead else None, currency),
    }
    if value is None:
        return _("%(what)s: nothing to measure yet; to reach %(target)s by %(deadline)s") % named
    counts_up = kpi.grows and kpi.higher_is_better and not kpi.divides
    if over:
        if on_track:
            return _("%(what)s: %(value)s by %(deadline)s, the target of %(target)s was reached") % named
        return _("%(what)s: %(value)s by %(deadline)s, the target of %(target)s was missed") % named
    said = (
        _("%(what)s: %(value)s of %(target)s by %(deadline)s")
        if counts_up
        else _("%(what)s: %(value)s now, to be %(target)s by %(deadline)s")
    ) % named
    if ahead is None:
        return _("%(said)s; too early to say where it will end") % {"said": said}
    return _("%(said)s; at this pace %(forecast)s") % {"said": said, "forecast": named["forecast"]}


@dataclass(frozen=True)
class GroupGoals:
    """A group of people with its end goal (blank: not said yet) and its open goals."""

    group: str
    label: str
    end_goal: str
    goals: list[Progress]


def by_group(now: datetime) -> list[GroupGoals]:
    """Every group, with or without goals, in the order of the life cycle."""
    wishes = dict(EndGoal.objects.values_list("group", "text"))
    everything = progress_of_all(now)
    return [
        GroupGoals(
            group=group.value,
            label=str(group.label),
            end_goal=wishes.get(group.value, ""),
            goals=[each for each in everything if each.goal.group == group.value],
        )
        for group in Group
    ]
