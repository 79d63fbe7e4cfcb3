"""Reports over Amazon SNS: docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html.

Anybody can have SNS sign something: so it is the topic that was entered, or nothing.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from anymail.webhooks.amazon_ses import AmazonSESTrackingWebhookView
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from django.http import HttpRequest

from northpost.core import clock
from northpost.core.fetch import Answer, FetchFailed, FetchRefused, fetch
from northpost.delivery.esp.mime import TAG
from northpost.delivery.esp.reading import Forged, Reader

_HOST = re.compile(r"sns\.[a-z0-9-]{3,30}\.amazonaws\.com(?:\.cn)?")
_PEM = re.compile(r"/SimpleNotificationService-[0-9a-zA-Z]{8,80}\.pem")
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_HARD = ("General", "NoEmail")


class SesReader(Reader):
    view_class = AmazonSESTrackingWebhookView
    fetch: Callable[..., Answer] = staticmethod(fetch)

    def verify(self, request: HttpRequest) -> str | None:
        said = _read(request)
        if not self.account.credentials.get("topic") or said.get("TopicArn") != self.account.credentials["topic"]:
            raise Forged("not from the topic that was entered")
        fields = _SIGNED.get(str(said.get("Type")))
        digest = {"1": SHA1(), "2": SHA256()}.get(str(said.get("SignatureVersion")))  # noqa: S303 - as SNS signs
        if fields is None or digest is None:
            raise Forged("not a message as SNS writes it")
        written = "".join(f"{name}\n{said[name]}\n" for name in fields if said.get(name) is not None)
        try:
            signature = base64.b64decode(str(said.get("Signature", "")), validate=True)
            self._public_key(str(said.get("SigningCertURL", ""))).verify(
                signature, written.encode(), PKCS1v15(), digest
            )
        except (InvalidSignature, binascii.Error, ValueError) as error:
            raise Forged("the signature does not fit") from error
        return None

    def events(self, request: HttpRequest) -> list[Any]:
        said = _read(request)
        if said["Type"] == "SubscriptionConfirmation":
            self._confirm(str(said["SubscribeURL"]))
            return []
        return super().events(request) if said["Type"] == "Notification" else []

    def token(self, event: Any) -> str:
        tags = event.esp_event.get("mail", {}).get("tags", {}).get(TAG, [])
        return str(tags[0]) if tags else ""

    def hard(self, said: Any) -> bool:
        bounce = said.get("bounce", {})
        return bounce.get("bounceType") == "Permanent" and bounce.get("bounceSubType") in _HARD

    def _public_key(self, url: str) -> RSAPublicKey:
        parts = urlsplit(url)
        if parts.scheme != "https" or not _HOST.fullmatch(parts.netloc) or not _PEM.fullmatch(parts.path):
            raise Forged("the certificate is not Amazon's")
        certificate = _certificate(self.fetch, f"https://{parts.netloc}{parts.path}")
        if not certificate.not_valid_before_utc <= clock.now() <= certificate.not_valid_after_utc:
            raise Forged("the certificate is out of date")
        key = certificate.public_key()
        if not isinstance(key, RSAPublicKey):
            raise Forged("the certificate holds no key that SNS uses")
        return key

    def _confirm(self, url: str) -> None:
        """Say that the topic is ours to hear. It was signed with the address."""
        parts = urlsplit(url)
        if parts.scheme != "https" or not _HOST.fullmatch(parts.netloc):
            raise Forged("the address to confirm at is not Amazon's")
        try:
            self.fetch(url)
        except (FetchRefused, FetchFailed) as error:
            raise ValueError(f"the subscription could not be confirmed: {error}") from error


@lru_cache(maxsize=32)
def _certificate(ask: Callable[..., Answer], url: str) -> x509.Certificate:
    try:
        answer = ask(url, most=50_000)
        return x509.load_pem_x509_certificate(answer.body)
    except (FetchRefused, FetchFailed, ValueError) as error:
        raise Forged(f"the certificate can't be had: {error}") from error


def _read(request: HttpRequest) -> dict[str, Any]:
    try:
        said = json.loads(request.body)
    except ValueError as error:
        raise Forged("not a message as SNS writes it") from error
    if not isinstance(said, dict):
        raise Forged("not a message as SNS writes it")
    return said
