"""developers.brevo.com/reference/sendtransacemail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from anymail.backends.brevo import EmailBackend

from northpost.delivery.esp.anymail import AnymailSender
from northpost.delivery.esp.http import accepted
from northpost.delivery.transport import Envelope, Outcome


class BrevoSender(AnymailSender):
    backend_class = EmailBackend

    def read(self, envelopes: Sequence[Envelope], answer: Any) -> list[Outcome]:
        return [accepted(envelopes[0], f"Brevo: {answer['messageId']}")]

    def probe(self) -> dict[str, Any]:
        headers = {"api-key": self.credentials["api_key"]}
        return {"method": "GET", "url": f"{self.backend.api_url}account", "headers": headers}
