"""What the pages of the settings share: the other ones beside them, in groups."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from northpost.team.rules import Ability, may
from northpost.web.frame import settings
from northpost.web.frame.access import StaffRequest, address


def show(
    request: StaffRequest, template: str, *, here: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """A page of the settings; ``here`` is the key of the one that it is, or belongs to (see frame.settings).

    ``may_edit`` and ``may_manage`` say what the reader may do.
    """
    role = request.membership.role
    shared = {
        "setting_groups": [
            (group.label, [(setting, address(request, setting.url)) for setting in group.settings])
            for group in settings.groups_for(role)
        ],
        "setting": settings.find(here),
        "here": here,
        "may_edit": may(role, Ability.EDIT),
        "may_manage": may(role, Ability.MANAGE),
    }
    return render(request, template, shared | context, status=status)
