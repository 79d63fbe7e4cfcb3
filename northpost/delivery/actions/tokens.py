"""Permissions to sign in with (XOAUTH2): kept, renewed, taken away.

A refresh token is exchanged for an access token at the provider (RFC 6749, 6), ahead of the old one's end. Servers to
send through have them, and mailboxes that are read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Literal, NamedTuple
from urllib.parse import urlencode

from django.db import transaction
from django.utils.translation import gettext as _

from northpost.core import clock, signing
from northpost.core.fetch import Answer, FetchFailed, FetchRefused, fetch
from northpost.delivery.errors import DeliveryProblem, NotHere
from northpost.delivery.models import Inbox, Protocol, Route, RouteKind, SignInToken, TokenProvider
from northpost.team.actions import record
from northpost.team.models import User

# Renewed while there is still so much time: a run of the sender lasts minutes.
AHEAD = timedelta(minutes=10)
SECONDS = 10.0
_TENANT = re.compile(r"[A-Za-z0-9.-]{1,100}")
_TOKEN = re.compile(r"[\x21-\x7e]{1,8000}")

Ask = Callable[..., Answer]


class Holder(NamedTuple):
    """Who signs in: a server to send through (``route``), or a mailbox that is read (``inbox``)."""

    kind: Literal["route", "inbox"]
    id: int

    @property
    def key(self) -> dict[str, Any]:
        return {f"{self.kind}_id": self.id}


class NoToken(Exception):
    """The provider gives no token. ``retryable``: it could not be asked now; else somebody has to give the permission
    anew. The message says why."""

    def __init__(self, words: str, *, retryable: bool) -> None:
        super().__init__(words)
        self.retryable = retryable


def give_token(
    *,
    holder: Holder,
    provider: str,
    client_id: str,
    client_secret: str,
    refresh_token: str,
    tenant: str = "",
    by: User | None = None,
) -> SignInToken:
    """Let it sign in with a permission. Raises NotHere, DeliveryProblem."""
    details = {"client_id": client_id.strip(), "refresh_token": refresh_token.strip()}
    for name, value in details.items():
        if not _TOKEN.fullmatch(value):
            raise DeliveryProblem(name, _("Copy it whole: it has no blanks and only Latin letters, digits and signs."))
    if provider not in TokenProvider.values:
        raise DeliveryProblem("provider", _("There is no such provider."))
    if tenant and not _TENANT.fullmatch(tenant):
        raise DeliveryProblem("tenant", _("A tenant is a domain or an id, as in firm.onmicrosoft.com."))
    with transaction.atomic():
        held = _locked(holder)
        if not held.username:
            raise DeliveryProblem("", _("The server needs a user name first: the address of the mailbox."))
        if held.security == "none":
            raise DeliveryProblem("", _("Without encryption the permission would travel readable: choose TLS."))
        token, _made = SignInToken.objects.update_or_create(
            **holder.key,
            defaults={
                "provider": provider,
                "tenant": tenant,
                "host": held.host,
                "username": held.username,
                "client_id": details["client_id"],
                "client_secret_sealed": signing.seal(client_secret.strip()) if client_secret.strip() else "",
                "refresh_sealed": signing.seal(details["refresh_token"]),
                "access_sealed": "",
                "expires_at": None,
                "created_at": clock.now(),
            },
        )
        record(user=by, verb="changed", noun=holder.kind, noun_id=holder.id, detail={"name": held.name})
    return token


def take_token_away(*, holder: Holder, by: User | None = None) -> None:
    """Forget the permission; it signs in with its password again. Raises NotHere."""
    with transaction.atomic():
        held = _locked(holder)
        taken, _kinds = SignInToken.objects.filter(**holder.key).delete()
        if not taken:
            raise NotHere(f"no permission for {holder.kind} {holder.id}")
        record(user=by, verb="changed", noun=holder.kind, noun_id=holder.id, detail={"name": held.name})


def access_token(held: Route | Inbox, *, ask: Ask = fetch) -> str:
    """What it signs in with now; blank where it has no permission. Asks the provider when the last one ends soon.

    Raises NoToken.
    """
    holder = Holder("route" if isinstance(held, Route) else "inbox", held.pk)
    with transaction.atomic():
        # Locked: of several workers one asks, and a provider may call a refresh token used twice stolen.
        token = SignInToken.objects.select_for_update().filter(**holder.key).first()
        if token is None:
            return ""
        if (token.host, token.username) != (held.host, held.username):
            raise NoToken(_("the server or the user name is another: give the permission anew"), retryable=False)
        now = clock.now()
        try:
            if token.access_sealed and token.expires_at and now + AHEAD < token.expires_at:
                return signing.unseal(token.access_sealed)
            given, seconds, refresh = _renew(token, _scope(held), ask)
        except signing.BadToken as error:
            words = _("the permission was sealed under another SECRET_KEY: give it anew")
            raise NoToken(words, retryable=False) from error
        token.access_sealed, token.expires_at = signing.seal(given), now + timedelta(seconds=seconds)
        if refresh:
            token.refresh_sealed = signing.seal(refresh)
        token.save(update_fields=["access_sealed", "expires_at", "refresh_sealed"])
        return given


def _locked(holder: Holder) -> Route | Inbox:
    found: Route | Inbox | None
    if holder.kind == "route":
        found = Route.objects.select_for_update().filter(pk=holder.id, kind=RouteKind.SMTP, archived_at=None).first()
    else:
        found = Inbox.objects.select_for_update().filter(pk=holder.id, archived_at=None).first()
    if found is None:
        raise NotHere(f"no {holder.kind} {holder.id}")
    return found


def _scope(held: Route | Inbox) -> str:
    """What Microsoft is to allow. (Google has it in the refresh token.)"""
    if isinstance(held, Route):
        return "SMTP.Send"
    return "IMAP.AccessAsUser.All" if held.protocol == Protocol.IMAP else "POP.AccessAsUser.All"


def _renew(token: SignInToken, scope: str, ask: Ask) -> tuple[str, int, str]:
    """(access token, seconds that it holds, a new refresh token or blank)."""
    form = {
        "grant_type": "refresh_token",
        "client_id": token.client_id,
        "refresh_token": signing.unseal(token.refresh_sealed),
    }
    if token.client_secret_sealed:
        form["client_secret"] = signing.unseal(token.client_secret_sealed)
    if token.provider == TokenProvider.MICROSOFT:
        form["scope"] = f"https://outlook.office.com/{scope} offline_access"
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


def token_url(token: SignInToken) -> str:
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
