"""The door: a key in the header names the workspace, and everything behind it happens inside that workspace."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.security import HttpBearer

from northpost.api.campaigns import router as campaigns
from northpost.api.keys import KeyHolder
from northpost.core import tenancy
from northpost.team.actions import read_token, use_key


class Key(HttpBearer):
    """``Authorization: Bearer np_...``. A key that is unknown, revoked or of no form gets the same 401."""

    def authenticate(self, request: HttpRequest, token: str) -> KeyHolder | None:
        named = read_token(token)
        if named is None:
            return None
        workspace_id, secret = named
        with tenancy.workspace(workspace_id):
            key = use_key(secret=secret)
        return KeyHolder(workspace_id, key.name, key.sees_money) if key else None


def inside(view: Callable[..., Any]) -> Callable[..., Any]:
    """Have an operation run inside the workspace that its key is of."""

    @wraps(view)
    def entered(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        holder: KeyHolder = request.auth  # type: ignore[attr-defined]
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
