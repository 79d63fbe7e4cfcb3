"""developers.mailersend.com/api/v1/webhooks: the signature (HMAC-SHA256) covers all that is said."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from anymail.webhooks.mailersend import MailerSendTrackingWebhookView
from django.http import HttpRequest

from northpost.delivery.esp.mime import TAG
from northpost.delivery.esp.reading import Forged, Reader, checked_by


class MailerSendReader(Reader):
    view_class = MailerSendTrackingWebhookView

    def settings(self) -> Mapping[str, Any]:
        return {"signing_secret": self.account.credentials.get("signing_secret", "none")}

    def events(self, request: HttpRequest) -> list[Any]:
        found = super().events(request)
        if any("email" not in event.esp_event["data"] for event in found):
            # Passed over in silence, nobody would notice that the webhook was set up so.
            raise ValueError("not of version 1.0")
        return found

    def only_knocks(self, request: HttpRequest) -> bool:
        try:
            said = json.loads(request.body)
        except ValueError:
            return False
        return isinstance(said, dict) and said.get("type") == "webhook.test"

    def verify(self, request: HttpRequest) -> str | None:
        if not self.account.credentials.get("signing_secret"):
            raise Forged("no signing key is set up")
        checked_by(self.view, request)
        return None

    def token(self, event: Any) -> str:
        ours = [str(tag) for tag in event.tags or () if str(tag).startswith(f"{TAG}-")]
        return ours[0].removeprefix(f"{TAG}-") if ours else ""

    def hard(self, said: Any) -> bool:
        return said["data"]["type"] == "hard_bounced"
