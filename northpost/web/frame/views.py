"""Home, and where an address without a workspace leads."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from northpost.team import actions
from northpost.team.models import User, Workspace
from northpost.team.rules import Ability
from northpost.web.frame import home as home_page
from northpost.web.frame.access import StaffRequest, needs


def start(request: HttpRequest) -> HttpResponse:
    """To the workspace used last, or the oldest one of theirs; to sign-in or sign-up where there is none."""
    user = request.user
    if not isinstance(user, User):
        return redirect("account_login" if User.objects.exists() else "account_signup")
    mine = Workspace.objects.filter(pk__in=user.memberships.values("workspace_id")).order_by("pk")
    workspace = mine.filter(slug=request.session.get("workspace", "")).first() or mine.first()
    if workspace is None:
        return redirect("workspace_create")
    return redirect("home", workspace.slug)


@needs(Ability.SEE)
def home(request: StaffRequest) -> HttpResponseBase:
    return render(request, "web/home.html", home_page.read(request))


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Change the language of the pages and go back: for the person where signed in, else for this browser."""
    chosen = request.POST.get("language", "")
    if chosen not in dict(settings.LANGUAGES):
        return HttpResponseBadRequest()
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    if isinstance(request.user, User):
        actions.choose_language(user=request.user, language=chosen)
    answer = redirect(back if safe else "/")
    answer.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        chosen,
        max_age=365 * 24 * 3600,
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )
    return answer
