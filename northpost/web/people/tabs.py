"""What the pages of the customers share."""

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
    named = [
        ("people", _("People"), "people"),
        ("segments", _("Segments"), "segments"),
        ("lists", _("Lists"), "lists"),
        ("tags", _("Tags"), "tags"),
        ("imports", _("Imports"), "imports"),
    ]
    role = request.membership.role
    tabs = []
    for key, label, url in named:
        if key == "imports" and not may(role, Ability.EDIT):
            continue
        tabs.append({"key": key, "label": label, "url": address(request, url), "count": None})
    shared = {"tabs": tabs, "here": here} | {f"may_{ability.value}": may(role, ability) for ability in Ability}
    return render(request, template, shared | context, status=status)


def number(text: str | None, default: int = 1) -> int:
    """A whole number from an address, or the default."""
    return int(text) if text and text.isdecimal() and len(text) < 10 else default
