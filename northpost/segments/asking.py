"""How a kind of condition says what it is made of: once, for the check of JSON and for the builder's form alike.

A kind's ``shape`` asks for its values one after the other. Each question checks what was given, keeps it typed,
and leaves an :class:`Input` from which a page draws the field. A bad or missing value leaves a
:class:`Problem`, and a sensible one is taken in its place so that the remaining questions still make sense.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from northpost.segments.catalogue import Catalogue

Text = str | Promise
Options = Sequence[tuple[str, Text]]

LONGEST_TEXT = 200
MOST_CHOSEN = 100
NUMBER = re.compile(r"-?\d{1,12}([.,]\d{1,4})?")


@dataclass(frozen=True)
class Problem:
    """What is wrong at ``path``'s ``field`` (blank: the node itself), in plain words with what would be right."""

    path: str
    field: str
    message: str


@dataclass(frozen=True)
class Input:
    """A field of the builder's form. ``widget``: choice, several, number, text or day; ``value`` as a form shows it."""

    name: str
    label: Text
    widget: str
    value: Any
    options: Options = ()
    error: str = ""
    suffix: Text = ""
    reshapes: bool = False


@dataclass
class Ask:
    """The questions put to ``given``; afterwards ``values``, ``inputs`` and ``problems``."""

    given: Mapping[str, Any]
    path: str
    catalogue: Catalogue
    values: dict[str, Any] = field(default_factory=dict)
    inputs: list[Input] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def choice(self, name: str, label: Text, options: Options, *, reshapes: bool = False) -> str:
        """One of ``options`` (value, label); ``reshapes`` where further questions depend on it."""
        allowed = [value for value, _label in options]
        given = self.given.get(name)
        error = ""
        if not allowed:
            error = _("There is nothing to choose from yet.")
        elif not isinstance(given, str) or given not in allowed:
            error = _("Choose one of: %(options)s.") % {"options": _listed(options)}
        value = str(given) if not error else (allowed[0] if allowed else "")
        self._keep(Input(name, label, "choice", value, options, error, reshapes=reshapes), value)
        return value

    def several(self, name: str, label: Text, options: Options) -> tuple[str, ...]:
        """Any of ``options``, at least one; kept in the order of the options."""
        allowed = [value for value, _label in options]
        given = self.given.get(name)
        error = ""
        chosen: tuple[str, ...] = ()
        if not allowed:
            error = _("There is nothing to choose from yet.")
        elif not isinstance(given, list | tuple) or not given or len(given) > MOST_CHOSEN:
            error = _("Choose at least one.")
        elif any(value not in allowed for value in given):
            error = _("Choose one of: %(options)s.") % {"options": _listed(options)}
        if isinstance(given, list | tuple):
            chosen = tuple(value for value in allowed if value in given)
        self._keep(Input(name, label, "several", chosen, options, error), chosen)
        return chosen

    def text(self, name: str, label: Text, *, suggestions: Options = (), pattern: str = "", hint: str = "") -> str:
        """A text that is not empty; ``suggestions`` are offered, not demanded."""
        given = self.given.get(name)
        value = given.strip() if isinstance(given, str) else ""
        error = ""
        if not value:
            error = _("Write something here.")
        elif len(value) > LONGEST_TEXT:
            error = _("That is too long; at most %(most)s characters.") % {"most": LONGEST_TEXT}
        elif not _storable(value):
            error = _("This holds a character that can't be stored.")
        elif pattern and not re.fullmatch(pattern, value):
            error = hint
        self._keep(Input(name, label, "text", value, suggestions, error), value)
        return value

    def number(self, name: str, label: Text, *, low: int = -(10**12), high: int = 10**12, suffix: Text = "") -> Decimal:
        """A number with at most 4 decimals, between ``low`` and ``high``."""
        given = self.given.get(name)
        written = _number_text(given)
        error = ""
        value = Decimal(max(low, 0))
        if written is None:
            error = _("Write a number.")
        else:
            value = Decimal(written.replace(",", "."))
            if not low <= value <= high:
                error = _("Write a number from %(low)s to %(high)s.") % {"low": low, "high": high}
        self._keep(Input(name, label, "number", _shown(given, value, error), (), error, suffix), value)
        return value

    def whole(self, name: str, label: Text, *, low: int, high: int, suffix: Text = "") -> int:
        """A whole number between ``low`` and ``high``."""
        given = self.given.get(name)
        written = _number_text(given)
        error = ""
        value = low
        if written is None or not re.fullmatch(r"-?\d+", written) or not low <= int(written) <= high:
            error = _("Write a whole number from %(low)s to %(high)s.") % {"low": low, "high": high}
        else:
            value = int(written)
        self._keep(Input(name, label, "number", _shown(given, value, error), (), error, suffix), value)
        return value

    def day(self, name: str, label: Text) -> date:
        """A calendar day, as YYYY-MM-DD."""
        given = self.given.get(name)
        error = ""
        value = date(2000, 1, 1)
        try:
            if not isinstance(given, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", given):
                raise ValueError(given)
            value = date.fromisoformat(given)
        except ValueError:
            error = _("Write a date as year-month-day, such as 2026-03-31.")
        else:
            if not 1900 <= value.year <= 2199:
                error = _("Write a date between 1900 and 2199.")
        shown = given if isinstance(given, str) else ""
        self._keep(Input(name, label, "day", shown, (), error), value)
        return value

    def object_to(self, name: str, message: str) -> None:
        """A problem that shows only once several values are known."""
        self.problems.append(Problem(self.path, name, message))
        self.inputs = [_with_error(one, message) if one.name == name else one for one in self.inputs]

    def refuse_strangers(self) -> None:
        """Keys that nothing asked for are a mistake, not to be passed over."""
        for name in self.given:
            if name not in self.values:
                message = _("“%(name)s” doesn't belong here.") % {"name": str(name)[:60]}
                self.problems.append(Problem(self.path, str(name)[:60], message))

    def _keep(self, asked: Input, value: Any) -> None:
        self.inputs.append(asked)
        self.values[asked.name] = value
        if asked.error:
            self.problems.append(Problem(self.path, asked.name, asked.error))


def _with_error(asked: Input, message: str) -> Input:
    return Input(
        asked.name, asked.label, asked.widget, asked.value, asked.options, message, asked.suffix, asked.reshapes
    )


def _storable(text: str) -> bool:
    if "\x00" in text:
        return False
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _number_text(given: object) -> str | None:
    if isinstance(given, bool) or not isinstance(given, int | float | str | Decimal):
        return None
    written = str(given).strip()
    return written if NUMBER.fullmatch(written) and written.isascii() else None


def _shown(given: object, value: object, error: str) -> str:
    """What the field shows again: as written where it is wrong, else the number plainly."""
    if error:
        return str(given)[:40] if isinstance(given, str | int | float) else ""
    return format(value.normalize(), "f") if isinstance(value, Decimal) else str(value)


def _listed(options: Options) -> str:
    shown = [str(label) for _value, label in options[:8]]
    return ", ".join(shown) + ("…" if len(options) > 8 else "")
