"""The compiled statement chooses the same people as the slow, obvious reading, for any rule."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from northpost.contacts.models import ContactList
from northpost.core import sql
from northpost.segments import catalogue as catalogues
from northpost.segments.asking import Ask, Input
from northpost.segments.catalogue import Catalogue
from northpost.segments.compile import compile_rule
from northpost.segments.kinds import registry
from northpost.segments.rules import parse, to_json
from northpost.segments.tests import population, slow
from northpost.segments.words import explain
from northpost.team.models import Workspace

WORDS = ["ann", "AN", "%", "_", "'", "иван", "firm.example", "example", "Sofia", "соф", "en", "bg", "riga'; --"]
DAYS = ["2026-03-10", "2026-03-11", "2026-02-28", "2025-12-31", "2026-01-15", "2024-02-29"]
OFFERED = {"category": population.CATEGORIES, "product": ["sku-L", "sku-B", "nothing"]}


@pytest.fixture(autouse=True)
def mailings(monkeypatch: pytest.MonkeyPatch) -> None:
    named = {"campaign:1": "Spring offer", "campaign:2": "News"}
    monkeypatch.setattr(catalogues, "_mailings", {"campaign": lambda: named})


@pytest.fixture
def known(workspace: Workspace) -> Iterator[Catalogue]:
    Workspace.objects.filter(pk=workspace.pk).update(time_zone="Europe/Sofia")
    population.furnish()
    yield catalogues.load()


def answer(draw: st.DrawFn, asked: Input) -> Any:
    if asked.widget == "choice":
        return draw(st.sampled_from([value for value, _label in asked.options]))
    if asked.widget == "several":
        return draw(st.lists(st.sampled_from([value for value, _label in asked.options]), min_size=1, unique=True))
    if asked.widget == "day":
        return draw(st.sampled_from(DAYS))
    if asked.widget == "text":
        return draw(st.sampled_from(OFFERED.get(asked.name, WORDS)))
    if asked.name in ("days",):
        return draw(st.sampled_from([1, 7, 30, 90, 365]))
    if asked.name in ("amount", "amount_to"):
        return draw(st.sampled_from([0, 1, "99.5", 200, 500, 1000]))
    return draw(st.sampled_from([0, 1, 2, 3, 5]))


@st.composite
def a_condition(draw: st.DrawFn, known: Catalogue) -> dict[str, Any]:
    """Answer the questions of a kind, one after the other, as somebody in the builder would."""
    kind = draw(st.sampled_from(registry.kinds()))
    given: dict[str, Any] = {}
    for _round in range(20):
        ask = Ask(given, "rule", known)
        kind.shape(ask)
        open_questions = [asked for asked in ask.inputs if asked.name not in given]
        if not open_questions:
            break
        given[open_questions[0].name] = answer(draw, open_questions[0])
    for first, second in (("count", "count_to"), ("amount", "amount_to"), ("number", "number_to"), ("from", "until")):
        if second in given and float_or_text(given[second]) < float_or_text(given[first]):
            given[first], given[second] = given[second], given[first]
    if given.get("compare") in ("at_least", "at_most") and given.get("count") == 0:
        given["count"] = 1
    return {"kind": kind.key} | given


def float_or_text(value: Any) -> Any:
    try:
        return float(value)
    except ValueError:
        return value


def rules(known: Catalogue) -> st.SearchStrategy[dict[str, Any]]:
    return st.recursive(
        a_condition(known),
        lambda inner: st.one_of(
            st.builds(lambda nodes: {"all": nodes}, st.lists(inner, max_size=3)),
            st.builds(lambda nodes: {"any": nodes}, st.lists(inner, min_size=1, max_size=3)),
            st.builds(lambda node: {"not": node}, inner),
        ),
        max_leaves=5,
    ).filter(lambda rule: depth(rule) <= 6)


def depth(rule: dict[str, Any]) -> int:
    below = rule.get("all") or rule.get("any") or ([rule["not"]] if "not" in rule else [])
    return 1 + max((depth(each) for each in below), default=0)


@pytest.mark.django_db
def test_the_statement_agrees_with_the_slow_reading(known: Catalogue):
    dice = random.Random(20260310)
    people = [population.draw_person(dice, place) for place in range(40)]
    population.settle(people)
    lists = {str(pk): name for pk, name in ContactList.objects.values_list("pk", "name")}

    @settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(rules(known))
    def agrees(data: dict[str, Any]) -> None:
        tree = parse(data, known)
        assert parse(to_json(tree), known) == tree
        assert explain(tree, known)
        compiled = compile_rule(tree, now=population.NOW, catalogue=known)
        assert compiled == compile_rule(data, now=population.NOW, catalogue=known)
        chosen = [row["id"] for row in sql.fetch_all(compiled.text, compiled.params)]
        assert sorted(chosen) == sorted(person.id for person in people if slow.fits(tree, person, lists))

    agrees()
