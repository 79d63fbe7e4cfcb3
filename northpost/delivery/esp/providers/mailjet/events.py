"""dev.mailjet.com/email/guides/webhooks."""

from __future__ import annotations

from typing import Any

from anymail.webhooks.mailjet import MailjetTrackingWebhookView

from northpost.delivery.esp.reading import PasswordReader


class MailjetReader(PasswordReader):
    view_class = MailjetTrackingWebhookView

    def hard(self, said: Any) -> bool:
        return bool(said.get("hard_bounce"))
