"""The tables of this room, a file for each matter."""

from .canary import HeldBatch
from .deliverability import DeliveryCount, DeliveryDay
from .domains import DkimKey, DkimKeyState, SendingDomain
from .doubt import Doubt, Evidence, Resolution, Verdict
from .hits import Hit, HitKind, Link
from .inbound import DmarcReport, DmarcRow, InboundKind, InboundMail, InboundState, Inbox, Protocol, Way
from .ledger import Message, MessageState, SkipReason, Source, SourceState
from .limits import Budget, BudgetMove, Ceiling, Hold, HoldReason, MailHost, Slowdown, WarmUp, WarmUpDay
from .policy import Policy
from .provider_limits import ProviderLimit, PutBehind
from .reports import ReportKind, ServiceReport
from .routes import Route, RouteKind, Security, Sender
from .suppression import InstallationSuppression, Suppression, SuppressionReason
from .tokens import SignInToken, TokenProvider
from .waiting import Claim, WaitingBatch

__all__ = [
    "Budget",
    "BudgetMove",
    "Ceiling",
    "Claim",
    "DeliveryCount",
    "DeliveryDay",
    "DkimKey",
    "DkimKeyState",
    "DmarcReport",
    "DmarcRow",
    "Doubt",
    "Evidence",
    "HeldBatch",
    "Hit",
    "HitKind",
    "Hold",
    "HoldReason",
    "InboundKind",
    "InboundMail",
    "InboundState",
    "Inbox",
    "InstallationSuppression",
    "Link",
    "MailHost",
    "Message",
    "MessageState",
    "Policy",
    "Protocol",
    "ProviderLimit",
    "PutBehind",
    "ReportKind",
    "Resolution",
    "Route",
    "RouteKind",
    "Security",
    "Sender",
    "SendingDomain",
    "ServiceReport",
    "SignInToken",
    "SkipReason",
    "Slowdown",
    "Source",
    "SourceState",
    "Suppression",
    "SuppressionReason",
    "TokenProvider",
    "Verdict",
    "WaitingBatch",
    "WarmUp",
    "WarmUpDay",
    "Way",
]
