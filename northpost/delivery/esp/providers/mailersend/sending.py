"""developers.mailersend.com/api/v1/email. Its bulk call says nothing of the single message, so it is one a request; no
key makes a repeat safe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import requests
from anymail.backends.mailersend import EmailBackend
from django.core.mail import EmailMultiAlternatives

from northpost.delivery.esp.anymail import AnymailSender
from northpost.delivery.esp.http import Refused, accepted, refused
from northpost.delivery.esp.mime import TAG
from northpost.delivery.transport import Envelope, Outcome


class MailerSendSender(AnymailSender):
    backend_class = EmailBackend
    # A message without anything in it: the key is right, and there is nothing to send.
    lets_in = (422,)

    def settings(self) -> dict[str, Any]:
        return {name: self.credentials[name] for name in ("api_token", "api_url") if self.credentials.get(name)}

    def message(self, envelope: Envelope) -> EmailMultiAlternatives:
        made = super().message(envelope)
        # It knows no data of ours; a tag comes back with its reports.
        token = made.metadata.pop(TAG)  # type: ignore[attr-defined]
        made.tags = [f"{TAG}-{token}"]  # type: ignore[attr-defined]
        del made.metadata  # type: ignore[attr-defined]
        return made

    def payload(self, envelope: Envelope) -> Any:
        payload = super().payload(envelope)
        payload.data["settings"] = {"track_clicks": False, "track_opens": False, "track_content": False}
        return payload

    def said(self, response: requests.Response) -> Any:
        warnings = response.json().get("warnings", []) if response.content.strip().startswith(b"{") else []
        return {"id": response.headers.get("X-Message-Id", ""), "warnings": warnings}

    def read(self, envelopes: Sequence[Envelope], answer: Any) -> list[Outcome]:
        (envelope,) = envelopes
        if any(warning["type"] in ("ALL_SUPPRESSED", "SOME_SUPPRESSED") for warning in answer["warnings"]):
            return [refused(envelope, "MailerSend: on its own list", recipient=False, suppressed=True)]
        return [accepted(envelope, f"MailerSend: {answer['id']}")]

    def judged(self, response: requests.Response) -> Exception:
        found = super().judged(response)
        if isinstance(found, Refused) and '"to.0.email"' in response.text:
            found.recipient = True
        return found

    def probe(self) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.credentials['api_token']}", "Accept": "application/json"}
        return {"url": f"{self.backend.api_url}email", "headers": headers, "json": {}}
