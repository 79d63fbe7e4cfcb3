"""Keys for other programs."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from northpost.team import actions, queries
from northpost.team.errors import TeamProblem
from northpost.team.models import ApiKey
from northpost.team.rules import Ability
from northpost.web.frame.access import StaffRequest, address, needs
from northpost.web.settings.frame import show


class KeyForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Which program"),
        max_length=120,
        help_text=gettext_lazy("For example: the shop, the report on the wall."),
    )
    sees_money = forms.BooleanField(label=gettext_lazy("May see revenue"), required=False)


@needs(Ability.MANAGE)
def keys(request: StaffRequest) -> HttpResponse:
    return _show(request, KeyForm())


def _show(request: StaffRequest, form: KeyForm, *, token: str = "", status: int = 200) -> HttpResponse:
    context = {
        "keys": queries.api_keys(),
        "form": form,
        "token": token,
        "root": f"{settings.NORTHPOST_URL}/api/v1/",
    }
    answer = show(request, "web/settings/keys.html", here="keys", context=context, status=status)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@require_POST
@needs(Ability.MANAGE)
def key_make(request: StaffRequest) -> HttpResponse:
    """The key is in this answer and nowhere else: it can't be shown again."""
    form = KeyForm(request.POST)
    if form.is_valid():
        try:
            _key, token = actions.make_key(by=request.member, **form.cleaned_data)
        except TeamProblem as problem:
            form.add_error(problem.field, problem.message)
        else:
            return _show(request, KeyForm(), token=token)
    return _show(request, form, status=422)


@require_POST
@needs(Ability.MANAGE)
def key_revoke(request: StaffRequest, key_id: int) -> HttpResponse:
    try:
        key = actions.revoke_key(key_id=key_id, by=request.member)
    except ApiKey.DoesNotExist as error:
        raise Http404 from error
    messages.success(request, _("The key “%(name)s” opens nothing any more.") % {"name": key.name})
    return redirect(address(request, "keys"))
