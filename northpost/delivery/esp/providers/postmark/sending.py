"""postmarkapp.com/developer/api/email-api, "Send batch emails": up to 500, an answer for each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from anymail.backends.postmark import EmailBackend

from northpost.delivery.esp.anymail import BatchSender
from northpost.delivery.esp.http import accepted, refused
from northpost.delivery.transport import Envelope, Outcome

_INACTIVE = 406
_INVALID = 300
_RECIPIENT = re.compile(r"^(?:Invalid|Error\s+parsing)\s+'To'", re.IGNORECASE)


class PostmarkSender(BatchSender):
    backend_class = EmailBackend

    def endpoint(self) -> str:
        return "email/batch"

    def join(self, payloads: Sequence[Any]) -> Any:
        stream = self.credentials.get("stream")
        own = {"MessageStream": stream} if stream else {}
        return [payload.data | own | {"TrackOpens": False, "TrackLinks": "None"} for payload in payloads]

    def read(self, envelopes: Sequence[Envelope], answer: Any) -> list[Outcome]:
        return [self._read(envelope, one) for envelope, one in zip(envelopes, answer, strict=True)]

    def _read(self, envelope: Envelope, one: Any) -> Outcome:
        code, text = one["ErrorCode"], f"Postmark: {one['Message']}"
        if code == 0:
            return accepted(envelope, f"Postmark: {one['MessageID']}")
        invalid = code == _INVALID and _RECIPIENT.match(one["Message"]) is not None
        return refused(envelope, text, recipient=invalid, suppressed=code == _INACTIVE)

    def probe(self) -> dict[str, Any]:
        headers = {"Accept": "application/json", "X-Postmark-Server-Token": self.credentials["server_token"]}
        return {"method": "GET", "url": f"{self.backend.api_url}server", "headers": headers}
