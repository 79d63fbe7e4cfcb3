"""resend.com/docs/dashboard/webhooks/verify-webhooks-requests; the signature is Svix's (docs.svix.com, "Verifying
webhooks manually")."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Any

from anymail.webhooks.resend import ResendTrackingWebhookView
from django.http import HttpRequest

from northpost.delivery.esp.reading import Forged, Reader, fresh

TOLERANCE = 300.0


class ResendReader(Reader):
    view_class = ResendTrackingWebhookView

    def verify(self, request: HttpRequest) -> str | None:
        secret = self.account.credentials.get("signing_secret", "")
        try:
            key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if not key:
            raise Forged("no signing key is set up")
        number, moment = request.headers.get("svix-id", ""), request.headers.get("svix-timestamp", "")
        said = f"{number}.{moment}.".encode() + request.body
        wanted = b"v1," + base64.b64encode(hmac.new(key, said, hashlib.sha256).digest())
        given = request.headers.get("svix-signature", "").encode().split()
        if not any(hmac.compare_digest(one, wanted) for one in given):
            raise Forged("the signature does not fit")
        if not moment.isdecimal() or not fresh(float(moment[:15]), TOLERANCE):
            raise Forged("an old signature")
        return None

    def hard(self, said: Any) -> bool:
        return said.get("data", {}).get("bounce", {}).get("type") == "Permanent"
