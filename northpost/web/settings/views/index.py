"""The first page of the settings: everything that there is to set, in groups."""

from __future__ import annotations

from django.http import HttpResponse

from northpost.team.rules import Ability
from northpost.web.frame.access import StaffRequest, needs
from northpost.web.settings.frame import show


@needs(Ability.SEE)
def index(request: StaffRequest) -> HttpResponse:
    return show(request, "web/settings/index.html", here="", context={})
