"""dev.mailjet.com/email/reference/send-emails (v3.1): up to 50 messages, an answer for each, also with status 400."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import requests
from anymail.backends.mailjet import EmailBackend

from northpost.delivery.esp.anymail import BatchSender
from northpost.delivery.esp.http import accepted, refused
from northpost.delivery.transport import Envelope, Outcome


class MailjetSender(BatchSender):
    backend_class = EmailBackend
    # It says the others itself, or refuses them.
    headers = frozenset({"list-unsubscribe", "list-unsubscribe-post", "list-id", "feedback-id", "precedence"})

    def endpoint(self) -> str:
        return "send"

    def join(self, payloads: Sequence[Any]) -> Any:
        own = {"TrackOpens": "disabled", "TrackClicks": "disabled"}
        return {"Messages": [payload.data["Globals"] | payload.data["Messages"][0] | own for payload in payloads]}

    def is_answer(self, response: requests.Response) -> bool:
        # A part of the messages may have been taken.
        return super().is_answer(response) or (response.status_code == 400 and '"Messages"' in response.text)

    def read(self, envelopes: Sequence[Envelope], answer: Any) -> list[Outcome]:
        return [self._read(envelope, one) for envelope, one in zip(envelopes, answer["Messages"], strict=True)]

    def _read(self, envelope: Envelope, one: Any) -> Outcome:
        if one["Status"] == "success":
            return accepted(envelope, f"Mailjet: {one['To'][0]['MessageUUID']}")
        errors = one.get("Errors", [])
        related = {name for error in errors for name in error.get("ErrorRelatedTo", [])}
        text = "; ".join(str(error.get("ErrorMessage", "")) for error in errors)
        return refused(envelope, f"Mailjet: {text}", recipient=any(name.startswith("To") for name in related))

    def probe(self) -> dict[str, Any]:
        auth = (self.credentials["api_key"], self.credentials["secret_key"])
        return {"method": "GET", "url": f"{self.backend.api_url.rpartition('/v3.1')[0]}/v3/REST/sender", "auth": auth}
