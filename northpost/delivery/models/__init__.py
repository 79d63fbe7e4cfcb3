"""The tables of this room, a file for each matter."""

from .hits import Hit, HitKind, Link
from .inbound import DmarcReport, DmarcRow, InboundKind, InboundMail, InboundState, Inbox, Protocol, Way
from .ledger import Message, MessageState, SkipReason, Source, SourceState
from .policy import Policy
from .routes import Route, RouteKind, Security, Sender
from .suppression import InstallationSuppression, Suppression, SuppressionReason

__all__ = [
    "DmarcReport",
    "DmarcRow",
    "Hit",
    "HitKind",
    "InboundKind",
    "InboundMail",
    "InboundState",
    "Inbox",
    "InstallationSuppression",
    "Link",
    "Message",
    "MessageState",
    "Policy",
    "Protocol",
    "Route",
    "RouteKind",
    "Security",
    "Sender",
    "SkipReason",
    "Source",
    "SourceState",
    "Suppression",
    "SuppressionReason",
    "Way",
]
