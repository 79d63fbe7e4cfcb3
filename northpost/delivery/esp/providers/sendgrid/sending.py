"""www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send: a message a request (its "personalizations" share the
bodies), no key that makes a repeat safe. django-anymail supports it no longer: the request is written here."""

from __future__ import annotations

from collections.abc import Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Any

import requests

from northpost.delivery.esp.http import HttpSender, Refused, accepted
from northpost.delivery.esp.mime import TAG, parse, taken_apart, token_of
from northpost.delivery.transport import Envelope, Outcome

_OFF = {"enable": False}


class SendGridSender(HttpSender):
    def request(self, envelopes: Sequence[Envelope]) -> dict[str, Any]:
        (envelope,) = envelopes
        return {"url": f"{self._base}/mail/send", "headers": self._headers, "json": _written(envelope)}

    def said(self, response: requests.Response) -> Any:
        # It says 202 and nothing more.
        return response.headers.get("X-Message-Id", "")

    def read(self, envelopes: Sequence[Envelope], answer: Any) -> list[Outcome]:
        return [accepted(envelopes[0], f"SendGrid: {answer}")]

    def judged(self, response: requests.Response) -> Exception:
        found = super().judged(response)
        if isinstance(found, Refused) and '"personalizations.0.to.' in response.text:
            found.recipient = True
        return found

    def probe(self) -> dict[str, Any]:
        return {"method": "GET", "url": f"{self._base}/scopes", "headers": self._headers}

    @property
    def _base(self) -> str:
        return self.credentials["api_url"].rstrip("/")

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.credentials['api_key']}"}


def _written(envelope: Envelope) -> dict[str, Any]:
    parsed, parts = parse(envelope), taken_apart(envelope)
    bodies = [("text/plain", parts.body), *((kind, body) for body, kind in parts.alternatives)]
    replies = _addresses(parsed, "Reply-To")
    told: dict[str, Any] = {
        "personalizations": [{"to": [{"email": envelope.recipient}]}],
        "from": _addresses(parsed, "From")[0],
        "subject": parts.subject,
        # It refuses empty ones.
        "content": [{"type": kind, "value": body} for kind, body in bodies if body],
        "headers": dict(parts.extra_headers),
        "custom_args": {TAG: token_of(parsed)},
        "tracking_settings": {
            "click_tracking": _OFF | {"enable_text": False},
            "open_tracking": _OFF,
            "subscription_tracking": _OFF,
        },
    }
    return told | ({"reply_to_list": replies} if replies else {})


def _addresses(parsed: EmailMessage, name: str) -> list[dict[str, str]]:
    found: Sequence[Address] = parsed[name].addresses if parsed[name] else ()
    return [{"email": one.addr_spec} | ({"name": one.display_name} if one.display_name else {}) for one in found]
