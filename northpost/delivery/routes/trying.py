"""A route tried out: connect, secure, sign in, and send nothing."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

from northpost.delivery.actions.routes import note_smtputf8
from northpost.delivery.errors import NotHere
from northpost.delivery.esp.http import AnswerLost, Busy, Refused, Sender, unavailable
from northpost.delivery.esp.provider import Account
from northpost.delivery.models import Route, RouteKind
from northpost.delivery.routes.ways import account_of, endpoint_of
from northpost.delivery.transport import RouteReport, RouteUnavailable, Timeouts, check

CHECK_TIMEOUTS = Timeouts(connect=5, greeting=5, command=5, data=5, final=5)


def check_route(*, route_id: int) -> RouteReport:
    """Try a route; what the server offers is noted. Raises NotHere, RouteUnusable."""
    route = Route.objects.filter(pk=route_id).first()
    if route is None:
        raise NotHere(f"no route {route_id}")
    if route.kind == RouteKind.ESP:
        return _check_service(account_of(route))
    endpoint = endpoint_of(route, timeouts=CHECK_TIMEOUTS)
    # A thread of its own: whoever asks may be running a loop already.
    with ThreadPoolExecutor(max_workers=1) as thread:
        report = thread.submit(lambda: asyncio.run(check(endpoint))).result()
    if report.capabilities is not None:
        note_smtputf8(route_id=route_id, offered=report.capabilities.smtputf8)
    return report


def _check_service(account: Account) -> RouteReport:
    """Ask the service something that needs the credentials and sends nothing."""
    began = time.monotonic()
    sender: Sender = account.provider.make_sender(account.credentials)
    error: RouteUnavailable | None = None
    try:
        sender.check()
    except RouteUnavailable as refused:
        error = refused
    except (Busy, AnswerLost, Refused) as other:
        error = unavailable(f"https://{account.provider.label}", "network", str(other))
    finally:
        sender.close()
    seconds = time.monotonic() - began
    return RouteReport(account.provider.label, 443, seconds, error, tls=("TLS", ""), signed_in=error is None)
