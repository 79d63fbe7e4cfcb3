"""Conditions on what a person ordered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from northpost.segments.asking import Ask
from northpost.segments.catalogue import Catalogue
from northpost.segments.kinds import phrases
from northpost.segments.kinds.counting import (
    ask_how_much,
    ask_how_often,
    predicate,
    say_how_much,
    say_how_often,
)
from northpost.segments.kinds.registry import ConditionKind
from northpost.segments.kinds.windows import ask_moment, ask_window, moment_sql, say_moment, say_window, window_sql
from northpost.segments.statement import Statement

MEASURES = (
    ("count", gettext_lazy("how often they ordered")),
    ("sum", gettext_lazy("how much they spent")),
    ("average", gettext_lazy("their average order")),
    ("first", gettext_lazy("their first order")),
    ("last", gettext_lazy("their last order")),
)
ABOUT = (
    ("anything", gettext_lazy("anything")),
    ("category", gettext_lazy("a category")),
    ("product", gettext_lazy("a product")),
)


class Ordered(ConditionKind):
    """Orders as placed, counted per person; money net of refunds, in the workspace's currency only.

    About a category or product: the orders with such a line, and what those lines came to.
    """

    key = "orders"
    label = gettext_lazy("Orders")
    group = gettext_lazy("What they did")

    def shape(self, ask: Ask) -> None:
        measure = ask.choice("measure", gettext_lazy("What"), MEASURES, reshapes=True)
        if measure == "count":
            ask_how_often(ask)
        elif measure in ("sum", "average"):
            ask_how_much(ask, ask.catalogue.currency)
        else:
            ask_moment(ask)
        about = ask.choice("about", gettext_lazy("Of"), ABOUT, reshapes=True)
        if about == "category":
            ask.text(
                "category", gettext_lazy("Category"), suggestions=[(each, each) for each in ask.catalogue.categories]
            )
        elif about == "product":
            ask.text("product", gettext_lazy("Product number"), suggestions=list(ask.catalogue.products.items()))
        if measure not in ("first", "last"):
            ask_window(ask)

    def compile(self, values: Mapping[str, Any], statement: Statement) -> str:
        measure = values["measure"]
        within = window_sql(values, "o.placed_at", statement) if "within" in values else ""
        select = _select(values, statement, within, in_one_currency=measure in ("sum", "average"))
        if measure in ("first", "last"):
            extreme = "min(placed_at)" if measure == "first" else "max(placed_at)"
            test = moment_sql(values, extreme, statement)
            return statement.among(f"{select} GROUP BY contact_id HAVING {test}")
        if measure == "average":
            # Nobody has an average who ordered nothing: they never fit.
            has_any = statement.among(f"{select} GROUP BY contact_id")
            return f"({has_any} AND {predicate(values, statement, select, 'avg(amount)')})"
        return predicate(values, statement, select, "count(*)" if measure == "count" else "sum(amount)")

    def explain(self, values: Mapping[str, Any], catalogue: Catalogue) -> str:
        measure = values["measure"]
        what = _say_about(values, catalogue)
        if measure == "count":
            if values["compare"] == "never":
                return phrases.sentence(_("have not ordered"), what, say_window(values))
            return phrases.sentence(_("ordered"), what, say_how_often(values), say_window(values))
        if measure == "first":
            return phrases.sentence(_("placed their first order"), _say_of(values, catalogue), say_moment(values))
        if measure == "last":
            return phrases.sentence(_("placed their last order"), _say_of(values, catalogue), say_moment(values))
        amount = say_how_much(values, catalogue.currency)
        if measure == "sum":
            return phrases.sentence(_("spent"), amount, _say_on(values, catalogue), say_window(values))
        said = phrases.sentence(
            _("whose average order"), _say_of(values, catalogue), say_window(values), _("comes to"), amount
        )
        return phrases.Whose(said)


def _select(values: Mapping[str, Any], statement: Statement, within: str, *, in_one_currency: bool) -> str:
    """A query for contact_id, placed_at and amount, one row an order."""
    orders = f"o.workspace_id = {statement.workspace} AND o.contact_id IS NOT NULL{within}"
    if in_one_currency:
        orders += f" AND o.currency = {statement.param(statement.catalogue.currency)}::text"
    if values["about"] == "anything":
        inner = f"SELECT o.contact_id, o.placed_at, o.total - o.refunded AS amount FROM sales_order AS o WHERE {orders}"
    else:
        column = "category" if values["about"] == "category" else "sku"
        wanted = statement.param(values[values["about"]])
        inner = (
            "SELECT o.contact_id, o.placed_at, sum(l.total) AS amount"
            " FROM sales_product AS p JOIN sales_line AS l ON l.product_id = p.id JOIN sales_order AS o"
            f" ON o.id = l.order_id WHERE p.workspace_id = {statement.workspace} AND p.{column} = {wanted}::text"
            f" AND l.workspace_id = {statement.workspace} AND {orders} GROUP BY o.id, o.contact_id, o.placed_at"
        )
    return f"SELECT contact_id FROM ({inner}) AS placed"


def _product(values: Mapping[str, Any], catalogue: Catalogue) -> str:
    return phrases.quoted(catalogue.products.get(values["product"], values["product"]))


def _say_about(values: Mapping[str, Any], catalogue: Catalogue) -> str:
    if values["about"] == "category":
        return _("something from the category %(name)s") % {"name": phrases.quoted(values["category"])}
    if values["about"] == "product":
        return _("the product %(name)s") % {"name": _product(values, catalogue)}
    return ""


def _say_of(values: Mapping[str, Any], catalogue: Catalogue) -> str:
    if values["about"] == "category":
        return _("of the category %(name)s") % {"name": phrases.quoted(values["category"])}
    if values["about"] == "product":
        return _("of the product %(name)s") % {"name": _product(values, catalogue)}
    return ""


def _say_on(values: Mapping[str, Any], catalogue: Catalogue) -> str:
    if values["about"] == "category":
        return _("on the category %(name)s") % {"name": phrases.quoted(values["category"])}
    if values["about"] == "product":
        return _("on the product %(name)s") % {"name": _product(values, catalogue)}
    return ""
