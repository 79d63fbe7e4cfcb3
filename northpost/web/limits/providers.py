"""Limits for a mailbox provider: set, changed, taken away."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from northpost.delivery.errors import DeliveryProblem, NotHere
from northpost.delivery.limits import allowances
from northpost.delivery.limits.providers import name_of
from northpost.delivery.models import ProviderLimit, Route, RouteKind
from northpost.team.rules import Ability
from northpost.web.frame.access import StaffRequest, address, needs
from northpost.web.limits import showing
from northpost.web.limits.forms import NumbersForm, ProviderLimitForm
from northpost.web.settings.frame import show


@needs(Ability.MANAGE)
def provider_limit_create(request: StaffRequest) -> HttpResponse:
    form = ProviderLimitForm(request.POST or None, initial={"provider": request.GET.get("provider", "")[:80]})
    servers = Route.objects.filter(archived_at=None).exclude(kind=RouteKind.MAILBOX).exists()
    if request.method == "POST" and form.is_valid() and _save(request, form, **form.cleaned_data):
        return redirect(address(request, "limits"))
    context = {"form": form, "limit": None, "servers": servers, "groups": showing.common_providers()}
    return _show(request, context)


@needs(Ability.MANAGE)
def provider_limit(request: StaffRequest, limit_id: int) -> HttpResponse:
    row = _found(limit_id)
    numbers = {"per_minute": row.per_minute, "per_hour": row.per_hour, "per_day": row.per_day}
    form = NumbersForm(request.POST or None, initial=numbers)
    given = {"route_id": row.route_id, "provider": row.mx_group}
    if request.method == "POST" and form.is_valid() and _save(request, form, **given, **form.cleaned_data):
        return redirect(address(request, "limits"))
    route = Route.objects.filter(pk=row.route_id).values_list("name", flat=True).first() or ""
    context = {"form": form, "limit": row, "servers": True, "who": name_of(row.mx_group), "route": route}
    return _show(request, context)


@require_POST
@needs(Ability.MANAGE)
def provider_limit_remove(request: StaffRequest, limit_id: int) -> HttpResponse:
    _found(limit_id)
    allowances.take_away_provider_limit(limit_id=limit_id, by=request.member)
    messages.success(request, _("The limit is gone. What waited for it leaves now."))
    return redirect(address(request, "limits"))


def _save(request: StaffRequest, form: NumbersForm, **given: object) -> bool:
    try:
        allowances.set_provider_limit(by=request.member, **given)  # type: ignore[arg-type]
    except DeliveryProblem as problem:
        form.add_error(problem.field if problem.field in form.fields else None, problem.message)
        return False
    except NotHere as error:
        raise Http404 from error
    messages.success(request, _("Saved: it holds from the next message on."))
    return True


def _show(request: StaffRequest, context: dict[str, Any]) -> HttpResponse:
    form = context["form"]
    status = 422 if isinstance(form, NumbersForm) and form.is_bound else 200
    return show(request, "web/limits/provider_form.html", here="limits", context=context, status=status)


def _found(limit_id: int) -> ProviderLimit:
    row = ProviderLimit.objects.filter(pk=limit_id).first()
    if row is None:
        raise Http404
    return row
