"""Voltline's second mail server, and the domain that is warmed up on it.

It stands for a server that really sends. Like everything in the demo it leads into the local mailbox: by SMTP this
time, for the local mailbox as a route of its own delivers nothing, and so has nothing to warm up.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TypedDict

from northpost.core import tenancy
from northpost.delivery.actions.routes import create_route, create_sender, update_route
from northpost.delivery.limits import warming
from northpost.delivery.models import Route, RouteKind, Security
from northpost.mailbox.access import credentials
from northpost.team.models import User

HOST = "127.0.0.1"
SERVER = "Second mail server (practice)"
DOMAIN = "news.voltline.example"
FACTOR = Decimal("1.5")
# Of a thousand people that the shop knows, so many on the first day; and it ends at so many times that.
FIRST_DAY_OF_1000 = 2
ENDS_AT_TIMES = 400


class SentBy(TypedDict):
    """How a mailing leaves, as campaigns.actions takes it."""

    route_id: int
    sender_id: int


def begin_warm_up(*, by: User, port: int, people: int, now: datetime) -> SentBy:
    """A server at this port of the machine, a sender with a domain of its own, and a plan that starts today."""
    account = credentials(tenancy.require_workspace())
    route = create_route(
        by=by,
        name=SERVER,
        kind=RouteKind.SMTP,
        host=HOST,
        port=port,
        security=Security.NONE,
        username=account.username,
        password=account.password,
    )
    sender = create_sender(by=by, name="Voltline News", email=f"news@{DOMAIN}", reply_to="care@voltline.example")
    first_day = max(2, people * FIRST_DAY_OF_1000 // 1000)
    warming.start_warm_up(
        by=by,
        route_id=route.pk,
        domain=DOMAIN,
        starts_on=warming.clock_day(now, warming.zone()),
        first_day=first_day,
        factor=FACTOR,
        end_volume=first_day * ENDS_AT_TIMES,
    )
    return SentBy(route_id=route.pk, sender_id=sender.pk)


def lead_to_mailbox(port: int) -> None:
    """Have the server found where this installation's mailbox listens."""
    password = credentials(tenancy.require_workspace()).password
    for route in Route.objects.filter(name=SERVER, host=HOST, archived_at=None).exclude(port=port):
        update_route(route_id=route.pk, port=port, password=password)
