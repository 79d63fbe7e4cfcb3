"""Limits of sending: the firm's own, what holds mail back now, and warming a domain up."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from northpost.core import clock
from northpost.delivery.errors import DeliveryProblem, NotHere
from northpost.delivery.limits import slowing, warming
from northpost.delivery.limits.ceilings import set_ceiling
from northpost.delivery.limits.hosts import domain_of
from northpost.delivery.models import Ceiling, Route, RouteKind, Sender, WarmUp
from northpost.delivery.rules.warming import Plan
from northpost.team.rules import Ability
from northpost.web.frame.access import StaffRequest, address, needs
from northpost.web.limits import showing
from northpost.web.limits.forms import CeilingForm, StepsForm, WarmUpForm
from northpost.web.settings.frame import show

MOST_PEOPLE = 1_000_000_000


@needs(Ability.MANAGE)
def limits(request: StaffRequest) -> HttpResponse:
    known = Ceiling.objects.first()
    form = CeilingForm(initial={"per_hour": known.per_hour, "per_day": known.per_day} if known else None)
    return _show_limits(request, form)


def _show_limits(request: StaffRequest, form: CeilingForm, status: int = 200) -> HttpResponse:
    now = clock.now()
    routes = list(Route.objects.filter(archived_at=None).order_by("-is_default", "name"))
    names = {route.pk: route.name for route in routes}
    context = {
        "form": form,
        "slow": showing.slow_groups(now, names),
        "waiting": [*showing.paused(routes, now), *showing.waiting(now, names)],
        "uses": showing.route_uses([route for route in routes if route.kind != RouteKind.MAILBOX], now),
        "ceiling_uses": showing.ceiling_uses(Ceiling.objects.first(), now),
        "providers": showing.provider_uses(now, names),
        "warmings": showing.warmings(names, now),
    }
    return show(request, "web/limits/limits.html", here="limits", context=context, status=status)


@require_POST
@needs(Ability.MANAGE)
def ceiling_set(request: StaffRequest) -> HttpResponse:
    form = CeilingForm(request.POST)
    if form.is_valid():
        try:
            set_ceiling(by=request.member, **form.cleaned_data)
        except DeliveryProblem as problem:
            form.add_error(problem.field, problem.message)
        else:
            messages.success(request, _("Saved: it holds from the next message on."))
            return redirect(address(request, "limits"))
    return _show_limits(request, form, status=422)


@require_POST
@needs(Ability.MANAGE)
def slowdown_forget(request: StaffRequest) -> HttpResponse:
    """Full speed again to a group that slowed us down."""
    number = request.POST.get("route", "")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise Http404
    slowing.forget(route_id=int(number), mx_group=request.POST.get("group", ""))
    messages.success(request, _("Full speed again. If it is still too fast for them, it is slowed down anew."))
    return redirect(address(request, "limits"))


@needs(Ability.MANAGE)
def warm_up_create(request: StaffRequest) -> HttpResponse:
    servers = Route.objects.filter(archived_at=None).exclude(kind=RouteKind.MAILBOX)
    sender = Sender.objects.filter(archived_at=None).order_by("-is_default", "pk").first()
    start = {
        "starts_on": warming.clock_day(clock.now(), warming.zone()),
        "domain": domain_of(sender.email) if sender else "",
    }
    form = WarmUpForm(request.POST or None, initial=start)
    context = {"warm_up": None, "servers": servers.exists()}
    if request.method == "POST" and request.POST.get("do") != "preview" and form.is_valid():
        try:
            made = warming.start_warm_up(by=request.member, **form.cleaned_data)
        except DeliveryProblem as problem:
            form.add_error(problem.field if problem.field in form.fields else None, problem.message)
        except NotHere as error:
            raise Http404 from error
        else:
            messages.success(request, _("The plan runs. Whoever reads your mail gets it first."))
            return redirect(address(request, "warm_up", made.pk))
    return _show_form(request, form, context)


@needs(Ability.MANAGE)
def warm_up_change(request: StaffRequest, warm_up_id: int) -> HttpResponse:
    row = _running(warm_up_id)
    start = {name: getattr(row, name) for name in ("starts_on", "first_day", "factor", "end_volume")}
    form = StepsForm(request.POST or None, initial=start | {"steps": ", ".join(map(str, row.steps))})
    if request.method == "POST" and request.POST.get("do") != "preview" and form.is_valid():
        try:
            warming.change_warm_up(warm_up_id=warm_up_id, by=request.member, **form.cleaned_data)
        except DeliveryProblem as problem:
            form.add_error(problem.field if problem.field in form.fields else None, problem.message)
        else:
            messages.success(request, _("Saved: it holds from the next message on."))
            return redirect(address(request, "warm_up", warm_up_id))
    return _show_form(request, form, {"warm_up": row, "servers": True})


def _show_form(request: StaffRequest, form: forms.Form, context: dict[str, Any]) -> HttpResponse:
    previewing = request.POST.get("do") == "preview" and form.is_valid()
    status = 422 if form.is_bound and not previewing else 200
    plan = _plan(form, {} if not form.is_bound else form.cleaned_data if form.is_valid() else None)
    people = showing.reachable_people()
    shown = {
        "form": form,
        "days": showing.days_sentence(plan, people) if plan else "",
        "steps": showing.first_steps(plan) if plan else "",
    }
    return show(request, "web/limits/warm_up_form.html", here="limits", context=context | shown, status=status)


def _plan(form: forms.Form, said: dict[str, Any] | None) -> Plan | None:
    """The plan that the form describes; None where it describes none."""
    if said is None:
        return None
    values = {name: form.get_initial_for_field(form.fields[name], name) for name in StepsForm.base_fields} | said
    steps = values["steps"] or []
    return Plan(
        starts_on=values["starts_on"],
        first_day=values["first_day"],
        factor=float(Decimal(values["factor"])),
        end_volume=values["end_volume"],
        steps=tuple(warming.read_steps(steps) if isinstance(steps, str) else steps),
    )


@needs(Ability.MANAGE)
def warm_up(request: StaffRequest, warm_up_id: int) -> HttpResponse:
    row = _running(warm_up_id)
    today = warming.clock_day(clock.now(), warming.zone())
    route = Route.objects.filter(pk=row.route_id).values_list("name", flat=True).first() or ""
    people = _people(request)
    context = {
        "warming": showing.show_warming(row, route, today),
        "chart": showing.warm_up_chart(row, today),
        "people": people,
        "days": showing.days_sentence(warming.plan_of(row), people, today=today),
    }
    return show(request, "web/limits/warm_up.html", here="limits", context=context)


@require_POST
@needs(Ability.MANAGE)
def warm_up_do(request: StaffRequest, warm_up_id: int) -> HttpResponse:
    """Keep it at today's ceiling, or let it grow again."""
    _running(warm_up_id)
    match request.POST.get("do"):
        case "keep":
            warming.keep_warm_up(warm_up_id=warm_up_id, by=request.member)
            messages.success(request, _("It stays at today's number until you let it grow."))
        case "grow":
            warming.let_warm_up_grow(warm_up_id=warm_up_id, by=request.member)
            messages.success(request, _("It grows again from tomorrow on."))
        case _:
            raise Http404
    return redirect(address(request, "warm_up", warm_up_id))


@require_POST
@needs(Ability.MANAGE)
def warm_up_end(request: StaffRequest, warm_up_id: int) -> HttpResponse:
    _running(warm_up_id)
    warming.end_warm_up(warm_up_id=warm_up_id, by=request.member)
    messages.success(request, _("The warm-up is over: nothing is held back any more."))
    return redirect(address(request, "limits"))


def _running(warm_up_id: int) -> WarmUp:
    row = WarmUp.objects.filter(pk=warm_up_id, ended_at=None).first()
    if row is None:
        raise Http404
    return row


def _people(request: StaffRequest) -> int:
    text = request.GET.get("people", "")
    if text.isascii() and text.isdigit() and 0 < len(text) < 10:
        return min(int(text), MOST_PEOPLE)
    return showing.reachable_people()
