"""www.twilio.com/docs/sendgrid/for-developers/tracking-events: the signed event webhook. The signature (ECDSA, P-256)
covers a time and all that is said."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from anymail.webhooks.sendgrid import SendGridTrackingWebhookView
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from django.http import HttpRequest

from northpost.delivery.esp.provider import Account, Provider
from northpost.delivery.esp.reading import Forged, Reader, fresh

# SendGrid tries for a day.
LONGEST = 25 * 3600.0
_NOBODY = ("bounced address", "invalid")


class SendGridReader(Reader):
    view_class = SendGridTrackingWebhookView

    def __init__(self, provider: Provider, account: Account) -> None:
        self.provider = provider
        self.account = account
        # Only its reading is used. Making one does nothing for that, and warns that anymail no longer tests it.
        self.view = object.__new__(self.view_class)

    def verify(self, request: HttpRequest) -> str | None:
        moment = request.headers.get("X-Twilio-Email-Event-Webhook-Timestamp", "")
        try:
            signature = base64.b64decode(
                request.headers.get("X-Twilio-Email-Event-Webhook-Signature", ""), validate=True
            )
            self._public_key().verify(signature, moment.encode() + request.body, ECDSA(SHA256()))
        except (InvalidSignature, binascii.Error, ValueError) as error:
            raise Forged("the signature does not fit") from error
        if not moment.isdecimal() or not fresh(float(moment[:15]), LONGEST):
            raise Forged("an old signature")
        return None

    def _public_key(self) -> EllipticCurvePublicKey:
        entered = self.account.credentials.get("verification_key", "")
        try:
            key = load_der_public_key(base64.b64decode(entered, validate=True))
        except (ValueError, UnsupportedAlgorithm) as error:
            raise Forged("no verification key is set up, or it can't be read") from error
        if not isinstance(key, EllipticCurvePublicKey):
            raise Forged("the verification key is of another kind")
        return key

    def hard(self, said: Any) -> bool:
        if said.get("event") == "dropped":
            return str(said.get("reason", "")).lower() in _NOBODY
        return said.get("type") == "bounce" and str(said.get("status", "")).startswith("5.1.")
