"""Services whose request django-anymail knows how to write."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Container, Mapping, Sequence
from typing import Any

from anymail.exceptions import AnymailError
from django.core.mail import EmailMultiAlternatives

from northpost.delivery.esp.http import HttpSender, Refused, accepted, deferred, refused
from northpost.delivery.esp.mime import taken_apart
from northpost.delivery.esp.provider import Provider
from northpost.delivery.transport import Envelope, Outcome


class AnymailSender(HttpSender):
    """``backend`` is anymail's class, ``settings`` its settings from our credentials. One message a request."""

    backend_class: Any
    headers: Container[str] | None = None

    def __init__(self, provider: Provider, credentials: Mapping[str, str]) -> None:
        super().__init__(provider, credentials)
        self.backend = self.backend_class(**self.settings())

    def settings(self) -> dict[str, Any]:
        names = ("api_key", "api_url", "secret_key", "server_token")
        return {name: self.credentials[name] for name in names if self.credentials.get(name)}

    def message(self, envelope: Envelope) -> EmailMultiAlternatives:
        """The parts of the message that the service gets."""
        return taken_apart(envelope, headers=self.headers)

    def payload(self, envelope: Envelope) -> Any:
        """Raises Refused for what the service can't carry."""
        try:
            return self.backend.build_message_payload(self.message(envelope), {})
        except AnymailError as error:
            raise Refused(str(error), recipient=False) from error

    def request(self, envelopes: Sequence[Envelope]) -> dict[str, Any]:
        (envelope,) = envelopes
        self._payload = self.payload(envelope)
        return dict(self._payload.get_request_params(self.backend.api_url))

    def read(self, envelopes: Sequence[Envelope], answer: Any) -> list[Outcome]:
        (envelope,) = envelopes
        return [accepted(envelope, f"{self.provider.label}: {json.dumps(answer)}")]


class BatchSender(AnymailSender):
    """Many messages a request: anymail writes each, and they are joined to what the service's batch API wants."""

    @abstractmethod
    def join(self, payloads: Sequence[Any]) -> Any:
        """The JSON of a request for all."""

    @abstractmethod
    def endpoint(self) -> str:
        """Added to the API's address."""

    def request(self, envelopes: Sequence[Envelope]) -> dict[str, Any]:
        payloads = [self.payload(envelope) for envelope in envelopes]
        parameters = dict(payloads[0].get_request_params(self.backend.api_url))
        return parameters | {
            "url": f"{self.backend.api_url}{self.endpoint()}",
            "data": json.dumps(self.join(payloads), default=dict),
        }


__all__ = ["AnymailSender", "BatchSender", "accepted", "deferred", "refused"]
