"""docs.mailtrap.io/email-api-smtp/advanced/webhooks: the signature (HMAC-SHA256) covers all that is said."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from anymail.webhooks.mailtrap import MailtrapTrackingWebhookView
from django.http import HttpRequest

from northpost.delivery.esp.reading import Forged, Reader

_HARD = ("badmailbox", "inactivemailbox", "baddomain")


class MailtrapReader(Reader):
    view_class = MailtrapTrackingWebhookView

    def verify(self, request: HttpRequest) -> str | None:
        secret = self.account.credentials.get("signing_secret", "")
        if not secret:
            raise Forged("no signing key is set up")
        wanted = hmac.new(secret.encode(), request.body, hashlib.sha256).hexdigest().encode()
        if not hmac.compare_digest(request.headers.get("Mailtrap-Signature", "").encode(), wanted):
            raise Forged("the signature does not fit")
        return None

    def hard(self, said: Any) -> bool:
        return said.get("event") == "bounce" and said.get("bounce_category") in _HARD
