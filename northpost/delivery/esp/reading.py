"""Services' reports: whether they are genuine, and what they say of our messages.

django-anymail reads each service's own words; who may speak is checked here, and a secret is never optional.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from anymail.exceptions import AnymailConfigurationError, AnymailError, AnymailWebhookValidationFailure
from django.conf import settings
from django.http import HttpRequest

from northpost.core import clock, signing
from northpost.delivery import addresses
from northpost.delivery.esp.mime import TAG
from northpost.delivery.esp.provider import Account, Provider
from northpost.delivery.models import ReportKind
from northpost.delivery.rules.replies import reply_in

ADDRESS = "service-reports"
PASSWORD = "service-reports-password"  # noqa: S105 - the name of a key's purpose
USER = "northpost"
# anymail's words for what happened -> ours; of the others nothing follows.
KINDS = {
    "delivered": ReportKind.DELIVERED,
    "bounced": ReportKind.BOUNCED,
    "rejected": ReportKind.BOUNCED,
    "failed": ReportKind.BOUNCED,
    "complained": ReportKind.COMPLAINED,
    "unsubscribed": ReportKind.UNSUBSCRIBED,
    "opened": ReportKind.OPENED,
}


# What reading words that no documentation knows ends in.
_ODD = (
    AnymailConfigurationError,
    AnymailError,
    AssertionError,
    AttributeError,
    IndexError,
    KeyError,
    TypeError,
    ValueError,
)


class Forged(Exception):
    """Not from the service, or nothing is set up to tell. Permanent."""

    retryable = False


class Unreadable(Exception):
    """From the service, but in no words that are documented. Permanent."""

    retryable = False


@dataclass(frozen=True)
class Report:
    """What became of one of our messages, as ServiceReport keeps it."""

    key: str
    message_id: int
    kind: ReportKind
    at: datetime
    nonce: str | None = None
    hard: bool = False
    code: int | None = None
    enhanced: str = ""
    text: str = ""
    agent: str = ""


def address_token(workspace_id: int, route_id: int) -> str:
    return signing.sign_ids(ADDRESS, workspace_id, route_id)


def read_address(token: str) -> tuple[int, int]:
    """(workspace, route). Raises BadToken."""
    workspace_id, route_id = signing.verify_ids(ADDRESS, token, 2)
    return workspace_id, route_id


def password(workspace_id: int, route_id: int) -> str:
    """What services that sign nothing have to say with each report."""
    return signing.sign_ids(PASSWORD, workspace_id, route_id)


def report_address(provider: Provider, workspace_id: int, route_id: int) -> str:
    """The address to enter at the service; with its password in it for those that sign nothing."""
    base = str(settings.NORTHPOST_URL)
    if provider.basic_auth:
        scheme, _mark, rest = base.partition("://")
        base = f"{scheme}://{USER}:{password(workspace_id, route_id)}@{rest}"
    return f"{base}/m/w/{address_token(workspace_id, route_id)}/{provider.key}"


class Reader(ABC):
    """A service's reports, by anymail's view for it (``view_class``), which is used for its reading only."""

    view_class: Any

    def __init__(self, provider: Provider, account: Account) -> None:
        self.provider = provider
        self.account = account
        # It warns where it has no password of its own; ours is checked here.
        warns = {"webhook_secret": "unused:unused"} if self.view_class.warn_if_no_basic_auth else {}
        self.view = self.view_class(**warns, **self.settings())

    def settings(self) -> Mapping[str, Any]:
        return {}

    @abstractmethod
    def verify(self, request: HttpRequest) -> str | None:
        """Raises Forged; a nonce, where the signature does not cover what is said."""

    @abstractmethod
    def hard(self, said: Any) -> bool:
        """Whether the service calls the address bad, in its own words."""

    def events(self, request: HttpRequest) -> list[Any]:
        return list(self.view.parse_events(request))

    def token(self, event: Any) -> str:
        return str((event.metadata or {}).get(TAG, ""))

    def only_knocks(self, request: HttpRequest) -> bool:
        """Whether the service but tries whether anybody answers, before it tells the key that it signs with."""
        return False

    def read(self, request: HttpRequest) -> list[Report]:
        """Reports on our own messages; others', of the same account, are passed over. Raises Forged, Unreadable."""
        if self.only_knocks(request):
            return []
        nonce = self.verify(request)
        try:
            events = self.events(request)
        except _ODD as error:
            raise Unreadable(str(error)) from error
        found = [self._report(event, nonce) for event in events]
        return [report for report in found if report is not None]

    def _report(self, event: Any, nonce: str | None) -> Report | None:
        kind = KINDS.get(str(event.event_type))
        try:
            workspace_id, message_id = addresses.read_message(addresses.MESSAGE_ID, self.token(event))
        except signing.BadToken:
            return None
        if kind is None or workspace_id != self.account.workspace_id:
            return None
        text = str(event.mta_response or event.description or event.reject_reason or "")
        code, enhanced = reply_in(text)
        return Report(
            key=self._key(event),
            message_id=message_id,
            kind=kind,
            at=event.timestamp or clock.now(),
            nonce=nonce,
            hard=kind is ReportKind.BOUNCED and self.hard(event.esp_event),
            code=code,
            enhanced=enhanced or "",
            text=text.replace("\0", " ")[:500],
            agent=str(event.user_agent or "").replace("\0", "")[:300],
        )

    def _key(self, event: Any) -> str:
        """By the service's own number of the event, else by its content: told fifty times, it is one."""
        said = event.event_id or json.dumps(event.esp_event, sort_keys=True, default=str)
        parts = (self.provider.key, str(event.event_type), str(event.recipient or ""), str(said))
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


class PasswordReader(Reader):
    """A service that signs nothing says our password with each report."""

    def verify(self, request: HttpRequest) -> str | None:
        kind, _space, said = request.headers.get("Authorization", "").partition(" ")
        try:
            given = base64.b64decode(said, validate=True) if kind.lower() == "basic" else b""
        except (binascii.Error, ValueError):
            given = b""
        wanted = f"{USER}:{password(self.account.workspace_id, self.account.route_id)}".encode()
        if not hmac.compare_digest(given, wanted):
            raise Forged("the password is missing or wrong")
        return None


def checked_by(view: Any, request: HttpRequest) -> None:
    """anymail's own check of a signature. Raises Forged."""
    try:
        type(view).validate_request(view, request)
    except (AnymailWebhookValidationFailure, KeyError, TypeError, AttributeError, UnicodeError) as error:
        raise Forged(str(error)) from error


def fresh(moment: float, seconds: float) -> bool:
    """Whether a signature's own time is near enough to now."""
    try:
        then = datetime.fromtimestamp(moment, UTC)
    except (OverflowError, OSError, ValueError):
        return False
    return abs((clock.now() - then).total_seconds()) <= seconds
