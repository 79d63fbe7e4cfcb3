"""documentation.mailgun.com, "Send an email in MIME format"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from northpost.delivery.esp.http import HttpSender, accepted
from northpost.delivery.esp.mime import TAG, parse, token_of
from northpost.delivery.transport import Envelope, Outcome


class MailgunSender(HttpSender):
    """The whole message, as it was made."""

    def request(self, envelopes: Sequence[Envelope]) -> dict[str, Any]:
        (envelope,) = envelopes
        domain = quote(self.credentials["domain"], safe="")
        return {
            "url": f"{self.credentials['api_url'].rstrip('/')}/{domain}/messages.mime",
            "auth": ("api", self.credentials["api_key"]),
            # Its own pictures and links would be opened by nobody else's count but its own.
            "data": {
                "to": envelope.recipient, "o:tracking": "no", f"v:{TAG}": token_of(parse(envelope)),
            },
            "files": {"message": ("message.mime", envelope.data)},
        }  # fmt: skip

    def read(self, envelopes: Sequence[Envelope], answer: Any) -> list[Outcome]:
        return [accepted(envelopes[0], f"Mailgun: {answer['id']}")]

    def probe(self) -> dict[str, Any]:
        domain = quote(self.credentials["domain"], safe="")
        return {
            "method": "GET",
            "url": f"{self.credentials['api_url'].rstrip('/')}/domains/{domain}",
            "auth": ("api", self.credentials["api_key"]),
        }
