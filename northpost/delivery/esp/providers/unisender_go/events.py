"""godocs.unisender.ru/web-api-ref#callback-format: signed with the API key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from anymail.webhooks.unisender_go import UnisenderGoTrackingWebhookView
from django.http import HttpRequest

from northpost.delivery.esp.reading import Reader, checked_by

_HARD = ("err_user_unknown", "err_user_inactive", "err_domain_inactive")


class UnisenderGoReader(Reader):
    view_class = UnisenderGoTrackingWebhookView

    def settings(self) -> Mapping[str, Any]:
        return {"api_key": self.account.credentials["api_key"]}

    def verify(self, request: HttpRequest) -> str | None:
        checked_by(self.view, request)
        return None

    def hard(self, said: Any) -> bool:
        return said.get("delivery_info", {}).get("delivery_status") in _HARD
