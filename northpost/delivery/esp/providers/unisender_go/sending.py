"""godocs.unisender.ru/web-api-ref#email-send, with its ``idempotence_key`` (one minute)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from anymail.backends.unisender_go import EmailBackend

from northpost.delivery.esp.anymail import AnymailSender
from northpost.delivery.esp.http import accepted, deferred, refused
from northpost.delivery.transport import Envelope, Outcome


class UnisenderGoSender(AnymailSender):
    backend_class = EmailBackend
    idempotent = True
    # It takes only these and X- headers.
    headers = frozenset({"list-unsubscribe", "list-unsubscribe-post", "feedback-id", "precedence"})

    def settings(self) -> dict[str, Any]:
        return super().settings() | {"generate_message_id": False}

    def payload(self, envelope: Envelope) -> Any:
        payload = super().payload(envelope)
        key = hashlib.sha256(envelope.data).hexdigest()[:64]
        payload.data |= {"idempotence_key": key, "track_links": 0, "track_read": 0}
        return payload

    def read(self, envelopes: Sequence[Envelope], answer: Any) -> list[Outcome]:
        (envelope,) = envelopes
        if answer["status"] == "success" and answer["emails"]:
            return [accepted(envelope, f"Unisender Go: {answer['job_id']}")]
        reason = next(iter(answer.get("failed_emails", {}).values()), str(answer))
        text = f"Unisender Go: {reason}"
        if reason == "temporary_unavailable":
            return [deferred(envelope, text)]
        listed = reason in ("permanent_unavailable", "unsubscribed", "blocked")
        return [refused(envelope, text, recipient=reason == "invalid", suppressed=listed)]

    def probe(self) -> dict[str, Any]:
        headers = {"X-API-KEY": self.credentials["api_key"]}
        return {"url": f"{self.backend.api_url}system/info.json", "headers": headers, "json": {}}
