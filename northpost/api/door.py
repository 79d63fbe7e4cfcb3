"""The door: a key in the header names the workspace, and everything behind it happens inside that workspace."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import ValidationError
from ninja.security import HttpBearer

from northpost.api.campaigns import router as campaigns
from northpost.api.keys import KeyHolder
from northpost.core import tenancy
from northpost.team.actions import count_request, read_token, use_key


class TooMany(Exception):
    """The key made more requests than it may in a minute. Retryable, after ``wait``."""

    retryable = True

    def __init__(self, wait: timedelta) -> None:
        super().__init__()
        self.wait = wait


class Key(HttpBearer):
    """``Authorization: Bearer np_...``. A key that is unknown, revoked or of no form gets the same 401.

    Raises TooMany.
    """

    def authenticate(self, request: HttpRequest, token: str) -> KeyHolder | None:
        named = read_token(token)
        if named is None:
            return None
        workspace_id, secret = named
        with tenancy.workspace(workspace_id):
            key = use_key(secret=secret)
            if key is None:
                return None
            wait = count_request(key_id=key.pk, most=settings.NORTHPOST_API_PER_MINUTE)
        if wait is not None:
            raise TooMany(wait)
        return KeyHolder(workspace_id, key.name, key.sees_money)


def inside(view: Callable[..., Any]) -> Callable[..., Any]:
    """Have an operation run inside the workspace that its key is of, and refuse what it has no name for: who misspells
    a parameter is told so, rather than given what was not asked for."""

    @wraps(view)
    def entered(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        holder: KeyHolder = request.auth  # type: ignore[attr-defined]
        in_path = request.resolver_match.kwargs if request.resolver_match else {}
        unknown = sorted(request.GET.keys() - (kwargs.keys() - in_path.keys()))
        if unknown:
            raise ValidationError(
                [{"type": "unknown", "loc": ["query", name], "msg": "There is no such parameter."} for name in unknown]
            )
        with tenancy.workspace(holder.workspace_id):
            return view(request, *args, **kwargs)

    return entered


api = NinjaAPI(
    title="Northpost",
    version="1",
    description="Figures of a workspace's mailings. Every request carries a key: Authorization: Bearer np_...",
    auth=Key(),
    docs_url=None,  # the description is at openapi.json; a page of scripts from elsewhere is not
    openapi_url="openapi.json",
)
campaigns.add_decorator(inside, mode="operation")  # after the key was looked at
api.add_router("campaigns", campaigns)


@api.exception_handler(Http404)
def nothing_there(request: HttpRequest, error: Exception) -> HttpResponse:
    return api.create_response(request, {"detail": "There is nothing here."}, status=404)


@api.exception_handler(TooMany)
def too_many(request: HttpRequest, error: TooMany) -> HttpResponse:
    seconds = max(1, math.ceil(error.wait.total_seconds()))
    answer = api.create_response(request, {"detail": f"Too many requests: ask again in {seconds} seconds."}, status=429)
    answer["Retry-After"] = str(seconds)
    return answer
