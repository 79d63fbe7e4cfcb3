"""A rule that can't be is refused with the place and what would be right."""

from __future__ import annotations

from typing import Any

import pytest

from northpost.segments.catalogue import Catalogue, FieldInfo
from northpost.segments.rules import All, Condition, RuleError, parse, to_json

KNOWN = Catalogue(
    fields={"city": FieldInfo("city", "City", "text"), "score": FieldInfo("score", "Score", "number")},
    purposes={"marketing": "News by mail"},
    lists={"3": "VIP"},
)
TWICE = {
    "kind": "orders",
    "measure": "count",
    "compare": "at_least",
    "count": 2,
    "about": "anything",
    "within": "last_days",
    "days": 90,
}


def problems(data: Any) -> list[tuple[str, str, str]]:
    with pytest.raises(RuleError) as caught:
        parse(data, KNOWN)
    return [(problem.path, problem.field, problem.message) for problem in caught.value.problems]


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in TWICE.items() if key != name}


def test_a_rule_is_a_typed_tree_and_back():
    tree = parse({"all": [TWICE]}, KNOWN)
    assert tree == All((Condition("orders", {key: TWICE[key] for key in TWICE if key != "kind"}),))
    assert to_json(tree) == {"all": [TWICE]}
    assert parse({"all": []}, KNOWN) == All(())


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ([], [("rule", "", "Here should be a condition or a group.")]),
        (None, [("rule", "", "Here should be a condition or a group.")]),
        ({}, [("rule", "", "Here should be a condition or a group.")]),
        ({"all": {}}, [("rule.all", "", "A group is a list of conditions.")]),
        ({"all": [], "any": []}, [("rule", "", "A group holds nothing beside its conditions.")]),
        ({"any": []}, [("rule.any", "", "Put at least one condition into this group, or remove it.")]),
        ({"all": [{"kind": "sql"}]}, [("rule.all[0]", "kind", "There is no such kind of condition.")]),
        ({"all": [TWICE | {"count": -1}]}, [("rule.all[0]", "count", "Write a whole number from 1 to 100000.")]),
        (
            {"all": [TWICE | {"count": "2 OR 1=1"}]},
            [("rule.all[0]", "count", "Write a whole number from 1 to 100000.")],
        ),
        ({"all": [TWICE | {"count": True}]}, [("rule.all[0]", "count", "Write a whole number from 1 to 100000.")]),
        ({"any": [TWICE, without("days")]}, [("rule.any[1]", "days", "Write a whole number from 1 to 36500.")]),
        ({"not": TWICE | {"sql": "x"}}, [("rule.not", "sql", "“sql” doesn't belong here.")]),
        (
            TWICE | {"within": "between", "from": "2026-02-01", "until": "2026-01-01", "days": 3},
            [
                ("rule", "until", "This should not be before the first date."),
                ("rule", "days", "“days” doesn't belong here."),
            ],
        ),
        (
            without("days") | {"within": "between", "from": "2026-02-30", "until": "tomorrow"},
            [
                ("rule", "from", "Write a date as year-month-day, such as 2026-03-31."),
                ("rule", "until", "Write a date as year-month-day, such as 2026-03-31."),
            ],
        ),
        (
            {"kind": "field", "field": "city'", "test": "is", "text": "x"},
            [("rule", "field", "Choose one of: City, Score.")],
        ),
        ({"kind": "list", "is": "on", "list": "4"}, [("rule", "list", "Choose one of: VIP.")]),
        ({"kind": "tag", "is": "on", "tag": "hot"}, [("rule", "tag", "There is nothing to choose from yet.")]),
        (
            {"kind": "field", "field": "city", "test": "is", "text": "a\x00b"},
            [("rule", "text", "This holds a character that can't be stored.")],
        ),
        (
            {"kind": "field", "field": "city", "test": "is", "text": "a\ud800b"},
            [("rule", "text", "This holds a character that can't be stored.")],
        ),
        (
            {"kind": "field", "field": "city", "test": "is", "text": "x" * 201},
            [("rule", "text", "That is too long; at most 200 characters.")],
        ),
        ({"kind": "stage", "stages": [], "since": "any"}, [("rule", "stages", "Choose at least one.")]),
    ],
)
def test_what_is_wrong_is_named(data: Any, expected: list[tuple[str, str, str]]):
    assert problems(data) == expected


def test_everything_that_is_wrong_is_named_at_once():
    found = problems({"all": [TWICE | {"count": 0}, {"any": [TWICE | {"days": "x"}, {"kind": "nothing"}]}]})
    assert [(path, field) for path, field, _message in found] == [
        ("rule.all[0]", "count"),
        ("rule.all[1].any[0]", "days"),
        ("rule.all[1].any[1]", "kind"),
    ]


def test_a_rule_has_a_greatest_depth_and_size():
    deep: dict[str, Any] = TWICE
    for _level in range(5):
        deep = {"not": deep}
    assert to_json(parse(deep, KNOWN)) == deep
    assert problems({"not": deep}) == [
        ("rule.not.not.not.not.not.not", "", "Groups stand too deep in one another; at most 6 levels.")
    ]
    assert problems({"all": [TWICE] * 41}) == [("rule.all", "", "A group holds at most 40 conditions.")]
    assert problems({"any": [{"all": [TWICE] * 31}, {"all": [TWICE] * 30}]}) == [
        ("rule", "", "There are 61 conditions; a rule holds at most 60.")
    ]
