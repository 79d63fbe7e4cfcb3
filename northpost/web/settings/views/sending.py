"""How mail leaves: routes, senders, the frequency cap and the quiet hours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_POST

from northpost.delivery.actions import resume_route, routes
from northpost.delivery.actions.policy import set_policy
from northpost.delivery.errors import DeliveryProblem, NotHere
from northpost.delivery.models import Policy, Route, RouteKind, Security, Sender
from northpost.delivery.routes import RouteUnusable
from northpost.delivery.routes.trying import check_route
from northpost.delivery.transport import RouteReport
from northpost.team.rules import Ability
from northpost.web.frame.access import StaffRequest, address, needs
from northpost.web.settings.frame import show
from northpost.web.templatetags.northpost import say_number


class RouteForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=120, help_text=gettext_lazy("As you call it: our server, the provider.")
    )
    host = forms.CharField(
        label=gettext_lazy("Server"), max_length=255, help_text=gettext_lazy("For example smtp.example.com")
    )
    security = forms.ChoiceField(
        label=gettext_lazy("Encryption"), choices=Security.choices, initial=Security.STARTTLS.value
    )
    port = forms.IntegerField(
        label=gettext_lazy("Port"),
        initial=587,
        min_value=1,
        max_value=65535,
        help_text=gettext_lazy("587 with STARTTLS, 465 with TLS from the start."),
    )
    username = forms.CharField(
        label=gettext_lazy("User name"),
        max_length=255,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("Kept encrypted and never shown. Empty: stays as it is."),
    )
    connections = forms.IntegerField(
        label=gettext_lazy("Connections at once"), initial=5, min_value=1, max_value=routes.MOST_CONNECTIONS
    )
    per_minute = forms.IntegerField(
        label=gettext_lazy("Messages a minute at most"),
        required=False,
        min_value=1,
        help_text=gettext_lazy("Empty: as fast as the server takes them."),
    )
    per_hour = forms.IntegerField(label=gettext_lazy("Messages an hour at most"), required=False, min_value=1)
    per_day = forms.IntegerField(
        label=gettext_lazy("Messages in 24 hours at most"),
        required=False,
        min_value=1,
        help_text=gettext_lazy("What the provider allows. The rest waits, or goes by the server below."),
    )
    weight = forms.IntegerField(
        label=gettext_lazy("Share of the default server's mail"),
        initial=0,
        min_value=0,
        max_value=routes.MOST_WEIGHT,
        help_text=gettext_lazy(
            "0: none; the default server itself has at least 1."
            " With shares of 3 and 1, three of four messages go by the first."
        ),
    )
    fallback_id = forms.TypedChoiceField(
        label=gettext_lazy("If it is down or used up"),
        required=False,
        coerce=int,
        empty_value=None,
        help_text=gettext_lazy("Only what was not handed over yet goes the other way: nobody gets it twice."),
    )

    def __init__(self, *args: Any, route_id: int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = Route.objects.filter(archived_at=None).exclude(kind=RouteKind.MAILBOX).exclude(pk=route_id or 0)
        choices = [(other.pk, _("go by “%(name)s”") % {"name": other.name}) for other in others.order_by("name")]
        self.fields["fallback_id"].choices = [("", _("wait")), *choices]  # type: ignore[attr-defined]


class SenderForm(forms.Form):
    name = forms.CharField(
        label=pgettext_lazy("of a person", "Name"),
        max_length=120,
        help_text=gettext_lazy("What people see as the sender."),
    )
    email = forms.CharField(
        label=gettext_lazy("E-mail address"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    reply_to = forms.CharField(
        label=gettext_lazy("Replies go to"),
        max_length=254,
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("Empty: to the same address."),
    )


class PolicyForm(forms.Form):
    cap_messages = forms.IntegerField(
        label=gettext_lazy("Messages to a person at most"),
        required=False,
        min_value=1,
        help_text=gettext_lazy("Empty: no cap. What goes beyond it is not sent, and the report says so."),
    )
    cap_days = forms.IntegerField(label=gettext_lazy("Within how many days"), initial=7, min_value=1, max_value=365)
    quiet_from = forms.TimeField(
        label=gettext_lazy("Quiet from"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    quiet_until = forms.TimeField(
        label=gettext_lazy("Quiet until"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text=gettext_lazy("In the person's own time zone where it is known. What falls into it goes out after."),
    )


@needs(Ability.MANAGE)
def sending(request: StaffRequest) -> HttpResponse:
    return _show(request, _policy_form())


def _policy_form() -> PolicyForm:
    known = Policy.objects.first()
    names = ("cap_messages", "cap_days", "quiet_from", "quiet_until")
    return PolicyForm(initial={name: getattr(known, name) for name in names} if known else None)


def _show(request: StaffRequest, form: PolicyForm, status: int = 200) -> HttpResponse:
    own = Route.objects.filter(archived_at=None).order_by("-is_default", "name")
    default = next((route for route in own if route.is_default), None)
    context = {
        "routes": own,
        "senders": Sender.objects.filter(archived_at=None).order_by("-is_default", "name"),
        "form": form,
        "rehearsing": default is not None and default.kind == RouteKind.MAILBOX,
    }
    return show(request, "web/settings/sending.html", here="sending", context=context, status=status)


@require_POST
@needs(Ability.MANAGE)
def policy_set(request: StaffRequest) -> HttpResponse:
    form = PolicyForm(request.POST)
    if form.is_valid():
        try:
            set_policy(by=request.member, **form.cleaned_data)
        except DeliveryProblem as problem:
            form.add_error(problem.field, problem.message)
        else:
            messages.success(request, _("Saved: it holds from the next message on."))
            return redirect(address(request, "sending"))
    return _show(request, form, status=422)


def _write(
    request: StaffRequest, form: forms.Form, save: Callable[..., Any], said: str, template: str, context: dict[str, Any]
) -> HttpResponse:
    """Show a form, or save what it says and go back to the page."""
    if request.method == "POST" and form.is_valid():
        try:
            save(by=request.member, **form.cleaned_data)
        except DeliveryProblem as problem:
            form.add_error(problem.field if problem.field in form.fields else None, problem.message)
        except NotHere as error:
            raise Http404 from error
        else:
            messages.success(request, said)
            return redirect(address(request, "sending"))
    status = 422 if form.is_bound else 200
    return show(request, template, here="sending", context={"form": form} | context, status=status)


@needs(Ability.MANAGE)
def route_create(request: StaffRequest) -> HttpResponse:
    form = RouteForm(request.POST or None)
    said = _("The server is there. Check it before you send through it.")

    def save(**details: Any) -> Route:
        return routes.create_route(kind=RouteKind.SMTP, **details)

    return _write(request, form, save, said, "web/settings/route.html", {"route": None})


@needs(Ability.MANAGE)
def route(request: StaffRequest, route_id: int) -> HttpResponse:
    found = Route.objects.filter(pk=route_id, archived_at=None, kind=RouteKind.SMTP).first()
    if found is None:
        raise Http404
    start = {name: getattr(found, name) for name in RouteForm.base_fields if name != "password"}

    def save(**details: Any) -> Route:
        # An empty password box means "as it is": nobody can see what stands there.
        return routes.update_route(route_id=route_id, **details | {"password": details["password"] or None})

    form = RouteForm(request.POST or None, initial=start, route_id=route_id)
    return _write(request, form, save, _("The server was saved."), "web/settings/route.html", {"route": found})


@require_POST
@needs(Ability.MANAGE)
def route_do(request: StaffRequest, route_id: int) -> HttpResponse:
    """Check it, make it the default, let it go on, or put it away."""
    if not Route.objects.filter(pk=route_id, archived_at=None).exists():
        raise Http404
    match request.POST.get("do"):
        case "check":
            _check(request, route_id)
        case "default":
            routes.set_default_route(route_id=route_id, by=request.member)
            messages.success(request, _("Mailings that name no server leave through this one now."))
        case "resume":
            resume_route(route_id=route_id)
            messages.success(request, _("The server sends again."))
        case "archive":
            _archive(request, routes.archive_route, route_id=route_id)
        case _:
            raise Http404
    return redirect(address(request, "sending"))


def _check(request: StaffRequest, route_id: int) -> None:
    try:
        report = check_route(route_id=route_id)
    except RouteUnusable as problem:
        messages.error(request, str(problem))
        return
    if report.error is not None:
        messages.error(request, _(report.error.msgid) % report.error.params)
    else:
        messages.success(request, _found_out(report))


def _found_out(report: RouteReport) -> str:
    said = {
        "host": report.host,
        "seconds": say_number(round(report.seconds, 1)),
        "tls": report.tls[0] if report.tls else "",
    }
    if report.tls and report.signed_in:
        return _("It works: %(host)s answered in %(seconds)s s, encrypted with %(tls)s, signed in.") % said
    if report.tls:
        return _("It works: %(host)s answered in %(seconds)s s, encrypted with %(tls)s.") % said
    return _("It works: %(host)s answered in %(seconds)s s, without encryption.") % said


def _archive(request: StaffRequest, archive: Callable[..., None], **which: int) -> None:
    try:
        archive(by=request.member, **which)
    except DeliveryProblem as problem:
        messages.error(request, problem.message)
    else:
        messages.success(request, _("Put away."))


@needs(Ability.MANAGE)
def sender_create(request: StaffRequest) -> HttpResponse:
    form = SenderForm(request.POST or None)
    return _write(
        request, form, routes.create_sender, _("The sender is there."), "web/settings/sender.html", {"sender": None}
    )


@needs(Ability.MANAGE)
def sender(request: StaffRequest, sender_id: int) -> HttpResponse:
    found = Sender.objects.filter(pk=sender_id, archived_at=None).first()
    if found is None:
        raise Http404
    start = {name: getattr(found, name) for name in SenderForm.base_fields}
    form = SenderForm(request.POST or None, initial=start)

    def save(**details: Any) -> Sender:
        return routes.update_sender(sender_id=sender_id, **details)

    return _write(request, form, save, _("The sender was saved."), "web/settings/sender.html", {"sender": found})


@require_POST
@needs(Ability.MANAGE)
def sender_do(request: StaffRequest, sender_id: int) -> HttpResponse:
    """Make it the default, or put it away."""
    if not Sender.objects.filter(pk=sender_id, archived_at=None).exists():
        raise Http404
    match request.POST.get("do"):
        case "default":
            routes.set_default_sender(sender_id=sender_id, by=request.member)
            messages.success(request, _("A new mailing begins with this sender now."))
        case "archive":
            _archive(request, routes.archive_sender, sender_id=sender_id)
        case _:
            raise Http404
    return redirect(address(request, "sending"))
