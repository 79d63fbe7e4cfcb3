"""A rule reads as a sentence, with the numbers' right forms."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import translation

from northpost.segments.catalogue import Catalogue, FieldInfo
from northpost.segments.words import explain

KNOWN = Catalogue(
    fields={
        "city": FieldInfo("city", "City", "text"),
        "score": FieldInfo("score", "Score", "number"),
        "vip": FieldInfo("vip", "VIP", "boolean"),
        "birthday": FieldInfo("birthday", "Birthday", "date"),
        "colour": FieldInfo("colour", "Colour", "choice", ("red", "green")),
    },
    purposes={"marketing": "News by mail"},
    lists={"3": "VIP"},
    tags=["hot"],
    products={"LT-1": "Laptop One"},
    mailings={"campaign:12": "Spring offer"},
)
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def orders(**more: Any) -> dict[str, Any]:
    return {"kind": "orders", "measure": "count", "about": "anything", "within": "ever"} | more


def mail(**more: Any) -> dict[str, Any]:
    return {"kind": "mail", "what": "received", "compare": "never", "which": "any", "within": "ever"} | more


TWICE = orders(compare="at_least", count=2, within="last_days", days=90)
NEVER_SPRING = mail(which="one", mailing="campaign:12")


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"all": []}, "Everyone"),
        (
            {"all": [TWICE, NEVER_SPRING]},
            "People who ordered at least twice in the last 90 days and have never received the mailing “Spring offer”",
        ),
        (
            {"all": [orders(compare="never"), {"any": [mail(what="clicked", compare="at_least", count=1), TWICE]}]},
            "People who have not ordered and (clicked in mail or ordered at least twice in the last 90 days)",
        ),
        ({"not": TWICE}, "People who are not among those who ordered at least twice in the last 90 days"),
        (
            orders(compare="between", count=3, count_to=5, about="product", product="LT-1"),
            "People who ordered the product “Laptop One” from 3 to 5 times",
        ),
        (
            {"kind": "orders", "measure": "sum", "compare": "at_least", "amount": "1500.5", "about": "category"}
            | {"category": "Bags", "within": "last_days", "days": 1},
            "People who spent at least 1,500.5\u00a0EUR on the category “Bags” in the last day",
        ),
        (
            {"kind": "orders", "measure": "last", "test": "before_last", "days": 180, "about": "anything"},
            "People who placed their last order more than 180 days ago",
        ),
        (
            {"kind": "stage", "stages": ["lapsed", "at_risk"], "since": "before_last", "days": 10},
            "People who are at the stage “At risk” or “Lapsed” of the life cycle for more than 10 days",
        ),
        (
            {"kind": "field", "field": "birthday", "test": "anniversary", "days": 7},
            "People whose “Birthday” has its anniversary in the next 7 days",
        ),
        ({"kind": "field", "field": "vip", "answer": "yes"}, "People whose “VIP” is: yes"),
        (
            {"all": [TWICE, {"kind": "field", "field": "city", "test": "is", "text": "Sofia"}]},
            "People who ordered at least twice in the last 90 days and whose “City” is “Sofia”",
        ),
        (mail(what="opened", compare="never"), "People who have, as far as can be seen, opened no mail"),
        (
            {"kind": "consent", "purpose": "marketing", "state": "granted", "since": "in_last", "days": 30},
            "People who have agreed to “News by mail” for no more than 30 days",
        ),
    ],
)
def test_in_english(rule: dict[str, Any], said: str):
    assert explain(rule, KNOWN) == said


@pytest.mark.parametrize(
    ("language", "rule", "said"),
    [
        (
            "ru",
            {"all": [TWICE, NEVER_SPRING]},
            "Люди, которые заказывали хотя бы дважды за последние 90 дней"
            " и никогда не получали рассылку «Spring offer»",
        ),
        (
            "bg",
            {"all": [TWICE, NEVER_SPRING]},
            "Хора, които са поръчвали поне два пъти през последните 90 дни"
            " и никога не са получавали кампанията „Spring offer“",
        ),
        ("ru", orders(compare="exactly", count=3), "Люди, которые заказывали ровно 3 раза"),
        ("ru", orders(compare="exactly", count=5), "Люди, которые заказывали ровно 5 раз"),
        ("ru", orders(compare="exactly", count=21), "Люди, которые заказывали ровно 21 раз"),
        ("bg", orders(compare="exactly", count=21), "Хора, които са поръчвали точно 21 пъти"),
        (
            "ru",
            {"not": {"kind": "field", "field": "city", "test": "is", "text": "Рига"}},
            "Люди, которые не входят в число тех, у которых «City» — «Рига»",
        ),
    ],
)
def test_in_other_languages_with_true_plurals(language: str, rule: dict[str, Any], said: str):
    with translation.override(language):
        assert explain(rule, KNOWN) == said
