"""Signing in at Google or Microsoft with a permission instead of a password."""

from __future__ import annotations

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from northpost.delivery.actions.tokens import Holder, give_token, take_token_away
from northpost.delivery.errors import DeliveryProblem, NotHere
from northpost.delivery.models import Inbox, Route, RouteKind, SignInToken, TokenProvider
from northpost.team.rules import Ability
from northpost.web.frame.access import StaffRequest, address, needs
from northpost.web.settings.frame import show

# Where Microsoft's mailboxes are.
_MICROSOFT = (".office365.com", ".outlook.com", ".office.com")


class PermissionForm(forms.Form):
    provider = forms.ChoiceField(label=gettext_lazy("Provider"), choices=TokenProvider.choices)
    client_id = forms.CharField(label=gettext_lazy("Client ID"), max_length=300)
    client_secret = forms.CharField(
        label=gettext_lazy("Client secret"),
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("Kept encrypted and never shown."),
    )
    refresh_token = forms.CharField(
        label=gettext_lazy("Refresh token"),
        max_length=8000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("Kept encrypted and never shown."),
    )
    tenant = forms.CharField(
        label=gettext_lazy("Tenant"),
        max_length=100,
        required=False,
        help_text=gettext_lazy("Microsoft only: your organisation's domain or id."),
    )


def permission_page(
    request: StaffRequest, holder: Holder, held: Route | Inbox, *, here: str, said: Callable[[], None]
) -> HttpResponseBase:
    """The form for one. ``here``: the page above. ``said``: called when it is kept, and says what comes next."""
    known = SignInToken.objects.filter(**holder.key).first()
    form = PermissionForm(request.POST or None, initial=_initial(held, known))
    if request.method == "POST" and form.is_valid():
        try:
            give_token(holder=holder, by=request.member, **form.cleaned_data)
        except NotHere as error:
            raise Http404 from error
        except DeliveryProblem as problem:
            form.add_error(problem.field if problem.field in form.fields else None, problem.message)
        else:
            said()
            return redirect(address(request, here))
    context = {
        "held": held,
        "form": form,
        "known": known,
        "reads": holder.kind == "inbox",
        "back": address(request, here),
        "end": address(request, f"{holder.kind}_permission_end", holder.id),
    }
    return show(request, "web/settings/permission.html", here=here, context=context, status=422 if form.errors else 200)


def _initial(held: Route | Inbox, known: SignInToken | None) -> dict[str, str]:
    if known is not None:
        return {"provider": known.provider, "client_id": known.client_id, "tenant": known.tenant}
    microsoft = held.host.lower().endswith(_MICROSOFT)
    return {"provider": TokenProvider.MICROSOFT.value if microsoft else TokenProvider.GOOGLE.value}


def forget_permission(request: StaffRequest, holder: Holder, held: Route | Inbox, *, here: str) -> HttpResponseBase:
    try:
        take_token_away(holder=holder, by=request.member)
    except NotHere:
        messages.error(request, _("There is no permission to forget."))
    else:
        if held.password_sealed:
            messages.success(request, _("Forgotten. Northpost signs in with the password again."))
        else:
            messages.success(request, _("Forgotten. It needs a password now, or another permission."))
    return redirect(address(request, here))


@needs(Ability.MANAGE)
def route_permission(request: StaffRequest, route_id: int) -> HttpResponseBase:
    route = Route.objects.filter(pk=route_id, archived_at=None, kind=RouteKind.SMTP).first()
    if route is None:
        raise Http404

    def said() -> None:
        messages.success(request, _("Kept. Check the server: Northpost signs in with the permission now."))

    return permission_page(request, Holder("route", route_id), route, here="sending", said=said)


@require_POST
@needs(Ability.MANAGE)
def permission_end(request: StaffRequest, route_id: int) -> HttpResponseBase:
    route = Route.objects.filter(pk=route_id).first()
    if route is None:
        raise Http404
    return forget_permission(request, Holder("route", route_id), route, here="sending")
