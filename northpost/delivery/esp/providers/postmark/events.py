"""postmarkapp.com/developer/webhooks/webhooks-overview."""

from __future__ import annotations

from typing import Any

from anymail.webhooks.postmark import PostmarkTrackingWebhookView

from northpost.delivery.esp.reading import PasswordReader


class PostmarkReader(PasswordReader):
    view_class = PostmarkTrackingWebhookView

    def hard(self, said: Any) -> bool:
        return said.get("Type") in ("HardBounce", "BadEmailAddress")
