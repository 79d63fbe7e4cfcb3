"""Rules to start from with one click."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from northpost.contacts.models import ContactRole
from northpost.segments.catalogue import Catalogue
from northpost.segments.models import Stage


@dataclass(frozen=True)
class Preset:
    key: str
    name: str
    rule: dict[str, Any]


# A goal's group of people -> its stages of the life cycle.
GROUPS = {
    "prospects": ("prospect",),
    "new": ("new",),
    "active": ("active", "won_back"),
    "at_risk": ("at_risk",),
    "lapsed": ("lapsed",),
}


def for_stages(key: str) -> Preset | None:
    """The people at the stages that ``key`` names ("prospects"), or those who are not customers ("partners")."""
    if key == "partners":
        roles = [role for role in ContactRole.values if role != ContactRole.CUSTOMER]
        rule: dict[str, Any] = {"kind": "attribute", "attribute": "role", "roles": roles}
        return Preset(key, _("Partners"), {"all": [rule]})
    stages = GROUPS.get(key)
    if stages is None:
        return None
    labels = dict(Stage.choices)
    rule = {"kind": "stage", "stages": list(stages), "since": "any"}
    return Preset(key, str(labels[stages[0]]), {"all": [rule]})


def _ordered(compare: str, count: int = 0, **more: Any) -> dict[str, Any]:
    said: dict[str, Any] = {"kind": "orders", "measure": "count", "compare": compare}
    if compare != "never":
        said["count"] = count
    return said | {"about": "anything", "within": "ever"} | more


def presets(catalogue: Catalogue) -> list[Preset]:
    """Those that make sense with this catalogue."""
    clicked = {"kind": "mail", "what": "clicked", "compare": "at_least", "count": 1, "which": "any"}
    found = [
        Preset("bought_twice", _("Bought twice or more"), {"all": [_ordered("at_least", 2)]}),
        Preset("never_ordered", _("Never ordered"), {"all": [_ordered("never")]}),
        Preset(
            "no_order_180",
            _("No order for 180 days"),
            {"all": [{"kind": "orders", "measure": "last", "test": "before_last", "days": 180, "about": "anything"}]},
        ),
        Preset(
            "clicked_30",
            _("Clicked in the last 30 days"),
            {"all": [clicked | {"within": "last_days", "days": 30}]},
        ),
    ]
    if catalogue.purposes:
        agreed = {"kind": "consent", "purpose": next(iter(catalogue.purposes)), "state": "granted"}
        new = agreed | {"since": "in_last", "days": 30}
        found.append(Preset("new_subscribers", _("New subscribers"), {"all": [new]}))
    found += [
        Preset(
            f"only_{place}",
            _("Bought %(category)s and nothing else since") % {"category": category},
            {
                "all": [
                    _ordered("at_least", 1, about="category", category=category),
                    _ordered("exactly", 1),
                ]
            },
        )
        for place, category in enumerate(catalogue.categories[:2])
    ]
    return found
