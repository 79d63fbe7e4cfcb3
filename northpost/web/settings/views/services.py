"""Routes to e-mail services: which one, its keys, and where it sends its reports."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from northpost.delivery.actions import routes
from northpost.delivery.errors import DeliveryProblem, NotHere
from northpost.delivery.esp.provider import BadCredentials, CredentialField, Provider, providers, unseal
from northpost.delivery.esp.reading import report_address
from northpost.delivery.models import Route, RouteKind
from northpost.team.rules import Ability
from northpost.web.frame.access import StaffRequest, address, needs
from northpost.web.settings.frame import show
from northpost.web.settings.views import sending
from northpost.web.settings.views.sending import RouteForm

SHARED = ("per_minute", "per_hour", "per_day", "weight", "fallback_id")


class ServiceForm(RouteForm):
    """A service's own fields between the name and the limits that all routes have."""

    def __init__(self, *args: Any, provider: Provider, known: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        asked = {field.name: _asked(field, known=known) for field in provider.fields}
        self.credential_names = tuple(asked)
        requests = deepcopy(self.fields["connections"])
        requests.label, requests.help_text = gettext_lazy("Requests at once"), ""
        shared = {name: self.fields[name] for name in SHARED}
        self.fields = {"name": self.fields["name"]} | asked | {"connections": requests} | shared

    def details(self) -> dict[str, Any]:
        """What the action wants to know."""
        given = dict(self.cleaned_data)
        return given | {"credentials": {name: given.pop(name) for name in self.credential_names}}


def _asked(field: CredentialField, *, known: bool) -> forms.Field:
    label, hint = str(field.label), str(field.help)
    kept = field.secret and known
    shown: dict[str, Any] = {"label": label[:1].upper() + label[1:], "required": field.required and not kept}
    if field.choices:
        return forms.ChoiceField(choices=list(field.choices.items()), help_text=hint, **shown)
    attributes = {"autocomplete": "off"}
    if field.secret:
        hint = _("Empty: as it is.") if known else hint
        return forms.CharField(max_length=500, widget=forms.PasswordInput(attrs=attributes), help_text=hint, **shown)
    return forms.CharField(max_length=500, widget=forms.TextInput(attrs=attributes), help_text=hint, **shown)


@needs(Ability.MANAGE)
def choose(request: StaffRequest) -> HttpResponse:
    context = {"services": list(providers().values())}
    return show(request, "web/settings/services.html", here="sending", context=context)


@needs(Ability.MANAGE)
def create(request: StaffRequest, provider: str) -> HttpResponse:
    found = providers().get(provider)
    if found is None:
        raise Http404
    form = ServiceForm(request.POST or None, provider=found, known=False, initial={"name": found.label})
    if request.method == "POST" and form.is_valid():
        try:
            details = form.details()
            made = routes.create_route(by=request.member, kind=RouteKind.ESP, provider=found.key, **details)
        except DeliveryProblem as problem:
            form.add_error(problem.field if problem.field in form.fields else None, problem.message)
        else:
            messages.success(request, _("The service is there. Check it before you send by it."))
            return redirect(address(request, "route", made.pk))
    return _show(request, form, found, None)


@needs(Ability.MANAGE)
def route(request: StaffRequest, route_id: int) -> HttpResponseBase:
    """A route's page: of a service here, of a server there."""
    found = Route.objects.filter(pk=route_id, archived_at=None, kind=RouteKind.ESP).first()
    if found is None:
        return sending.route(request, slug=request.workspace.slug, route_id=route_id)
    return _service(request, found)


def _service(request: StaffRequest, route: Route) -> HttpResponse:
    route_id, found = route.pk, providers().get(route.provider)
    if found is None:
        raise Http404
    form = ServiceForm(
        request.POST or None, provider=found, known=True, route_id=route_id, initial=_start(route, found)
    )
    if request.method == "POST" and form.is_valid():
        try:
            routes.update_route(route_id=route_id, by=request.member, **form.details())
        except DeliveryProblem as problem:
            form.add_error(problem.field if problem.field in form.fields else None, problem.message)
        except NotHere as error:
            raise Http404 from error
        else:
            messages.success(request, _("The service was saved."))
            return redirect(address(request, "sending"))
    return _show(request, form, found, route)


def _stored(route: Route) -> dict[str, str]:
    try:
        return unseal(route.password_sealed)
    except BadCredentials:
        return {}


def _start(route: Route, provider: Provider) -> dict[str, Any]:
    stored = _stored(route)
    shown = {field.name: stored.get(field.name, "") for field in provider.fields if not field.secret}
    return shown | {name: getattr(route, name) for name in ("name", "connections", *SHARED)}


def _unheard(route: Route, provider: Provider) -> str:
    """Why its reports are not taken, if so."""
    if not provider.proof or _stored(route).get(provider.proof):
        return ""
    label = next(str(field.label) for field in provider.fields if field.name == provider.proof)
    return _("Its reports are not taken until this is entered above: %(field)s.") % {"field": label}


def _show(request: StaffRequest, form: ServiceForm, provider: Provider, route: Route | None) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "provider": provider, "route": route}
    if route is not None:
        context["report_address"] = report_address(provider, route.workspace_id, route.pk)
        context["unheard"] = _unheard(route, provider)
    status = 422 if form.is_bound else 200
    return show(request, "web/settings/service.html", here="sending", context=context, status=status)
