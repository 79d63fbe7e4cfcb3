"""The door of every staff page: signed in, a member of the workspace in the address, allowed to do this."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

from northpost.team.models import Membership, User, Workspace
from northpost.team.rules import Ability, may


class StaffRequest(HttpRequest):
    """What a view behind the door gets; the middleware has filled it in."""

    workspace: Workspace
    membership: Membership
    member: User
    htmx: Any


View = Callable[..., HttpResponseBase]


def needs(ability: Ability) -> Callable[[View], View]:
    """Decorator: the view answers only members whose role includes ``ability``; others get 403.

    A NUL in a query or form gets 400: no page means one, and PostgreSQL keeps none in its texts.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: StaffRequest, slug: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not may(request.membership.role, ability):
                raise PermissionDenied
            if any(
                "\x00" in value for said in (request.GET, request.POST) for each in said.lists() for value in each[1]
            ):
                raise BadRequest("a NUL in the query or the form")
            return view(request, *args, **kwargs)

        guarded.ability = ability  # type: ignore[attr-defined]
        return guarded

    return decorate


def address(request: StaffRequest, name: str, *args: Any) -> str:
    """The path of a staff page in the workspace that the request is in, by the name of its URL."""
    return reverse(name, args=[request.workspace.slug, *args])
