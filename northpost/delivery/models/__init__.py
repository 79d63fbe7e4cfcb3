"""The tables of this room, a file for each matter."""

from .hits import Hit, HitKind, Link
from .ledger import Message, MessageState, SkipReason, Source, SourceState
from .policy import Policy
from .routes import Route, RouteKind, Security, Sender
from .suppression import Suppression, SuppressionReason

__all__ = [
    "Hit",
    "HitKind",
    "Link",
    "Message",
    "MessageState",
    "Policy",
    "Route",
    "RouteKind",
    "Security",
    "Sender",
    "SkipReason",
    "Source",
    "SourceState",
    "Suppression",
    "SuppressionReason",
]
