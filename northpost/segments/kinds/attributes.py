"""Conditions on a person's own data: standard attributes and the fields that the firm defined itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from northpost.contacts.models import ContactRole, FieldKind
from northpost.segments.asking import Ask
from northpost.segments.catalogue import Catalogue
from northpost.segments.kinds import phrases
from northpost.segments.kinds.registry import ConditionKind
from northpost.segments.kinds.texts import ask_text, say_text, text_sql
from northpost.segments.kinds.windows import (
    DAYS_OF_ONES_OWN,
    anniversaries,
    ask_moment,
    day_bounds,
    moment_sql,
    say_moment,
)
from northpost.segments.statement import Statement

PERSON = gettext_lazy("The person")
# Our own expressions, by key; what a rule says never becomes one.
TEXT_COLUMNS = {
    "email_domain": "split_part(c.email_key, '@', 2)",
    "email": "c.email_key",
    "first_name": "c.first_name",
    "last_name": "c.last_name",
    "language": "c.language",
    "time_zone": "c.time_zone",
    "external_id": "c.external_id",
}
STANDARD = (
    ("email_domain", gettext_lazy("e-mail provider (after the @)")),
    ("email", gettext_lazy("e-mail address")),
    ("first_name", gettext_lazy("first name")),
    ("last_name", gettext_lazy("last name")),
    ("language", gettext_lazy("language")),
    ("time_zone", gettext_lazy("time zone")),
    ("external_id", gettext_lazy("customer number")),
    ("role", gettext_lazy("role")),
    ("created", gettext_lazy("date added")),
)
LANGUAGES = (("en", gettext_lazy("English")), ("bg", gettext_lazy("Bulgarian")), ("ru", gettext_lazy("Russian")))


class Attribute(ConditionKind):
    """``attribute``, then a test on a text; ``roles`` for the role; a test on a moment for the day added."""

    key = "attribute"
    label = gettext_lazy("Name, address, language")
    group = PERSON

    def shape(self, ask: Ask) -> None:
        attribute = ask.choice("attribute", gettext_lazy("What"), STANDARD, reshapes=True)
        if attribute == "role":
            ask.several("roles", gettext_lazy("Role"), ContactRole.choices)
        elif attribute == "created":
            ask_moment(ask)
        else:
            ask_text(ask, LANGUAGES if attribute == "language" else ())

    def compile(self, values: Mapping[str, Any], statement: Statement) -> str:
        attribute = values["attribute"]
        if attribute == "role":
            return f"c.role = ANY({statement.param(list(values['roles']))}::text[])"
        if attribute == "created":
            return f"({moment_sql(values, 'c.created_at', statement)})"
        return text_sql(values, TEXT_COLUMNS[attribute], statement)

    def explain(self, values: Mapping[str, Any], catalogue: Catalogue) -> str:
        attribute = values["attribute"]
        if attribute == "role":
            labels = dict(ContactRole.choices)
            roles = phrases.either(phrases.quoted(labels[each]) for each in values["roles"])
            return phrases.Whose(_("whose role is %(roles)s") % {"roles": roles})
        if attribute == "created":
            return phrases.sentence(_("were added"), say_moment(values))
        known = dict(LANGUAGES)
        shown = dict(values)
        if attribute == "language" and values.get("text") in known:
            shown["text"] = known[values["text"]]
        return say_text(shown, dict(STANDARD)[attribute])


NUMBER_TESTS = (
    ("at_least", gettext_lazy("at least")),
    ("at_most", gettext_lazy("at most")),
    ("exactly", gettext_lazy("exactly")),
    ("between", gettext_lazy("between")),
    ("empty", gettext_lazy("is empty")),
    ("filled", gettext_lazy("is not empty")),
)
YES_NO = (("yes", gettext_lazy("yes")), ("no", gettext_lazy("no")), ("empty", gettext_lazy("not said")))


class CustomField(ConditionKind):
    """``field`` (its key), then a test that suits the field's kind. Values are in ``contact.attributes``."""

    key = "field"
    label = gettext_lazy("A field of your own")
    group = PERSON

    def shape(self, ask: Ask) -> None:
        options = [(each.key, each.label) for each in ask.catalogue.fields.values()]
        key = ask.choice("field", gettext_lazy("Field"), options, reshapes=True)
        info = ask.catalogue.fields.get(key)
        kind = info.kind if info else FieldKind.TEXT
        if kind == FieldKind.NUMBER:
            _ask_number(ask)
        elif kind == FieldKind.BOOLEAN:
            ask.choice("answer", gettext_lazy("Answer"), YES_NO)
        elif kind == FieldKind.DATE:
            ask_moment(ask, DAYS_OF_ONES_OWN)
        elif kind == FieldKind.CHOICE:
            ask.several("any_of", gettext_lazy("Any of"), [(each, each) for each in info.choices] if info else ())
        else:
            ask_text(ask)

    def compile(self, values: Mapping[str, Any], statement: Statement) -> str:
        # The key was found among the fields (choice above), and still goes in as a parameter.
        key = f"{statement.param(values['field'])}::text"
        text = f"(c.attributes ->> {key})"
        if "answer" in values:
            return _yes_no_sql(values["answer"], key)
        if "any_of" in values:
            return f"coalesce({text} = ANY({statement.param(list(values['any_of']))}::text[]), false)"
        kind = statement.catalogue.fields[values["field"]].kind
        if kind == FieldKind.NUMBER:
            return _number_sql(values, key, statement)
        if kind == FieldKind.DATE:
            return _day_sql(values, text, statement)
        return text_sql(values, text, statement)

    def explain(self, values: Mapping[str, Any], catalogue: Catalogue) -> str:
        info = catalogue.fields[values["field"]]
        if "answer" in values:
            named = {"field": phrases.quoted(info.label), "answer": dict(YES_NO)[values["answer"]]}
            return phrases.Whose(_("whose %(field)s is: %(answer)s") % named)
        if "any_of" in values:
            named = {"what": phrases.quoted(info.label), "text": phrases.either(map(phrases.quoted, values["any_of"]))}
            return phrases.Whose(_("whose %(what)s is %(text)s") % named)
        what = phrases.quoted(info.label)
        if info.kind == FieldKind.NUMBER and values["test"] not in ("empty", "filled"):
            return _say_number(values, what)
        if info.kind == FieldKind.DATE and values["test"] not in ("empty", "filled"):
            return _say_day(values, what)
        return say_text(values, what)


def _ask_number(ask: Ask) -> None:
    test = ask.choice("test", gettext_lazy("Test"), NUMBER_TESTS, reshapes=True)
    if test in ("empty", "filled"):
        return
    low = ask.number("number", gettext_lazy("Number"))
    if test == "between" and ask.number("number_to", gettext_lazy("to")) < low:
        ask.object_to("number_to", _("This should not be less than the first number."))


def _yes_no_sql(answer: str, key: str) -> str:
    if answer == "empty":
        return f"coalesce(jsonb_typeof(c.attributes -> {key}), 'null') = 'null'"
    literal = "true" if answer == "yes" else "false"
    return f"coalesce(c.attributes -> {key} = '{literal}'::jsonb, false)"


def _number_sql(values: Mapping[str, Any], key: str, statement: Statement) -> str:
    value = f"c.attributes -> {key}"
    test = values["test"]
    if test in ("empty", "filled"):
        return f"coalesce(jsonb_typeof({value}), 'null') {'=' if test == 'empty' else '<>'} 'null'"
    first = f"{statement.param(values['number'])}::numeric"
    number = f"({value})::numeric"
    compared = {
        "at_least": f"{number} >= {first}",
        "at_most": f"{number} <= {first}",
        "exactly": f"{number} = {first}",
    }.get(test)
    if compared is None:
        compared = f"{number} BETWEEN {first} AND {statement.param(values['number_to'])}::numeric"
    # CASE: the cast must not meet what isn't a number.
    return f"CASE WHEN jsonb_typeof({value}) = 'number' THEN {compared} ELSE false END"


def _day_sql(values: Mapping[str, Any], text: str, statement: Statement) -> str:
    """Days are ISO texts, which stand in the order of time."""
    test = values["test"]
    if test in ("empty", "filled"):
        return text_sql(values, text, statement)
    today = statement.now.astimezone(statement.catalogue.zone).date()
    if test == "anniversary":
        days = statement.param(anniversaries(today, values["days"]))
        return f"coalesce(substr({text}, 6, 5) = ANY({days}::text[]), false)"
    first, last = day_bounds(values, today)
    tests = [f"{text} ~ '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}'"]
    if first is not None:
        tests.append(f'left({text}, 10) COLLATE "C" >= {statement.param(first.isoformat())}::text')
    if last is not None:
        tests.append(f'left({text}, 10) COLLATE "C" <= {statement.param(last.isoformat())}::text')
    return f"coalesce({' AND '.join(tests)}, false)"


def _say_number(values: Mapping[str, Any], what: str) -> str:
    low = phrases.figure(values["number"])
    named = {"what": what, "low": low, "high": phrases.figure(values.get("number_to", values["number"]))}
    said = {
        "at_least": _("whose %(what)s is at least %(low)s"),
        "at_most": _("whose %(what)s is at most %(low)s"),
        "exactly": _("whose %(what)s is exactly %(low)s"),
        "between": _("whose %(what)s is between %(low)s and %(high)s"),
    }[values["test"]]
    return phrases.Whose(said % named)


def _say_day(values: Mapping[str, Any], what: str) -> str:
    if values["test"] == "anniversary":
        named = {"what": what, "when": phrases.in_next(values["days"])}
        return phrases.Whose(_("whose %(what)s has its anniversary %(when)s") % named)
    return phrases.Whose(_("whose %(what)s lies %(when)s") % {"what": what, "when": say_moment(values)})
