"""What the pages of sales share."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from northpost.team.rules import Ability, may
from northpost.web.frame.access import StaffRequest, address


def show(
    request: StaffRequest, template: str, *, here: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """A page of this part with its tabs; ``may_*`` say what the reader may do."""
    tabs = [
        {"key": "orders", "label": _("Orders"), "url": address(request, "sales"), "count": None},
        {"key": "products", "label": _("Products"), "url": address(request, "products"), "count": None},
    ]
    role = request.membership.role
    shared = {"tabs": tabs, "here": here} | {f"may_{ability.value}": may(role, ability) for ability in Ability}
    return render(request, template, shared | context, status=status)


def asked_number(text: str | None, default: int = 1) -> int:
    """A whole number from an address, or the default."""
    return int(text) if text and text.isdecimal() and len(text) < 10 else default


def asked_words(text: str | None) -> str:
    """What was typed into a search, without what a database refuses."""
    return " ".join((text or "").replace("\x00", "").split())[:200]
