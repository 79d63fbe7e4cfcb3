"""The forms: state a goal, with its baseline measured while one chooses; change one."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from northpost.goals import actions, kpis, words
from northpost.goals.actions import LONGEST_DAYS, GoalRefused
from northpost.goals.models import Goal
from northpost.team.rules import Ability, may
from northpost.web.frame.access import StaffRequest, address, needs
from northpost.web.frame.money import sees
from northpost.web.goals.forms import AS_PERCENT, ChangeForm, GoalForm, refuse, usual_dates


@needs(Ability.EDIT)
def create(request: StaffRequest) -> HttpResponseBase:
    """?group= and ?kpi= come from where one was."""
    if request.method == "POST" and request.POST.get("do") != "look":
        form = GoalForm(request.POST, money=_money(request))
        if form.is_valid():
            try:
                goal = actions.state_goal(by=request.member, **form.wishes())
            except GoalRefused as error:
                refuse(form, error.problems)
            else:
                messages.success(request, _("Stated. From now on every day is counted."))
                return redirect(address(request, "goal", goal.pk))
        return render(request, "web/goals/create.html", {"form": form} | _measured(request, form), status=422)
    asked = request.POST if request.method == "POST" else request.GET
    form = GoalForm(initial=_initial(request, asked), money=_money(request))
    return render(request, "web/goals/create.html", {"form": form} | _measured(request, form))


def _money(request: StaffRequest) -> bool:
    return may(request.membership.role, Ability.SEE_MONEY)


def _initial(request: StaffRequest, asked: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "group": "prospects",
        "how": AS_PERCENT,
        "kind": "commercial",
        "owner": str(request.member.pk),
        **usual_dates(actions.today()),
    }
    return usual | {name: value for name, value in asked.items() if name in GoalForm.base_fields and value}


@needs(Ability.EDIT)
def baseline(request: StaffRequest) -> HttpResponseBase:
    """htmx: which figures suit the group, and what the chosen one came to before."""
    form = GoalForm(initial=_initial(request, request.GET), money=_money(request))
    return render(request, "web/goals/measured.html", {"form": form} | _measured(request, form))


def _measured(request: StaffRequest, form: GoalForm) -> dict[str, Any]:
    """The chosen figure, and its baseline over as many days before the start as the goal would have."""
    kpi = form.kpi_now()
    form.initial["kpi"] = kpi.key
    starts_on, deadline = _day(form, "starts_on"), _day(form, "deadline")
    context: dict[str, Any] = {"kpi": kpi}
    if starts_on is None or deadline is None or not 0 < (deadline - starts_on).days <= LONGEST_DAYS:
        return context
    found = actions.measure_baseline(kpi, form.group_now(), starts_on, deadline)
    return context | {
        "baseline": None if found.value is None else words.figure(kpi, found.value, request.workspace.currency),
        "baseline_first": words.day(found.first, this_year=0),
        "baseline_last": words.day(found.last, this_year=0),
        "named": words.name(kpi, form.group_now()),
    }


def _day(form: GoalForm, name: str) -> date | None:
    said = form.data.get(name) or form.initial.get(name)
    if isinstance(said, date):
        return said
    try:
        return date.fromisoformat(str(said))
    except ValueError:
        return None


@needs(Ability.EDIT)
def edit(request: StaffRequest, pk: int) -> HttpResponseBase:
    goal = Goal.objects.filter(pk=pk, closed_at=None).first()
    kpi = kpis.get(goal.kpi) if goal else None
    if goal is None or kpi is None or not sees(request, kpi):
        raise Http404
    form = ChangeForm(request.POST if request.method == "POST" else None, goal=goal, kpi=kpi)
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_goal(goal_id=pk, by=request.member, **form.wishes())
        except GoalRefused as error:
            refuse(form, error.problems)
        else:
            messages.success(request, _("Changed; what it was before stands in its history."))
            return redirect(address(request, "goal", pk))
    return render(request, "web/goals/edit.html", {"form": form, "goal": goal}, status=422 if form.errors else 200)
