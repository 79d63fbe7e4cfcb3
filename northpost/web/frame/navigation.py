"""The rail: the parts that have a page, in three groups. Each part's package adds its entry in `PARTS`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Part:
    """An entry of the rail: ``url`` names its first page, ``under`` is how its pages' addresses begin."""

    key: str
    label: Promise | str
    url: str
    icon: str
    group: str
    under: tuple[str, ...]


PARTS: list[Part] = [
    Part("goals", _("Goals"), "goals", "goal", "intend", ("goals/",)),
    Part("people", _("Customers"), "people", "people", "reach", ("people/", "segments/")),
    Part("sales", _("Sales"), "sales", "sales", "reach", ("sales/",)),
    Part("mailings", _("Mailings"), "mailings", "mailing", "reach", ("mailings/",)),
    Part("returns", _("What came back"), "returns", "bounce", "reach", ("returns/",)),
    Part("analysis", _("Analysis"), "analysis", "analysis", "learn", ("analysis/", "deliverability/")),
]

GROUPS = {"intend": _("Intend"), "reach": _("Reach"), "learn": _("Learn")}


def entries(request: HttpRequest) -> list[dict[str, Any]]:
    """The rail's entries for this request, the one that the page belongs to marked ``current``."""
    slug = request.workspace.slug  # type: ignore[attr-defined]
    return [
        {
            "key": part.key,
            "label": part.label,
            "icon": part.icon,
            "group": part.group,
            "group_label": GROUPS[part.group],
            "url": reverse(part.url, args=[slug]),
            "current": request.path.startswith(tuple(f"/w/{slug}/{under}" for under in part.under)),
        }
        for part in PARTS
    ]
