"""resend.com/docs/api-reference/emails/send-batch-emails: up to 100, with an Idempotency-Key for 24 hours."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from anymail.backends.resend import EmailBackend

from northpost.delivery.esp.anymail import BatchSender
from northpost.delivery.esp.http import accepted
from northpost.delivery.transport import Envelope, Outcome


class ResendSender(BatchSender):
    backend_class = EmailBackend
    idempotent = True

    def endpoint(self) -> str:
        return "emails/batch"

    def join(self, payloads: Sequence[Any]) -> Any:
        return [payload.data for payload in payloads]

    def request(self, envelopes: Sequence[Envelope]) -> dict[str, Any]:
        parameters = super().request(envelopes)
        # Made of the content: the same messages, and nothing else, are the same request.
        key = hashlib.sha256(str(parameters["data"]).encode()).hexdigest()
        return parameters | {"headers": parameters["headers"] | {"Idempotency-Key": f"northpost-{key}"}}

    def read(self, envelopes: Sequence[Envelope], answer: Any) -> list[Outcome]:
        ids = [one["id"] for one in answer["data"]]
        return [accepted(envelope, f"Resend: {one}") for envelope, one in zip(envelopes, ids, strict=True)]

    def probe(self) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.credentials['api_key']}"}
        return {"method": "GET", "url": f"{self.backend.api_url}domains", "headers": headers}
