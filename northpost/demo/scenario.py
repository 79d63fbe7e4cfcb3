"""What Voltline's marketer does in the weeks before today: groups, goals, mailings. Data only.

Days count back from today; `STORY_DAYS` ago the shop begins to work with Northpost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

STORY_DAYS = 42
SENDING_HOUR = 9  # UTC


def _ordered(compare: str, count: int = 0, within: str = "ever", **more: Any) -> dict[str, Any]:
    said = {"kind": "orders", "measure": "count", "compare": compare, "about": "anything", "within": within}
    return said | ({} if compare == "never" else {"count": count}) | more


def _stage(*stages: str) -> dict[str, Any]:
    return {"kind": "stage", "stages": list(stages), "since": "any"}


SEGMENTS: dict[str, dict[str, Any]] = {
    "Bought twice or more": {"all": [_ordered("at_least", 2)]},
    "Active customers": {"all": [_stage("new", "active", "won_back")]},
    "Lapsed customers": {"all": [_stage("at_risk", "lapsed")]},
    "Prospects who told us about themselves": {
        "all": [_stage("prospect"), {"kind": "field", "field": "questionnaire", "answer": "yes"}]
    },
    "Laptop in the last eight weeks, no bag yet": {
        "all": [
            _ordered("at_least", 1, "last_days", days=56, about="category", category="Laptops"),
            _ordered("never", within="last_days", days=56, about="category", category="Bags"),
        ]
    },
    "Clicked in the last 30 days": {
        "all": [
            {
                "kind": "mail",
                "what": "clicked",
                "compare": "at_least",
                "count": 1,
                "which": "any",
                "within": "last_days",
                "days": 30,
            }
        ]
    },
}


@dataclass(frozen=True)
class PlannedMailing:
    """A mailing: which letter, to whom, how many days before today (negative: still to come; None: a draft).

    `to`: "everyone", "list:<name>" or "segment:<name>"; `but`: who is left out, alike. `goal`: of which group it serves
    the goal. `warming`: it leaves by the second mail server, whose domain is warmed up from the first such mailing on.
    """

    name: str
    letter: str
    to: str
    days_ago: int | None
    but: tuple[str, ...] = ()
    goal: str = ""
    warming: bool = False


MAILINGS: tuple[PlannedMailing, ...] = (
    PlannedMailing("Newsletter: what is new", "newsletter", "everyone", 38, ("list:Partners",), goal="prospects"),
    PlannedMailing("We miss you", "win_back", "segment:Lapsed customers", 29, goal="lapsed"),
    PlannedMailing("Accessories week", "offer", "segment:Active customers", 20, ("list:Partners",), goal="active"),
    PlannedMailing("Letter to partners and press", "partners", "list:Partners", 13, goal="partners", warming=True),
    PlannedMailing(
        "Newsletter: from our shelves",
        "newsletter",
        "segment:Clicked in the last 30 days",
        5,
        goal="active",
        warming=True,
    ),
    PlannedMailing("Offer of the weekend", "offer", "list:Offers", -1, goal="active"),
    PlannedMailing("How do you like your purchase?", "review", "segment:Bought twice or more", None, goal="new"),
)
