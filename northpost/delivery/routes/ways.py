"""A route as the transport wants it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

from django.conf import settings

from northpost.core import signing
from northpost.delivery.actions.tokens import NoToken, access_token
from northpost.delivery.esp.provider import Account, BadCredentials, find, unseal
from northpost.delivery.models import Route, RouteKind
from northpost.delivery.transport import Endpoint, Timeouts
from northpost.delivery.transport.endpoint import Security as SecurityName
from northpost.mailbox.access import credentials

# Shorter than RFC 5321's, which were meant for relays on the network of 1982: a hanging server frees its worker in
# minutes. Together they stay under the lease.
TIMEOUTS = Timeouts(connect=15, greeting=30, command=60, data=60, final=120)


@dataclass(frozen=True)
class Way:
    """Where a route leads, and how much at once. ``share``: of the connections, those for this run of the sender.
    ``account``: at a service that is handed mail by its API."""

    route_id: int
    endpoint: Endpoint
    connections: int
    share: int
    per_minute: int | None = None
    per_hour: int | None = None
    per_day: int | None = None
    account: Account | None = None


class RouteUnusable(Exception):
    """The route can't be used: until somebody changes it, or (``retryable``) just now. The message says why."""

    def __init__(self, words: str, *, retryable: bool = False) -> None:
        super().__init__(words)
        self.retryable = retryable


def way_of(route: Route, *, timeouts: Timeouts = TIMEOUTS) -> Way:
    """Raises RouteUnusable when the stored password can't be read any more."""
    return Way(
        route.pk,
        endpoint_of(route, timeouts=timeouts),
        max(1, route.connections),
        max(1, route.connections),
        route.per_minute,
        route.per_hour,
        route.per_day,
        account_of(route) if route.kind == RouteKind.ESP else None,
    )


def account_of(route: Route) -> Account:
    """Raises RouteUnusable when the stored credentials can't be used any more."""
    try:
        return Account(route.workspace_id, route.pk, find(route.provider), unseal(route.password_sealed))
    except BadCredentials as error:
        raise RouteUnusable(f"{route.name}: {error}") from error


def endpoint_of(route: Route, *, timeouts: Timeouts = TIMEOUTS) -> Endpoint:
    """Raises RouteUnusable when the stored password can't be read any more."""
    helo_name = urlsplit(settings.NORTHPOST_URL).hostname or "localhost"
    if route.kind == RouteKind.MAILBOX:
        account = credentials(route.workspace_id)
        # Port 0: wherever this installation's mailbox listens.
        port = route.port or settings.NORTHPOST_MAILBOX_PORT
        return Endpoint("127.0.0.1", port, "none", account.username, account.password, helo_name, timeouts=timeouts)
    if route.kind == RouteKind.ESP:
        return Endpoint(route.host or "localhost", 443, "tls", "", "", helo_name, timeouts=timeouts)
    try:
        password = signing.unseal(route.password_sealed) if route.password_sealed else ""
    except signing.BadToken as error:
        raise RouteUnusable(
            f"the password of the route {route.name} was sealed under another SECRET_KEY: enter it again"
        ) from error
    try:
        token = access_token(route)
    except NoToken as error:
        raise RouteUnusable(f"{route.name}: {error}", retryable=error.retryable) from error
    security = cast(SecurityName, route.security)
    return Endpoint(
        route.host, route.port, security, route.username, password, helo_name, timeouts=timeouts, token=token
    )
