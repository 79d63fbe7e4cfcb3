"""Reading what belongs to the sending domains."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.core.cache import cache

from northpost.core import addresses, tenancy
from northpost.delivery.dkim import Algorithm, key_record
from northpost.delivery.domains.check import DomainCheck, PublishedKey, Server, check_domain
from northpost.delivery.domains.resolving import new_resolver
from northpost.delivery.models import DkimKey, DkimKeyState, Route, RouteKind, Sender, SendingDomain

LATELY = 300  # seconds


def sending_domains() -> list[str]:
    """The domains (ASCII) of the workspace's senders, the default sender's first."""
    senders = Sender.objects.filter(archived_at=None).order_by("-is_default", "pk")
    return list(dict.fromkeys(addresses.normalise(email).domain for email in senders.values_list("email", flat=True)))


def stored(domain: str) -> SendingDomain | None:
    """What was last found about a domain."""
    return SendingDomain.objects.filter(domain=domain).first()


def keys_of(domain: str) -> list[DkimKey]:
    """A domain's keys that are not retired, the newest first."""
    return list(DkimKey.objects.filter(domain=domain).exclude(state=DkimKeyState.RETIRED).order_by("-pk"))


def record_of(key: DkimKey) -> str:
    """The TXT record to publish."""
    return key_record(key.public, Algorithm(key.algorithm))


def look_up_lately(domain: str, *, route_id: int | None = None) -> DomainCheck:
    """The same as :func:`look_up`, but what was asked a few minutes ago is not asked again. Nothing that was not
    answered is kept."""
    known = stored(domain)
    asked = known.asked_at.timestamp() if known is not None and known.asked_at else 0
    key = f"domain:{tenancy.require_workspace()}:{domain}:{route_id}:{asked}"
    found = cache.get(key)
    if not isinstance(found, DomainCheck):
        found = look_up(domain, route_id=route_id)
        if found.complete:
            cache.set(key, found, LATELY)
    return found


def look_up(domain: str, *, route_id: int | None = None) -> DomainCheck:
    """Ask the DNS about a domain now, for the servers that its mail may leave by (or for one of them). Writes nothing.

    A dozen questions at most three seconds each, and not the same one twice.
    """
    routes = Route.objects.filter(archived_at=None, kind=RouteKind.SMTP).order_by("-is_default", "pk")
    if route_id is not None:
        routes = routes.filter(pk=route_id)
    seen: dict[str, Server] = {}
    for route in routes:
        seen.setdefault(route.host.lower(), Server(route.name, route.host))
    keys = [
        PublishedKey(key.pk, key.selector, key.algorithm, record_of(key), key.state == DkimKeyState.SIGNING)
        for key in keys_of(domain)
    ]
    helo = urlsplit(settings.NORTHPOST_URL).hostname or ""
    return check_domain(new_resolver(), domain, servers=list(seen.values()), keys=keys, helo=helo)
