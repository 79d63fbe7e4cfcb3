"""Making a workspace, a person's own profile, and the page behind the link of an invitation."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from northpost.core import signing, tenancy
from northpost.team import actions, queries
from northpost.team.errors import InvitationOver, NoSuchMember, TeamProblem, WrongAddress
from northpost.team.models import User
from northpost.team.queries import OpenDoor
from northpost.web.account.adapter import remember_theme
from northpost.web.account.forms import JoinForm, ProfileForm, WorkspaceForm

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def _user(request: HttpRequest) -> User:
    user = request.user
    if not isinstance(user, User):
        raise PermissionDenied
    return user


@login_required
def workspace_create(request: HttpRequest) -> HttpResponse:
    """The first workspace of an installation, or a further one by an owner."""
    user = _user(request)
    mine = queries.workspaces_of(user)
    if not queries.may_found(user):
        return render(request, "web/account/no_workspace.html", {"mine": mine}, status=403 if mine else 200)
    start = {"language": get_language(), "time_zone": timezone.get_default_timezone_name(), "currency": "EUR"}
    form = WorkspaceForm(request.POST or None, initial=start)
    if request.method == "POST" and form.is_valid():
        workspace = actions.found_workspace(owner=user, **form.cleaned_data)
        return redirect("home", workspace.slug)
    status = 422 if form.is_bound else 200
    return render(request, "web/account/workspace_create.html", {"form": form, "mine": mine}, status=status)


@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """Name, language and theme of the person who is signed in."""
    user = _user(request)
    start = {"name": user.name, "language": user.language, "theme": user.theme}
    form = ProfileForm(request.POST or None, initial=start)
    if request.method == "POST" and form.is_valid():
        try:
            actions.update_profile(user=user, **form.cleaned_data)
        except TeamProblem as problem:
            form.add_error(problem.field, problem.message)
        else:
            messages.success(request, _("Your profile was saved."))
            answer = redirect("account")
            answer.delete_cookie("theme")
            remember_theme(request, answer, user.theme)
            return answer
    return render(request, "web/account/profile.html", {"form": form}, status=422 if form.is_bound else 200)


def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind an invitation's link. Looking at it changes nothing; joining is a POST."""
    try:
        workspace_id, invitation_id = actions.read_invitation(token)
    except signing.BadToken as error:
        raise Http404 from error
    with tenancy.workspace(workspace_id):
        door = queries.open_door(invitation_id)
        if door is None:
            raise Http404
        if why := door.invitation.over():
            # Whoever came in by it finds the way to the workspace; the link itself opens nothing any more.
            context = {"why": why, "door": door}
            return render(request, "web/account/invitation_over.html", context, status=410)
        if request.method == "POST":
            return _join(request, token, door)
        return _show(request, token, door, JoinForm(email=door.invitation.email))


def _show(request: HttpRequest, token: str, door: OpenDoor, form: JoinForm, status: int = 200) -> HttpResponse:
    here = reverse("invitation", args=[token])
    user = request.user if isinstance(request.user, User) else None
    return render(
        request,
        "web/account/invitation.html",
        {
            "door": door,
            "form": form,
            "user": user,
            "fits": user is not None and user.email == door.invitation.email,
            "known": User.objects.filter(email=door.invitation.email).exists(),
            "sign_in_url": f"{reverse('account_login')}?{urlencode({'next': here})}",
        },
        status=status,
    )


def _join(request: HttpRequest, token: str, door: OpenDoor) -> HttpResponse:
    if isinstance(request.user, User):
        return _accept(request, token, door, request.user)
    if User.objects.filter(email=door.invitation.email).exists():
        return redirect(f"{reverse('account_login')}?{urlencode({'next': reverse('invitation', args=[token])})}")
    form = JoinForm(request.POST, email=door.invitation.email)
    if not form.is_valid():
        return _show(request, token, door, form, status=422)
    try:
        with transaction.atomic():
            user = User.objects.create_user(
                door.invitation.email,
                form.cleaned_data["password"],
                name=form.cleaned_data["name"],
                language=get_language() or "",
            )
            EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
            actions.accept_invitation(invitation_id=door.invitation.pk, user=user)
    except (IntegrityError, InvitationOver):
        # Somebody was quicker, in another tab or with the same link: the page now says how things stand.
        return redirect("invitation", token)
    login(request, user, backend=BACKEND)
    return redirect("home", door.workspace.slug)


def _accept(request: HttpRequest, token: str, door: OpenDoor, user: User) -> HttpResponse:
    try:
        actions.accept_invitation(invitation_id=door.invitation.pk, user=user)
    except WrongAddress:
        return _show(request, token, door, JoinForm(email=door.invitation.email), status=403)
    except (InvitationOver, NoSuchMember):
        return redirect("invitation", token)
    return redirect("home", door.workspace.slug)
