"""The goals of every group, and one goal's page."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_POST

from northpost.core import clock
from northpost.goals import actions, kpis, queries, words
from northpost.goals.actions import GoalRefused
from northpost.goals.models import Change, Goal, GoalKind, Group
from northpost.goals.queries import Progress
from northpost.team.models import User
from northpost.team.rules import Ability, may
from northpost.web.frame.access import StaffRequest, address, needs
from northpost.web.frame.money import seen, sees
from northpost.web.goals.contributing import contributions
from northpost.web.goals.drawing import chart_of, small_line

# What a firm may want from each group: offered where nothing is said yet.
EXAMPLES = {
    Group.PROSPECTS: gettext_lazy("A first purchase"),
    Group.NEW: gettext_lazy("A second order soon after the first"),
    Group.ACTIVE: gettext_lazy("That they buy more, and more often"),
    Group.AT_RISK: gettext_lazy("That they order before they forget us"),
    Group.LAPSED: gettext_lazy("That they come back"),
    Group.PARTNERS: gettext_lazy("Regular contact about what matters to them"),
    Group.EVERYONE: gettext_lazy("That they like to read us, and speak well of us"),
}


@needs(Ability.SEE)
def goals(request: StaffRequest) -> HttpResponseBase:
    """Grouped by group of people; ?edit=<group> opens its end goal, ?show=closed lists what was put away."""
    now = clock.now()
    if request.GET.get("show") == "closed":
        closed = [{"progress": each} for each in seen(request, queries.progress_of_all(now, closed=True))]
        return render(request, "web/goals/closed.html", {"rows": closed})
    groups = [
        {
            "key": group.group,
            "label": group.label,
            "end_goal": group.end_goal,
            "example": EXAMPLES[Group(group.group)],
            "rows": [{"progress": each, "small": small_line(each)} for each in seen(request, group.goals)],
        }
        for group in queries.by_group(now)
    ]
    context = {
        "groups": groups,
        "editing": request.GET.get("edit", ""),
        "any": any(group["rows"] or group["end_goal"] for group in groups),
        "any_closed": Goal.objects.exclude(closed_at=None).exists(),
    }
    return render(request, "web/goals/goals.html", context)


@require_POST
@needs(Ability.EDIT)
def end_goal(request: StaffRequest, group: str) -> HttpResponseBase:
    try:
        actions.set_end_goal(group=group, text=request.POST.get("text", ""), by=request.member)
    except GoalRefused as error:
        if "group" in error.problems:
            raise Http404 from error
        messages.error(request, str(error))
    else:
        messages.success(request, _("Kept."))
    return redirect(f"{address(request, 'goals')}#{group}")


def get_goal(request: StaffRequest, pk: int) -> Goal:
    """The goal, or 404: of another workspace there is nothing to see, nor of money for who may see none."""
    found = Goal.objects.filter(pk=pk).first()
    kpi = kpis.get(found.kpi) if found else None
    if found is None or kpi is None or not sees(request, kpi):
        raise Http404
    return found


@needs(Ability.SEE)
def goal(request: StaffRequest, pk: int) -> HttpResponseBase:
    found = get_goal(request, pk)
    progress = queries.progress(found, clock.now())
    context = {
        "progress": progress,
        "goal": found,
        "chart": chart_of(progress) if progress.line else None,
        "value": words.figure(progress.kpi, progress.value, progress.currency),
        "baseline": words.figure(progress.kpi, found.baseline, progress.currency),
        "target": words.figure(progress.kpi, found.target, progress.currency),
        "expected": words.figure(progress.kpi, progress.expected, progress.currency),
        "forecast": _said(progress),
        "kind": GoalKind(found.kind).label,
        "group": Group(found.group).label,
        "owner": User.objects.filter(pk=found.owner_id).first() if found.owner_id else None,
        "changes": _history(progress),
        "contributing": [
            {"mailing": each, "revenue": each.revenue(request.workspace.currency)} for each in contributions(found)
        ],
        "money": may(request.membership.role, Ability.SEE_MONEY),
        "currency": request.workspace.currency,
        "may_edit": may(request.membership.role, Ability.EDIT),
    }
    return render(request, "web/goals/goal.html", context)


def _said(progress: Progress) -> dict[str, str] | None:
    ahead = progress.forecast
    if ahead is None:
        return None

    def say(value: Any) -> str:
        return words.figure(progress.kpi, value, progress.currency)

    has_band = ahead.low is not None and ahead.high is not None
    return {"value": say(ahead.value), "low": say(ahead.low) if has_band else "", "high": say(ahead.high)}


FIELDS = {
    "target": gettext_lazy("Target"),
    "deadline": gettext_lazy("Deadline"),
    "owner_id": pgettext_lazy("of a goal", "Owner"),
    "name": gettext_lazy("Name"),
    "kind": gettext_lazy("Kind"),
    "closed_at": gettext_lazy("Closed"),
}


def _history(progress: Progress) -> list[dict[str, Any]]:
    """The goal's changes in words, newest first, and its beginning."""
    changes = list(Change.objects.filter(goal=progress.goal).order_by("-at", "-pk"))
    people = {change.by_id for change in changes} | {
        int(text) for change in changes if change.field == "owner_id" for text in (change.before, change.after) if text
    }
    names = {user.pk: str(user) for user in User.objects.filter(pk__in=[pk for pk in people if pk])}
    return [
        {
            "field": FIELDS.get(change.field, change.field),
            "before": _value(progress, change.field, change.before, names),
            "after": _value(progress, change.field, change.after, names),
            "by": names.get(change.by_id or 0, ""),
            "at": change.at,
            "closing": change.field == "closed_at",
        }
        for change in changes
    ]


def _value(progress: Progress, field: str, text: str, names: dict[int, str]) -> str:
    if not text or field == "closed_at":
        return text
    if field == "target":
        return words.figure(progress.kpi, Decimal(text), progress.currency)
    if field == "deadline":
        return words.day(date.fromisoformat(text), this_year=0)
    if field == "owner_id":
        return names.get(int(text), "")
    if field == "kind":
        return str(dict(GoalKind.choices).get(text, text))
    return text


@require_POST
@needs(Ability.EDIT)
def close(request: StaffRequest, pk: int) -> HttpResponseBase:
    get_goal(request, pk)
    try:
        actions.close_goal(goal_id=pk, by=request.member)
    except Goal.DoesNotExist as error:
        raise Http404 from error
    messages.success(request, _("Put away with what it has come to. You can take it up again."))
    return redirect(address(request, "goal", pk))


@require_POST
@needs(Ability.EDIT)
def reopen(request: StaffRequest, pk: int) -> HttpResponseBase:
    get_goal(request, pk)
    try:
        actions.reopen_goal(goal_id=pk, by=request.member)
    except Goal.DoesNotExist as error:
        raise Http404 from error
    messages.success(request, _("Taken up again."))
    return redirect(address(request, "goal", pk))
