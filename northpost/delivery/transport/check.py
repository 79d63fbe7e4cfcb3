"""Trying a route out without sending anything: for the "test this route" button and the doctor."""

import asyncio
import time
from dataclasses import dataclass

from .capabilities import Capabilities
from .endpoint import Endpoint
from .errors import RouteUnavailable
from .handshake import open_connection


@dataclass(frozen=True, slots=True)
class RouteReport:
    """What a trial of the route showed. `error` is None when mail could be handed over.

    `tls` is (version, cipher), None in clear. `signed_in` is None when the route has no user name. `seconds`
    from connecting to being ready.
    """

    host: str
    port: int
    seconds: float
    error: RouteUnavailable | None = None
    greeting: str = ""
    capabilities: Capabilities | None = None
    tls: tuple[str, str] | None = None
    signed_in: bool | None = None

    @property
    def ok(self) -> bool:
        return self.error is None


async def check(endpoint: Endpoint) -> RouteReport:
    """Connect, secure, sign in, say goodbye. Never raises RouteUnavailable: it is in the report."""
    began = time.monotonic()
    try:
        connection = await open_connection(endpoint)
    except RouteUnavailable as error:
        refused = False if error.cause in ("auth_refused", "auth_missing") else None
        return RouteReport(endpoint.host, endpoint.port, time.monotonic() - began, error, signed_in=refused)
    report = RouteReport(
        host=endpoint.host,
        port=endpoint.port,
        seconds=time.monotonic() - began,
        greeting=connection.greeting,
        capabilities=connection.capabilities,
        tls=connection.tls(),
        signed_in=True if endpoint.username else None,
    )
    await connection.quit()
    await asyncio.wait((connection.closed,), timeout=1)
    return report
