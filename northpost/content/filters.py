"""Liquid's filters as templates may use them: the standard ones behind a guard, plus money and date.

The guard exists because templates are written by users: one filter must not be able to fill the memory.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import lru_cache, wraps
from typing import Any

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import UnknownCurrencyError, format_currency, format_decimal
from liquid import Environment
from liquid.exceptions import FilterArgumentError
from liquid.undefined import Undefined

SIZE_LIMIT = 200_000  # characters, or items, that a filter may take or give
_DATE_STYLES = frozenset({"short", "medium", "long", "full"})
# strftime, as Liquid's users know it, in the patterns of Unicode's CLDR (UTS 35).
_STRFTIME = {
    "d": "dd", "e": "d", "m": "MM", "Y": "y", "y": "yy", "B": "MMMM", "b": "MMM", "A": "EEEE", "a": "EEE",
    "H": "HH", "I": "hh", "M": "mm", "S": "ss", "p": "a", "j": "DDD",
}  # fmt: skip
# Removed: what marks a value as harmless HTML, and what reads code or bytes out of text.
REMOVED = ("safe", "escapejs", "base64_decode", "base64_url_safe_decode")


def install(environment: Environment, locale: Locale) -> None:
    """Replace the environment's filters by guarded ones, and add ours for the locale."""
    for name in REMOVED:
        environment.filters.pop(name, None)
    environment.add_filter("money", lambda amount, currency="": money(amount, currency, locale))
    environment.add_filter("date", lambda value, style="long": date(value, style, locale))
    for name, function in list(environment.filters.items()):
        environment.filters[name] = _guarded(name, function)


def money(amount: object, currency: object, locale: Locale) -> str:
    """An amount in the locale's own way: 19.9 EUR is "19,90 €" in Bulgarian. Text that is no number stays."""
    if isinstance(amount, Undefined) or amount is None or amount == "":
        return ""
    return _money(str(amount), "" if isinstance(currency, Undefined) else str(currency or ""), locale)


@lru_cache(maxsize=8192)
def _money(amount: str, currency: str, locale: Locale) -> str:
    try:
        number = Decimal(amount)
    except InvalidOperation:
        return amount
    if not number.is_finite() or abs(number.adjusted()) > 20:
        return amount
    if not currency:
        return str(format_decimal(number, format="#,##0.00", locale=locale))
    try:
        return str(format_currency(number, currency.upper(), locale=locale))
    except (UnknownCurrencyError, ValueError):
        return f"{format_decimal(number, format='#,##0.00', locale=locale)} {currency}"


def date(value: object, style: object, locale: Locale) -> str:
    """A date in the locale's words. style: short, medium, long, full, or a strftime pattern (%d %B %Y).

    value: date, datetime or ISO 8601 text; other text is returned as it is. There is no "now": time is given.
    """
    if isinstance(value, Undefined) or value is None:
        return ""
    style = "long" if isinstance(style, Undefined) or not style else str(style)
    if isinstance(value, str):
        parsed = _parse_date(value)
        if parsed is None:
            return value
        value = parsed
    if not isinstance(value, (dt.date, dt.datetime)):
        return str(value)
    return _date(value, style, locale)


def _parse_date(text: str) -> dt.date | dt.datetime | None:
    text = text.strip()
    try:
        return dt.date.fromisoformat(text) if len(text) == 10 else dt.datetime.fromisoformat(text)
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def _date(value: dt.date, style: str, locale: Locale) -> str:
    if style in _DATE_STYLES:
        return str(format_date(value, format=style, locale=locale))
    moment = value if isinstance(value, dt.datetime) else dt.datetime.combine(value, dt.time.min)
    # A datetime without zone would be taken for UTC, which changes nothing in what is shown.
    zone = moment.tzinfo if moment.tzinfo is not None else dt.UTC
    return str(format_datetime(moment.replace(tzinfo=zone), _cldr(style), tzinfo=zone, locale=locale))


def _cldr(pattern: str) -> str:
    """A strftime pattern as a CLDR one; what CLDR would read as a letter of its own is quoted."""
    result: list[str] = []
    literal = ""

    def flush() -> None:
        nonlocal literal
        if literal:
            result.append("'" + literal.replace("'", "''") + "'")
            literal = ""

    characters = iter(pattern[:200])
    for character in characters:
        if character != "%":
            literal += character
            continue
        directive = next(characters, "%")
        unpadded = directive == "-"
        field = _STRFTIME.get(next(characters, "") if unpadded else directive)
        if field is None:
            literal += "%" if directive == "%" else ""
            continue
        flush()
        result.append(field[:1] if unpadded and len(field) == 2 else field)
    flush()
    return "".join(result)


def _guarded(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    foresee = _FORESEEN.get(name)

    @wraps(function)
    def guarded(left: Any, *args: Any, **kwargs: Any) -> Any:
        if _size(left) > SIZE_LIMIT or any(_size(argument) > SIZE_LIMIT for argument in args):
            raise FilterArgumentError(f"{name}: the value is too long", token=None)
        if foresee is not None and foresee(left, *args) > SIZE_LIMIT:
            raise FilterArgumentError(f"{name}: the result would be too long", token=None)
        try:
            result = function(left, *args, **kwargs)
        except (ValueError, OverflowError, ArithmeticError, AttributeError, LookupError) as error:
            raise FilterArgumentError(f"{name}: {error}", token=None) from error
        if _size(result) > SIZE_LIMIT:
            raise FilterArgumentError(f"{name}: the result is too long", token=None)
        return result

    return guarded


def _size(value: object) -> int:
    if isinstance(value, (str, list, tuple, range)):
        return len(value)
    if isinstance(value, int):
        return 0 if value.bit_length() < 1024 else SIZE_LIMIT + 1
    return 0


def _replaced(left: object, old: object = "", new: object = "", *_: object) -> int:
    text, what = str(left), str(old)
    return len(text) + (text.count(what) if what else len(text) + 1) * len(str(new))


def _joined(left: object, separator: object = " ", *_: object) -> int:
    if not isinstance(left, (list, tuple, range)):
        return 0
    items = 0 if isinstance(left, range) else sum(_size(item) for item in left)
    return items + len(left) * (len(str(separator)) + 8)


_FORESEEN: dict[str, Callable[..., int]] = {"replace": _replaced, "join": _joined}
