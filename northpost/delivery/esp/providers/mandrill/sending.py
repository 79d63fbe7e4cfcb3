"""mailchimp.com/developer/transactional/api/messages/send-new-mime-message: no key that makes a repeat safe."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import requests

from northpost.delivery.esp.http import AnswerLost, Busy, HttpSender, Refused, accepted, refused, unavailable
from northpost.delivery.esp.mime import TAG, parse, token_of
from northpost.delivery.transport import Envelope, Outcome

BASE = "https://mandrillapp.com/api/1.0"
# It says 500 for whatever it is; the name of the error tells what.
_NOT_ALLOWED = ("Invalid_Key", "PaymentRequired", "FeatureNotAvailable", "Unknown_Subaccount")
_LISTED = ("hard-bounce", "soft-bounce", "spam", "unsub", "custom")


class MandrillSender(HttpSender):
    """The whole message, as it was made: what is for Mandrill only stands in headers above it, which it takes out."""

    def request(self, envelopes: Sequence[Envelope]) -> dict[str, Any]:
        (envelope,) = envelopes
        own = f"X-MC-Metadata: {json.dumps({TAG: token_of(parse(envelope))})}\r\n"
        return {
            "url": f"{self._base}/messages/send-raw",
            "json": {
                "key": self.credentials["api_key"],
                "raw_message": own + envelope.data.decode("utf-8", "surrogateescape"),
                "to": [envelope.recipient],
                # So that it says of each what became of it.
                "async": False,
            },
        }

    def read(self, envelopes: Sequence[Envelope], answer: Any) -> list[Outcome]:
        (envelope,), (one,) = envelopes, answer
        status, reason = one["status"], one.get("reject_reason") or ""
        if status in ("sent", "queued", "scheduled"):
            return [accepted(envelope, f"Mandrill: {one['_id']}")]
        if status not in ("rejected", "invalid"):
            raise ValueError(status)
        invalid = status == "invalid" or reason == "invalid"
        text = f"Mandrill: {status} {reason}".strip()
        return [refused(envelope, text, recipient=invalid, suppressed=reason in _LISTED)]

    def judged(self, response: requests.Response) -> Exception:
        try:
            said = response.json()
            name, text = str(said["name"]), f"Mandrill: {said['name']}: {said.get('message', '')}"
        except (ValueError, KeyError, TypeError):
            name, text = "", f"Mandrill: {response.status_code}"
        if name in _NOT_ALLOWED:
            return unavailable(response.url, "auth_refused", text)
        if name == "ValidationError":
            return Refused(text, recipient=False)
        if name == "ServiceUnavailable":
            return Busy(1.0, text)
        if response.status_code == 500:
            return AnswerLost(text)
        return super().judged(response)

    def probe(self) -> dict[str, Any]:
        return {"url": f"{self._base}/users/ping2", "json": {"key": self.credentials["api_key"]}}

    @property
    def _base(self) -> str:
        return self.credentials.get("api_url", BASE).rstrip("/")
