"""docs.mailtrap.io/developers, "Batch send email": up to 500, an answer for each. No key that makes a repeat safe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from anymail.backends.mailtrap import EmailBackend

from northpost.delivery.esp.anymail import BatchSender
from northpost.delivery.esp.http import Refused, accepted, blames_recipient, refused
from northpost.delivery.transport import Envelope, Outcome


class MailtrapSender(BatchSender):
    backend_class = EmailBackend
    # A message without anything in it: the key is right, and there is nothing to send.
    lets_in = (400, 422)

    def settings(self) -> dict[str, Any]:
        return {name: self.credentials[name] for name in ("api_token", "api_url")}

    def endpoint(self) -> str:
        return "batch"

    def join(self, payloads: Sequence[Any]) -> Any:
        return {"base": {"from": payloads[0].data["from"]}, "requests": [payload.data for payload in payloads]}

    def read(self, envelopes: Sequence[Envelope], answer: Any) -> list[Outcome]:
        if not answer["success"] and not answer.get("responses"):
            raise Refused(_told(answer), recipient=False)
        return [self._read(envelope, one) for envelope, one in zip(envelopes, answer["responses"], strict=True)]

    def _read(self, envelope: Envelope, one: Any) -> Outcome:
        if one["success"]:
            return accepted(envelope, f"Mailtrap: {one['message_ids'][0]}")
        return refused(envelope, _told(one), recipient=blames_recipient(_told(one)))

    def probe(self) -> dict[str, Any]:
        headers = {"Api-Token": self.credentials["api_token"]}
        return {"url": f"{self.backend.api_url}send", "headers": headers, "json": {}}


def _told(answer: Any) -> str:
    return f"Mailtrap: {'; '.join(str(error) for error in answer.get('errors', []))}"
