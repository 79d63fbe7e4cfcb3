"""The SMTP client: carries finished messages to one server and says exactly what became of each.

Plain asyncio (any event loop, uvloop included), no database, no Django. It knows envelopes and outcomes;
which messages to send, and what an outcome means for the ledger, is the caller's business.

The one duty of the caller: the state `sending` is committed for an envelope before it is handed over, because
from then on its first byte may be on the wire at any moment.
"""

from .check import RouteReport, check
from .connection import Connection
from .endpoint import Endpoint, Timeouts
from .envelope import Envelope, Outcome, Phase, State
from .errors import Cause, RouteUnavailable
from .handshake import xoauth2
from .pool import ConnectionPool
from .supply import Supply

__all__ = [
    "Cause",
    "Connection",
    "ConnectionPool",
    "Endpoint",
    "Envelope",
    "Outcome",
    "Phase",
    "RouteReport",
    "RouteUnavailable",
    "State",
    "Supply",
    "Timeouts",
    "check",
    "xoauth2",
]
