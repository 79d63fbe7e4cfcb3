"""Handing messages to a service by HTTP, and what an answer means: the same words as the SMTP transport's."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Container, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from northpost.delivery.esp.provider import Provider
from northpost.delivery.transport import Endpoint, Envelope, Outcome, RouteUnavailable
from northpost.delivery.transport.errors import Cause

CONNECT_SECONDS, ANSWER_SECONDS = 10.0, 30.0
LONGEST_TEXT = 400
_RECIPIENT = re.compile(
    r"(?:\brecipient|'to'|\"to\"|\bto (?:address|field|parameter|email)|email address)[^.]{0,60}"
    r"(?:invalid|not (?:a )?valid|illegal|malformed)"
    r"|(?:invalid|illegal|malformed)[^.]{0,30}(?:recipient|'to'|to address)",
    re.IGNORECASE,
)


class Busy(Exception):
    """The service asks to be left alone for ``seconds``; nothing of the request was taken. Retryable."""

    retryable = True

    def __init__(self, seconds: float, text: str) -> None:
        super().__init__(text)
        self.seconds = seconds
        self.text = text


class AnswerLost(Exception):
    """The request was written, and no answer came: whether it was taken, nobody knows."""

    retryable = False


class Refused(Exception):
    """The service does not take the request as a whole. ``recipient``: for the address's sake. Permanent."""

    retryable = False

    def __init__(self, text: str, *, recipient: bool) -> None:
        super().__init__(text)
        self.text = text
        self.recipient = recipient


class Sender(ABC):
    """Hands over a few messages in one request; each thread has its own."""

    # Asked once more after a lost answer, such a service knows the request again and takes it only once.
    idempotent = False

    def __init__(self, provider: Provider, credentials: Mapping[str, str]) -> None:
        self.provider = provider
        self.credentials = credentials

    @abstractmethod
    def send(self, envelopes: Sequence[Envelope]) -> list[Outcome]:
        """One outcome for each. Raises RouteUnavailable (nothing was sent), Busy, AnswerLost, Refused."""

    @abstractmethod
    def check(self) -> None:
        """Whether the service lets us in. Raises RouteUnavailable, Busy, AnswerLost, Refused."""

    @abstractmethod
    def close(self) -> None:
        """End its connections."""


class HttpSender(Sender):
    """A service asked over plain HTTP: ``request`` makes the request, ``read`` reads the answer that it was taken.

    lets_in: what a service besides 2xx answers to ``probe`` when the key is right: where a key that may only send can
    be tried by nothing else, the probe is a message without anything in it.
    """

    lets_in: Container[int] = ()

    def __init__(self, provider: Provider, credentials: Mapping[str, str]) -> None:
        super().__init__(provider, credentials)
        self.session = requests.Session()

    @abstractmethod
    def request(self, envelopes: Sequence[Envelope]) -> dict[str, Any]:
        """Parameters of requests.Session.request."""

    @abstractmethod
    def read(self, envelopes: Sequence[Envelope], answer: Any) -> list[Outcome]:
        """One outcome for each envelope, from what was ``said`` with a 2xx."""

    def is_answer(self, response: requests.Response) -> bool:
        """Whether ``read`` has something to read: an outcome for each message."""
        return 200 <= response.status_code < 300

    def said(self, response: requests.Response) -> Any:
        """What ``read`` reads: the JSON of the answer."""
        return response.json()

    def close(self) -> None:
        self.session.close()

    def send(self, envelopes: Sequence[Envelope]) -> list[Outcome]:
        """One outcome for each. Raises RouteUnavailable (nothing was sent), Busy, AnswerLost, Refused."""
        response = self._ask(self.request(envelopes))
        if self.is_answer(response):
            try:
                return self.read(envelopes, self.said(response))
            except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
                # It said yes, in words that we don't know.
                raise AnswerLost(f"the answer can't be read: {_short(response)}") from error
        raise self.judged(response)

    @abstractmethod
    def probe(self) -> dict[str, Any]:
        """A request that needs the credentials and sends nothing."""

    def check(self) -> None:
        """Whether the service lets us in. Raises RouteUnavailable, Busy, AnswerLost, Refused."""
        response = self._ask(self.probe())
        if not 200 <= response.status_code < 300 and response.status_code not in self.lets_in:
            raise self.judged(response)

    def _ask(self, parameters: dict[str, Any]) -> requests.Response:
        defaults: dict[str, Any] = {
            "method": "POST", "allow_redirects": False, "timeout": (CONNECT_SECONDS, ANSWER_SECONDS),
        }  # fmt: skip
        url = parameters["url"]
        try:
            return self.session.request(**(defaults | parameters))
        except requests.exceptions.SSLError as error:
            raise unavailable(url, "certificate", str(error)) from error
        except requests.exceptions.ConnectTimeout as error:
            raise unavailable(url, "timeout", "no connection within the time limit") from error
        except requests.exceptions.ConnectionError as error:
            reason = getattr(error.args[0] if error.args else None, "reason", None)
            if isinstance(reason, NameResolutionError | ConnectTimeoutError | NewConnectionError):
                raise unavailable(url, "network", str(reason).rpartition(": ")[2]) from error
            raise AnswerLost(_words(error)) from error
        except requests.exceptions.RequestException as error:
            raise AnswerLost(_words(error)) from error

    def judged(self, response: requests.Response) -> Exception:
        status, text = response.status_code, _short(response)
        if status in (401, 403, 407):
            return unavailable(response.url, "auth_refused", text)
        if status in (429, 500, 503):
            return Busy(_seconds(response.headers.get("Retry-After", "")), text)
        if status >= 500 or status == 408:
            # A gateway speaks for a service that it lost sight of.
            return AnswerLost(text)
        return Refused(text, recipient=blames_recipient(text))


def blames_recipient(text: str) -> bool:
    """Whether a refusal's words say that the recipient's address is no good."""
    return _RECIPIENT.search(text) is not None


def unavailable(url: str, cause: Cause, detail: str) -> RouteUnavailable:
    """Why the service can't be used, in the words of routes."""
    parts = urlsplit(url)
    endpoint = Endpoint(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80), "tls")
    return RouteUnavailable(endpoint, cause, detail[:LONGEST_TEXT])


def accepted(envelope: Envelope, text: str = "") -> Outcome:
    return Outcome(envelope.key, "accepted", None, None, text[:LONGEST_TEXT], "final")


def deferred(envelope: Envelope, text: str) -> Outcome:
    return Outcome(envelope.key, "deferred", None, None, text[:LONGEST_TEXT], "final")


def in_doubt(envelope: Envelope, text: str) -> Outcome:
    return Outcome(envelope.key, "in_doubt", None, None, text[:LONGEST_TEXT], "final")


def refused(envelope: Envelope, text: str, *, recipient: bool, suppressed: bool = False) -> Outcome:
    """recipient: the address is at fault. suppressed: the service has it on its own list. Else: the sender's fault."""
    text = text[:LONGEST_TEXT]
    if recipient:
        return Outcome(envelope.key, "rejected", None, "5.1.3", text, "check")
    if suppressed:
        return Outcome(envelope.key, "rejected", None, "5.7.1", text, "check")
    return Outcome(envelope.key, "rejected", None, None, text, "final", route_fault=True)


def _short(response: requests.Response) -> str:
    return f"{response.status_code} {' '.join(response.text[:LONGEST_TEXT].split())}".strip()


def _words(error: Exception) -> str:
    return f"the connection ended before the answer: {error}"[:LONGEST_TEXT]


def _seconds(text: str) -> float:
    """Retry-After in seconds (RFC 9110, 10.2.3); a date is taken for a minute."""
    return float(text) if text.isdecimal() and len(text) < 6 else (60.0 if text else 1.0)
