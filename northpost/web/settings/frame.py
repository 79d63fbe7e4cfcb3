"""The tabs that the pages of the settings share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from northpost.team.rules import Ability, may
from northpost.web.frame.access import StaffRequest, address


@dataclass(frozen=True)
class Tab:
    """A page of the settings, shown to those who may see it."""

    key: str
    label: Promise
    url: str
    ability: Ability = Ability.SEE


TABS = [
    Tab("company", _("Company"), "settings"),
    Tab("members", _("Members"), "members"),
    Tab("sending", pgettext_lazy("settings", "Sending"), "sending", Ability.MANAGE),
    Tab("limits", _("Limits"), "limits", Ability.MANAGE),
    Tab("domains", _("Domains"), "domains", Ability.MANAGE),
    Tab("inboxes", _("Mailboxes"), "inboxes", Ability.MANAGE),
    Tab("fields", _("Fields"), "fields"),
    Tab("consent", _("Consent"), "purposes"),
    Tab("suppressions", _("Suppressed"), "suppressions", Ability.EDIT),
    Tab("keys", _("Keys"), "keys", Ability.MANAGE),
    Tab("history", _("History"), "history", Ability.MANAGE),
]


def show(
    request: StaffRequest, template: str, *, here: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """A page of the settings with its tabs; ``may_edit`` and ``may_manage`` say what the reader may do."""
    role = request.membership.role
    tabs = [
        {"key": tab.key, "label": tab.label, "url": address(request, tab.url), "count": None}
        for tab in TABS
        if may(role, tab.ability)
    ]
    shared = {
        "tabs": tabs,
        "here": here,
        "may_edit": may(role, Ability.EDIT),
        "may_manage": may(role, Ability.MANAGE),
    }
    return render(request, template, shared | context, status=status)
