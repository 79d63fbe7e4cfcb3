"""How often, how much: comparing a figure per person, people without any counting as 0."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from northpost.segments.asking import Ask
from northpost.segments.kinds import phrases
from northpost.segments.statement import Statement

MOST = 100_000
COMPARISONS = (
    ("at_least", gettext_lazy("at least")),
    ("at_most", gettext_lazy("at most")),
    ("exactly", gettext_lazy("exactly")),
    ("between", gettext_lazy("between")),
)
HOW_OFTEN = (*COMPARISONS, ("never", gettext_lazy("not once")))


def ask_how_often(ask: Ask) -> None:
    """``compare``, ``count`` and ``count_to``: whole numbers."""
    compare = ask.choice("compare", gettext_lazy("How often"), HOW_OFTEN, reshapes=True)
    if compare == "never":
        return
    low = ask.whole("count", gettext_lazy("Times"), low=0 if compare in ("exactly", "between") else 1, high=MOST)
    if compare == "between" and ask.whole("count_to", gettext_lazy("to"), low=0, high=MOST) < low:
        ask.object_to("count_to", _("This should not be less than the first number."))


def ask_how_much(ask: Ask, suffix: str = "") -> None:
    """``compare``, ``amount`` and ``amount_to``: numbers with decimals, not below 0."""
    compare = ask.choice("compare", gettext_lazy("How much"), COMPARISONS, reshapes=True)
    low = ask.number("amount", gettext_lazy("Amount"), low=0, suffix=suffix)
    if compare == "between" and ask.number("amount_to", gettext_lazy("to"), low=0, suffix=suffix) < low:
        ask.object_to("amount_to", _("This should not be less than the first number."))


def holds(values: Mapping[str, Any], figure: Decimal | int) -> bool:
    """The comparison itself, in Python: what the SQL says, for one figure."""
    low, high = _bounds(values)
    return (low is None or figure >= low) and (high is None or figure <= high)


def predicate(values: Mapping[str, Any], statement: Statement, select: str, figure: str) -> str:
    """Compare ``figure``, an aggregate of ``select`` (a query for contact_id up to its WHERE), grouping by person.

    Where a person with nothing (0) fits, the people who don't fit are gathered, and the rest taken.
    """
    low, high = _bounds(values)
    counted = figure.startswith("count(")
    if counted and (low, high) in ((1, None), (None, 0)):
        # Whether at all needs no counting.
        found = f"{select} GROUP BY contact_id"
        return statement.among(found) if low else statement.not_among(found)
    cast = "bigint" if counted else "numeric"
    tests = []
    if low is not None:
        tests.append(f"{figure} >= {statement.param(low)}::{cast}")
    if high is not None:
        tests.append(f"{figure} <= {statement.param(high)}::{cast}")
    test = " AND ".join(tests)
    if holds(values, 0):
        return statement.not_among(f"{select} GROUP BY contact_id HAVING NOT ({test})")
    return statement.among(f"{select} GROUP BY contact_id HAVING {test}")


def _bounds(values: Mapping[str, Any]) -> tuple[Decimal | None, Decimal | None]:
    compare = values["compare"]
    if compare == "never":
        return None, Decimal(0)
    first = Decimal(values["count"] if "count" in values else values["amount"])
    if compare == "at_least":
        return first, None
    if compare == "at_most":
        return None, first
    if compare == "exactly":
        return first, first
    return first, Decimal(values["count_to"] if "count_to" in values else values["amount_to"])


def say_how_often(values: Mapping[str, Any]) -> str:
    """ "at least twice"; blank for never, of which the verb speaks."""
    compare = values["compare"]
    if compare == "never":
        return ""
    count = int(values["count"])
    if compare == "at_least":
        return _("at least %(times)s") % {"times": phrases.times(count)}
    if compare == "at_most":
        return _("at most %(times)s") % {"times": phrases.times(count)}
    if compare == "exactly":
        return _("exactly %(times)s") % {"times": phrases.times(count)}
    upper = int(values["count_to"])
    return _("from %(low)s to %(high)s times") % {"low": phrases.figure(count), "high": phrases.figure(upper)}


def say_how_much(values: Mapping[str, Any], currency: str) -> str:
    amount = phrases.money(values["amount"], currency)
    compare = values["compare"]
    if compare == "at_least":
        return _("at least %(amount)s") % {"amount": amount}
    if compare == "at_most":
        return _("at most %(amount)s") % {"amount": amount}
    if compare == "exactly":
        return _("exactly %(amount)s") % {"amount": amount}
    return _("between %(low)s and %(high)s") % {"low": amount, "high": phrases.money(values["amount_to"], currency)}
