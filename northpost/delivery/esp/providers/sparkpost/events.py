"""developers.sparkpost.com/api/webhooks; bounce classes: 10 invalid recipient, 30 no such recipient."""

from __future__ import annotations

from typing import Any

from anymail.webhooks.sparkpost import SparkPostTrackingWebhookView

from northpost.delivery.esp.reading import PasswordReader

_HARD = ("10", "30")


class SparkPostReader(PasswordReader):
    view_class = SparkPostTrackingWebhookView

    def hard(self, said: Any) -> bool:
        event: Any = next(iter(said.get("msys", {}).values()), {})
        return str(event.get("bounce_class")) in _HARD
