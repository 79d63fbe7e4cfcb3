"""mailchimp.com/developer/transactional/guides/track-respond-activity-webhooks: the signature covers the address, as it
was entered there, and all that is said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from anymail.signals import EventType
from anymail.webhooks.mandrill import MandrillTrackingWebhookView
from django.http import HttpRequest

from northpost.delivery.esp.reading import Forged, Reader, checked_by, report_address


class _View(MandrillTrackingWebhookView):
    event_types = MandrillTrackingWebhookView.event_types | {"delivered": EventType.DELIVERED}


class MandrillReader(Reader):
    view_class = _View

    def settings(self) -> Mapping[str, Any]:
        account = self.account
        return {
            "webhook_key": account.credentials.get("webhook_key", "none"),
            "webhook_url": report_address(self.provider, account.workspace_id, account.route_id),
        }

    def only_knocks(self, request: HttpRequest) -> bool:
        return request.POST.get("mandrill_events") == "[]"

    def verify(self, request: HttpRequest) -> str | None:
        if not self.account.credentials.get("webhook_key"):
            raise Forged("no signing key is set up")
        checked_by(self.view, request)
        return None

    def hard(self, said: Any) -> bool:
        return said.get("event") == "hard_bounce"
