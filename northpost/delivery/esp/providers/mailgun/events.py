"""documentation.mailgun.com, "Securing webhooks": the signature covers a time and a token, not what is said."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from anymail.webhooks.mailgun import MailgunTrackingWebhookView
from django.http import HttpRequest

from northpost.delivery.esp.reading import Forged, Reader, checked_by, fresh

# Mailgun tries for eight hours.
LONGEST = 12 * 3600.0


class MailgunReader(Reader):
    view_class = MailgunTrackingWebhookView

    def settings(self) -> Mapping[str, Any]:
        return {"webhook_signing_key": self.account.credentials.get("signing_key", "none")}

    def verify(self, request: HttpRequest) -> str | None:
        if not self.account.credentials.get("signing_key"):
            raise Forged("no signing key is set up")
        if request.content_type != "application/json":
            raise Forged("not a report as Mailgun writes it today")
        checked_by(self.view, request)
        said = json.loads(request.body)["signature"]
        if not fresh(float(said["timestamp"]), LONGEST):
            raise Forged("an old signature")
        # Used up by this report: with another one it would be a replay.
        return str(said["token"])[:64]

    def events(self, request: HttpRequest) -> list[Any]:
        found = super().events(request)
        for event in found:
            # anymail takes the token for the event's number; by content, the same told again is the same.
            event.event_id = None
            event.esp_event = json.loads(request.body)["event-data"]
        return found

    def hard(self, said: Any) -> bool:
        return said.get("severity") == "permanent" and said.get("reason") == "suppress-bounce"
