"""Home, and where an address without a workspace leads."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render

from northpost.team.models import User, Workspace
from northpost.team.rules import Ability
from northpost.web.frame.access import StaffRequest, needs


def start(request: HttpRequest) -> HttpResponse:
    """To the workspace used last, or the first one of theirs; to sign-in or sign-up where there is none."""
    user = request.user
    if not isinstance(user, User):
        return redirect("account_login" if User.objects.exists() else "account_signup")
    mine = Workspace.objects.filter(pk__in=user.memberships.values("workspace_id")).order_by("name")
    workspace = mine.filter(slug=request.session.get("workspace", "")).first() or mine.first()
    if workspace is None:
        return redirect("workspace_create")
    return redirect("home", workspace.slug)


@needs(Ability.SEE)
def home(request: StaffRequest) -> HttpResponseBase:
    return render(request, "web/home.html")
