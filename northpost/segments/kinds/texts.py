"""Tests on a text, without regard to upper and lower case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from northpost.segments.asking import Ask, Options
from northpost.segments.kinds import phrases
from northpost.segments.statement import Statement

TESTS = (
    ("is", gettext_lazy("is")),
    ("is_not", gettext_lazy("is not")),
    ("contains", gettext_lazy("contains")),
    ("starts", gettext_lazy("starts with")),
    ("empty", gettext_lazy("is empty")),
    ("filled", gettext_lazy("is not empty")),
)


def ask_text(ask: Ask, suggestions: Options = ()) -> None:
    """``test`` and ``text``."""
    if ask.choice("test", gettext_lazy("Test"), TESTS, reshapes=True) not in ("empty", "filled"):
        ask.text("text", gettext_lazy("Text"), suggestions=suggestions)


def text_sql(values: Mapping[str, Any], expression: str, statement: Statement) -> str:
    """Never null: an absent text is an empty one. No LIKE, so that % and _ are only themselves."""
    whole = f"lower(coalesce({expression}, ''))"
    test = values["test"]
    if test == "empty":
        return f"{whole} = ''"
    if test == "filled":
        return f"{whole} <> ''"
    text = f"lower({statement.param(values['text'])}::text)"
    return {
        "is": f"{whole} = {text}",
        "is_not": f"{whole} <> {text}",
        "contains": f"position({text} in {whole}) > 0",
        "starts": f"starts_with({whole}, {text})",
    }[test]


def say_text(values: Mapping[str, Any], what: object) -> str:
    """ "whose first name contains “ann”"."""
    test = values["test"]
    named = {"what": what, "text": phrases.quoted(values.get("text", ""))}
    said = {
        "is": _("whose %(what)s is %(text)s"),
        "is_not": _("whose %(what)s is not %(text)s"),
        "contains": _("whose %(what)s contains %(text)s"),
        "starts": _("whose %(what)s starts with %(text)s"),
        "empty": _("whose %(what)s is empty"),
        "filled": _("whose %(what)s is not empty"),
    }[test]
    return phrases.Whose(said % named)
