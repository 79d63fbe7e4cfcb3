"""The settings of the first share: from which size on mailings go to a few people first."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from northpost.campaigns import canary
from northpost.team.rules import Ability
from northpost.web.frame.access import StaffRequest, address, needs
from northpost.web.mailings.forms import CanaryForm
from northpost.web.settings.frame import show


@needs(Ability.MANAGE)
def first_share(request: StaffRequest) -> HttpResponseBase:
    known = canary.policy()
    names = ("enabled", "over", "percent", "minutes")
    form = CanaryForm(request.POST or None, initial={name: getattr(known, name) for name in names})
    if request.method == "POST" and form.is_valid():
        try:
            canary.set_policy(by=request.member, **form.cleaned_data)
        except ValueError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Saved: it holds for mailings that begin from now on."))
            return redirect(address(request, "canary_settings"))
    status = 422 if form.errors else 200
    return show(request, "web/mailings/first_share.html", here="first_share", context={"form": form}, status=status)
