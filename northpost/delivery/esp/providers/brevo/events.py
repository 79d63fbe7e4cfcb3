"""developers.brevo.com/docs/transactional-webhooks."""

from __future__ import annotations

from typing import Any

from anymail.webhooks.brevo import BrevoTrackingWebhookView

from northpost.delivery.esp.reading import PasswordReader


class BrevoReader(PasswordReader):
    view_class = BrevoTrackingWebhookView

    def hard(self, said: Any) -> bool:
        return said.get("event") in ("hard_bounce", "invalid_email")
