"""What the workspace and its firm are called."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from northpost.team import actions
from northpost.team.errors import TeamProblem
from northpost.team.models import Workspace
from northpost.team.rules import Ability, may
from northpost.web.account.forms import WorkspaceForm
from northpost.web.frame.access import StaffRequest, address, needs
from northpost.web.settings.frame import show


@needs(Ability.SEE)
def company(request: StaffRequest) -> HttpResponse:
    changing = request.method == "POST"
    if changing and not may(request.membership.role, Ability.MANAGE):
        raise PermissionDenied
    # A copy: the form writes into its instance while it checks, and the frame shows the real one.
    form = WorkspaceForm(request.POST or None, instance=Workspace.objects.get(pk=request.workspace.pk))
    if changing and form.is_valid():
        try:
            actions.update_workspace(by=request.member, **form.cleaned_data)
        except TeamProblem as problem:
            form.add_error(problem.field, problem.message)
        else:
            messages.success(request, _("The company's details were saved."))
            return redirect(address(request, "company"))
    if not may(request.membership.role, Ability.MANAGE):
        for field in form.fields.values():
            field.disabled = True
    status = 422 if changing else 200
    return show(request, "web/settings/company.html", here="company", context={"form": form}, status=status)
