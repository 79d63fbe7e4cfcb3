"""Names the workspace once for each request, from its address (law 6)."""

from __future__ import annotations

import re
from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone, translation
from django.utils.http import urlencode
from django.views.defaults import page_not_found

from northpost.core import tenancy
from northpost.team.models import Membership, User, Workspace

STAFF_PATH = re.compile(r"^/w/(?P<slug>[-\w]+)/")


class WorkspaceMiddleware:
    """Staff addresses begin with /w/<workspace>/; whoever is no member of it finds nothing there (404)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if not isinstance(user, User):
            if STAFF_PATH.match(request.path):
                return redirect(f"/accounts/login/?{urlencode({'next': request.get_full_path()})}")
            return self.get_response(request)
        _speak(request, user.language)
        with tenancy.person(user.pk):
            found = STAFF_PATH.match(request.path)
            if found is None:
                return self.get_response(request)
            return self._inside(request, user, found["slug"])

    def _inside(self, request: HttpRequest, user: User, slug: str) -> HttpResponse:
        workspace = Workspace.objects.filter(slug=slug).first()
        membership = workspace and Membership.objects.filter(user=user, workspace_id=workspace.pk).first()
        if workspace is None or membership is None:
            return _not_found(request)
        request.workspace = workspace  # type: ignore[attr-defined]
        request.membership = membership  # type: ignore[attr-defined]
        request.member = user  # type: ignore[attr-defined]
        request.session["workspace"] = workspace.slug
        with tenancy.workspace(workspace.pk), timezone.override(ZoneInfo(workspace.time_zone)):
            answer = self.get_response(request)
        # People's data: not for the next one at this computer, nor for a proxy. A picture may say otherwise of itself.
        answer.headers.setdefault("Cache-Control", "no-store, private")
        return answer


def _speak(request: HttpRequest, language: str) -> None:
    """A person's own choice of language goes before the browser's."""
    if language and language in dict(settings.LANGUAGES):
        translation.activate(language)
        request.LANGUAGE_CODE = translation.get_language()


def _not_found(request: HttpRequest) -> HttpResponse:
    return page_not_found(request, Http404())
