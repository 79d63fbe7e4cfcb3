"""Permissions to sign in with (XOAUTH2): kept, renewed, taken away.

A refresh token is exchanged for an access token at the provider (RFC 6749, 6), ahead of the old one's end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode

from django.db import transaction
from django.utils.translation import gettext as _

from northpost.core import clock, signing
from northpost.core.fetch import Answer, FetchFailed, FetchRefused, fetch
from northpost.delivery.errors import DeliveryProblem, NotHere
from northpost.delivery.models import Route, RouteKind, RouteToken, TokenProvider
from northpost.team.actions import record
from northpost.team.models import User

# Renewed while there is still so much time: a run of the sender lasts minutes.
AHEAD = timedelta(minutes=10)
SECONDS = 10.0
_TENANT = re.compile(r"[A-Za-z0-9.-]{1,100}")
_TOKEN = re.compile(r"[\x21-\x7e]{1,8000}")

Ask = Callable[..., Answer]


class NoToken(Exception):
    """The provider gives no token. ``retryable``: it could not be asked now; else somebody has to give the permission
    anew. The message says why."""

    def __init__(self, words: str, *, retryable: bool) -> None:
        super().__init__(words)
        self.retryable = retryable


def give_token(
    *,
    route_id: int,
    provider: str,
    client_id: str,
    client_secret: str,
    refresh_token: str,
    tenant: str = "",
    by: User | None = None,
) -> RouteToken:
    """Let a route sign in with a permission. Raises NotHere, DeliveryProblem."""
    details = {"client_id": client_id.strip(), "refresh_token": refresh_token.strip()}
    for name, value in details.items():
        if not _TOKEN.fullmatch(value):
            raise DeliveryProblem(name, _("Copy it whole: it has no blanks and only Latin letters, digits and signs."))
    if provider not in TokenProvider.values:
        raise DeliveryProblem("provider", _("There is no such provider."))
    if tenant and not _TENANT.fullmatch(tenant):
        raise DeliveryProblem("tenant", _("A tenant is a domain or an id, as in firm.onmicrosoft.com."))
    with transaction.atomic():
        route = Route.objects.select_for_update().filter(pk=route_id, kind=RouteKind.SMTP, archived_at=None).first()
        if route is None:
            raise NotHere(f"no route {route_id}")
        if not route.username:
            raise DeliveryProblem("", _("The server needs a user name first: the address of the mailbox."))
        if route.security == "none":
            raise DeliveryProblem("", _("Without encryption the permission would travel readable: choose TLS."))
        token, _made = RouteToken.objects.update_or_create(
            route_id=route.pk,
            defaults={
                "provider": provider,
                "tenant": tenant,
                "host": route.host,
                "username": route.username,
                "client_id": details["client_id"],
                "client_secret_sealed": signing.seal(client_secret.strip()) if client_secret.strip() else "",
                "refresh_sealed": signing.seal(details["refresh_token"]),
                "access_sealed": "",
                "expires_at": None,
                "created_at": clock.now(),
            },
        )
        record(user=by, verb="changed", noun="route", noun_id=route.pk, detail={"name": route.name})
    return token


def take_token_away(*, route_id: int, by: User | None = None) -> None:
    """Forget the permission; the route signs in with its password again. Raises NotHere."""
    with transaction.atomic():
        taken, _kinds = RouteToken.objects.filter(route_id=route_id).delete()
        if not taken:
            raise NotHere(f"no permission for route {route_id}")
        route = Route.objects.filter(pk=route_id).first()
        record(user=by, verb="changed", noun="route", noun_id=route_id, detail={"name": route.name if route else ""})


def access_token(route: Route, *, ask: Ask = fetch) -> str:
    """What a route signs in with now; blank where it has no permission. Asks the provider when the last one ends soon.

    Raises NoToken.
    """
    with transaction.atomic():
        # Locked: of several workers one asks, and a provider may call a refresh token used twice stolen.
        token = RouteToken.objects.select_for_update().filter(route_id=route.pk).first()
        if token is None:
            return ""
        if (token.host, token.username) != (route.host, route.username):
            raise NoToken(_("the server or the user name is another: give the permission anew"), retryable=False)
        now = clock.now()
        try:
            if token.access_sealed and token.expires_at and now + AHEAD < token.expires_at:
                return signing.unseal(token.access_sealed)
            given, seconds, refresh = _renew(token, ask)
        except signing.BadToken as error:
            words = _("the permission was sealed under another SECRET_KEY: give it anew")
            raise NoToken(words, retryable=False) from error
        token.access_sealed, token.expires_at = signing.seal(given), now + timedelta(seconds=seconds)
        if refresh:
            token.refresh_sealed = signing.seal(refresh)
        token.save(update_fields=["access_sealed", "expires_at", "refresh_sealed"])
        return given


def _renew(token: RouteToken, ask: Ask) -> tuple[str, int, str]:
    """(access token, seconds that it holds, a new refresh token or blank)."""
    form = {
        "grant_type": "refresh_token",
        "client_id": token.client_id,
        "refresh_token": signing.unseal(token.refresh_sealed),
    }
    if token.client_secret_sealed:
        form["client_secret"] = signing.unseal(token.client_secret_sealed)
    if token.provider == TokenProvider.MICROSOFT:
        form["scope"] = "https://outlook.office.com/SMTP.Send offline_access"
    try:
        answer = ask(
            token_url(token),
            method="POST",
            body=urlencode(form).encode("ascii"),
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            seconds=SECONDS,
            most=100_000,
        )
    except (FetchFailed, FetchRefused) as error:
        raise NoToken(str(error), retryable=True) from error
    return _read(answer)


def token_url(token: RouteToken) -> str:
    """Where the provider exchanges tokens."""
    if token.provider == TokenProvider.GOOGLE:
        return "https://oauth2.googleapis.com/token"
    return f"https://login.microsoftonline.com/{token.tenant or 'common'}/oauth2/v2.0/token"


def _read(answer: Answer) -> tuple[str, int, str]:
    try:
        said = json.loads(answer.body)
        if not isinstance(said, dict):
            raise ValueError("not an object")
        if answer.ok:
            given, refresh = str(said["access_token"]), str(said.get("refresh_token") or "")
            seconds = int(said.get("expires_in", 3600))
            if _TOKEN.fullmatch(given) and (not refresh or _TOKEN.fullmatch(refresh)) and 0 < seconds < 10**7:
                return given, seconds, refresh
            raise ValueError("not a token")
    except (ValueError, KeyError, TypeError) as error:
        raise NoToken(_("the provider's answer can't be read"), retryable=True) from error
    why = str(said.get("error_description") or said.get("error") or answer.status)[:200]
    # RFC 6749, 5.2: these say that asking again is of no use.
    final = said.get("error") in ("invalid_grant", "invalid_client", "unauthorized_client", "invalid_scope")
    raise NoToken(why, retryable=not final)
