"""Stating goals, changing them, and reading their figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from northpost.core import clock, sql, tenancy
from northpost.goals import kpis, words
from northpost.goals.kpis import Kpi, Unit
from northpost.goals.models import Change, EndGoal, Goal, GoalKind, Group
from northpost.team.actions import record
from northpost.team.models import Membership, User, Workspace

LONGEST_DAYS = 3 * 366
HIGHEST = Decimal("99999999999")


class GoalRefused(ValueError):
    """Permanent: the goal can't be stated so. ``problems``: field -> what is wrong and what would be right."""

    def __init__(self, problems: dict[str, str]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems.values()))


@dataclass(frozen=True)
class Baseline:
    """What the figure came to over the period of equal length just before. None: nothing to divide by."""

    value: Decimal | None
    first: date
    last: date


def set_end_goal(*, group: str, text: str, by: User | None) -> EndGoal | None:
    """What the firm wants from a group, in its own words; a blank text takes it back. Raises GoalRefused."""
    if group not in Group.values:
        raise GoalRefused({"group": _("Choose one of the groups.")})
    wish = " ".join(text.split())
    if len(wish) > 300 or "\x00" in wish:
        raise GoalRefused({"text": _("That is too long; at most %(most)s characters.") % {"most": 300}})
    with transaction.atomic():
        if not wish:
            EndGoal.objects.filter(group=group).delete()
            record(user=by, verb="cleared", noun="end goal", detail={"group": group})
            return None
        end_goal, _made = EndGoal.objects.update_or_create(group=group, defaults={"text": wish})
        record(user=by, verb="set", noun="end goal", noun_id=end_goal.pk, detail={"group": group})
    return end_goal


def measure_baseline(kpi: Kpi, group: str, starts_on: date, deadline: date) -> Baseline:
    """Measure the figure over as many days before ``starts_on`` as the goal will have."""
    length = (deadline - starts_on).days + 1
    first, last = starts_on - timedelta(days=length), starts_on - timedelta(days=1)
    return Baseline(kpis.measure(kpi, group, first, last), first, last)


def today() -> date:
    """The day that it is for the workspace."""
    zone = Workspace.objects.get(pk=tenancy.require_workspace()).time_zone
    return clock.now().astimezone(ZoneInfo(zone)).date()


def state_goal(
    *,
    group: str,
    kpi: str,
    deadline: date,
    by: User | None,
    kind: str = GoalKind.COMMERCIAL,
    target: Decimal | None = None,
    change_percent: Decimal | None = None,
    starts_on: date | None = None,
    owner_id: int | None = None,
    name: str = "",
) -> Goal:
    """State a goal; its baseline is measured now from the data, and the target is given as such or as a change of
    the baseline in percent (-20 for a fifth less). Starts today unless said otherwise. Raises GoalRefused.
    """
    figure = kpis.get(kpi)
    start = starts_on or today()
    problems = _wrong_frame(group, figure, kind, start, deadline, owner_id)
    if figure is None or problems:
        raise GoalRefused(problems)
    baseline = measure_baseline(figure, group, start, deadline)
    wanted = _target(figure, baseline.value, target, change_percent)
    title = " ".join(name.split())[:160] or words.name(figure, group)[:160]
    with transaction.atomic():
        goal = Goal.objects.create(
            name=title,
            group=group,
            kind=kind,
            kpi=kpi,
            baseline=baseline.value or Decimal(0),
            baseline_from=baseline.first,
            baseline_until=baseline.last,
            target=wanted,
            starts_on=start,
            deadline=deadline,
            owner_id=owner_id,
            created_at=clock.now(),
        )
        record(user=by, verb="stated", noun="goal", noun_id=goal.pk, detail={"name": goal.name})
        _read(goal, today())
    return goal


def change_goal(
    *,
    goal_id: int,
    by: User | None,
    target: Decimal | None = None,
    deadline: date | None = None,
    owner_id: int | None = None,
    name: str | None = None,
    kind: str | None = None,
) -> Goal:
    """Change what is given, with a line in the goal's history for each. Raises GoalRefused, Goal.DoesNotExist."""
    with transaction.atomic():
        goal = Goal.objects.select_for_update().get(pk=goal_id, closed_at=None)
        figure = kpis.get(goal.kpi)
        wishes: dict[str, object] = {
            "target": target,
            "deadline": deadline,
            "owner_id": owner_id,
            "name": " ".join(name.split())[:160] if name else None,
            "kind": kind,
        }
        changed = {field: wish for field, wish in wishes.items() if wish is not None and wish != getattr(goal, field)}
        problems = _wrong_frame(
            goal.group, figure, kind or goal.kind, goal.starts_on, deadline or goal.deadline, owner_id
        )
        if figure is None or problems:
            raise GoalRefused(problems)
        if "target" in changed:
            changed["target"] = _target(figure, goal.baseline, target, None)
        for field, wish in changed.items():
            Change.objects.create(
                goal=goal, field=field, before=str(getattr(goal, field) or ""), after=str(wish), by_id=_id(by),
                at=clock.now(),
            )  # fmt: skip
            setattr(goal, field, wish)
        goal.save(update_fields=list(changed)) if changed else None
        if changed:
            record(
                user=by,
                verb="changed",
                noun="goal",
                noun_id=goal.pk,
                detail={"name": goal.name, "fields": sorted(changed)},
            )
        if "deadline" in changed:
            _read(goal, today())
    return goal


def close_goal(*, goal_id: int, by: User | None) -> Goal:
    """Put a goal away with what it has come to. Raises Goal.DoesNotExist."""
    with transaction.atomic():
        goal = Goal.objects.select_for_update().get(pk=goal_id, closed_at=None)
        goal.closed_at = clock.now()
        goal.save(update_fields=["closed_at"])
        Change.objects.create(goal=goal, field="closed_at", after=goal.closed_at.isoformat(), by_id=_id(by),
                              at=clock.now())  # fmt: skip
        record(user=by, verb="closed", noun="goal", noun_id=goal.pk, detail={"name": goal.name})
    return goal


def reopen_goal(*, goal_id: int, by: User | None) -> Goal:
    """Undo close_goal. Raises Goal.DoesNotExist."""
    with transaction.atomic():
        goal = Goal.objects.select_for_update().exclude(closed_at=None).get(pk=goal_id)
        before, goal.closed_at = goal.closed_at, None
        goal.save(update_fields=["closed_at"])
        Change.objects.create(goal=goal, field="closed_at", before=before.isoformat() if before else "",
                              by_id=_id(by), at=clock.now())  # fmt: skip
        record(user=by, verb="reopened", noun="goal", noun_id=goal.pk, detail={"name": goal.name})
        _read(goal, today())
    return goal


def refresh_readings(now: datetime) -> int:
    """Bring the line of every open goal up to ``now``, all its days since the start; returns how many goals."""
    zone = Workspace.objects.get(pk=tenancy.require_workspace()).time_zone
    goals = list(Goal.objects.filter(closed_at=None).order_by("pk"))
    for goal in goals:
        _read(goal, now.astimezone(ZoneInfo(zone)).date())
    return len(goals)


def _id(by: User | None) -> int | None:
    return by.pk if by else None


def _read(goal: Goal, today: date) -> None:
    """One statement measures the days, one writes them. Past days are measured anew: refunds and late orders count."""
    figure = kpis.get(goal.kpi)
    last = min(today, goal.deadline)
    if figure is None or last < goal.starts_on:
        return
    line = [(day, value) for day, value in kpis.course(figure, goal.group, goal.starts_on, last) if value is not None]
    sql.run(
        sql.load("northpost.goals", "write_readings"),
        {
            "workspace_id": tenancy.require_workspace(),
            "goal_id": goal.pk,
            "days": [day for day, _value in line],
            "values": [value for _day, value in line],
        },
    )


def _wrong_frame(
    group: str, kpi: Kpi | None, kind: str, starts_on: date, deadline: date, owner_id: int | None
) -> dict[str, str]:
    problems: dict[str, str] = {}
    if group not in Group.values:
        problems["group"] = _("Choose one of the groups.")
    elif kpi is None or group not in kpi.groups:
        problems["kpi"] = _("Choose a figure that can be measured for this group.")
    if kind not in GoalKind.values:
        problems["kind"] = _("Choose what kind of goal it is.")
    if deadline <= starts_on:
        problems["deadline"] = _("The deadline should come after the start, %(day)s.") % {
            "day": words.day(starts_on, this_year=0)
        }
    elif (deadline - starts_on).days > LONGEST_DAYS:
        problems["deadline"] = _("A goal lasts at most three years.")
    # A person sees their memberships elsewhere too: so the workspace is named.
    team = Membership.objects.filter(workspace_id=tenancy.require_workspace())
    if owner_id is not None and not team.filter(user_id=owner_id).exists():
        problems["owner"] = _("Choose somebody from the team.")
    return problems


def _target(kpi: Kpi, baseline: Decimal | None, target: Decimal | None, change_percent: Decimal | None) -> Decimal:
    """The target in the figure's unit, checked to be better than the baseline."""
    if (target is None) == (change_percent is None):
        raise GoalRefused({"target": _("Say where to, as a number or as a change in percent.")})
    start = baseline or Decimal(0)
    if change_percent is not None:
        if not start:
            raise GoalRefused({"target": _("There is nothing yet to reckon a percentage from: write a number.")})
        if not -100 <= change_percent <= 100_000:
            raise GoalRefused({"target": _("Write a change from -100 to 100,000 percent.")})
        wanted = start * (1 + change_percent / 100)
    else:
        assert target is not None
        wanted = target
    if not wanted.is_finite() or not 0 <= wanted <= (1 if kpi.unit == Unit.RATE else HIGHEST):
        message = _("Write a share from 0 to 100 percent.") if kpi.unit == Unit.RATE else _("Write a number above 0.")
        raise GoalRefused({"target": message})
    currency = Workspace.objects.get(pk=tenancy.require_workspace()).currency
    named = {"baseline": words.figure(kpi, start, currency)}
    if kpi.higher_is_better and wanted <= start:
        raise GoalRefused({"target": _("The target should be above what there was before, %(baseline)s.") % named})
    if not kpi.higher_is_better and baseline is not None and wanted >= start:
        raise GoalRefused({"target": _("The target should be below what there was before, %(baseline)s.") % named})
    return wanted.quantize(Decimal(1) if kpi.unit == Unit.COUNT else Decimal("0.0001"))
