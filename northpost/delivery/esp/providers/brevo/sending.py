"""developers.brevo.com/reference/sendtransacemail; "Batch send transactional emails": up to 1,000 versions, each with a
subject, bodies and headers of its own; "Idempotency for batch emails": a key is known again for 30 minutes."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Sequence
from typing import Any

import requests
from anymail.backends.brevo import EmailBackend

from northpost.delivery.esp.anymail import BatchSender
from northpost.delivery.esp.http import AnswerLost, Refused, accepted
from northpost.delivery.transport import Envelope, Outcome

_OWN = ("to", "replyTo", "subject", "htmlContent", "textContent", "headers")
_REQUIRED = ("sender", "subject", "htmlContent", "textContent")


class BrevoSender(BatchSender):
    backend_class = EmailBackend
    idempotent = True

    def endpoint(self) -> str:
        return "smtp/email"

    def join(self, payloads: Sequence[Any]) -> Any:
        # What a version may change has to stand there for all, too; who sends it is the same for all.
        shared = {name: payloads[0].data[name] for name in _REQUIRED if name in payloads[0].data}
        if any(_kind(payload) != _kind(payloads[0]) for payload in payloads):
            raise Refused("different senders in one request", recipient=False)
        versions = [{name: payload.data[name] for name in _OWN if name in payload.data} for payload in payloads]
        told = shared | {"messageVersions": versions}
        # Made of the content: the same messages, and nothing else, are the same request.
        digest = hashlib.sha256(json.dumps(told, sort_keys=True, default=dict).encode()).digest()
        return told | {"headers": {"idempotencyKey": str(uuid.UUID(bytes=digest[:16], version=4))}}

    def read(self, envelopes: Sequence[Envelope], answer: Any) -> list[Outcome]:
        ids = answer["messageIds"] if "messageIds" in answer else [answer["messageId"]]
        return [accepted(envelope, f"Brevo: {one}") for envelope, one in zip(envelopes, ids, strict=True)]

    def judged(self, response: requests.Response) -> Exception:
        if response.status_code == 400 and '"duplicate_parameter"' in response.text:
            # It had this very request; what it said to it then, it does not say again. Its reports will tell.
            return AnswerLost("Brevo had this request before")
        return super().judged(response)

    def probe(self) -> dict[str, Any]:
        headers = {"api-key": self.credentials["api_key"]}
        return {"method": "GET", "url": f"{self.backend.api_url}account", "headers": headers}


def _kind(payload: Any) -> tuple[Any, ...]:
    return payload.data["sender"], *(name for name in _REQUIRED if name in payload.data)
