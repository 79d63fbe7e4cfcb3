"""developers.sparkpost.com/api/transmissions: content.email_rfc822."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from northpost.delivery.esp.http import HttpSender, accepted, refused
from northpost.delivery.esp.mime import TAG, parse, token_of
from northpost.delivery.transport import Envelope, Outcome


class SparkPostSender(HttpSender):
    """The whole message, as it was made."""

    def request(self, envelopes: Sequence[Envelope]) -> dict[str, Any]:
        (envelope,) = envelopes
        return {
            "url": f"{self.credentials['api_url'].rstrip('/')}/transmissions",
            "headers": {"Authorization": self.credentials["api_key"]},
            "json": {
                "options": {"open_tracking": False, "click_tracking": False},
                "recipients": [{"address": {"email": envelope.recipient}}],
                "metadata": {TAG: token_of(parse(envelope))},
                "content": {"email_rfc822": envelope.data.decode("utf-8", "surrogateescape")},
            },
        }

    def read(self, envelopes: Sequence[Envelope], answer: Any) -> list[Outcome]:
        results = answer["results"]
        if results["total_accepted_recipients"] == 1:
            return [accepted(envelopes[0], f"SparkPost: {results['id']}")]
        return [refused(envelopes[0], f"SparkPost: {results}", recipient=True)]

    def probe(self) -> dict[str, Any]:
        return {
            "method": "GET",
            "url": f"{self.credentials['api_url'].rstrip('/')}/sending-domains",
            "headers": {"Authorization": self.credentials["api_key"]},
        }
