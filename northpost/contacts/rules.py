"""What is known of a person, and how it is read: names, languages, typed custom values. Pure."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from zoneinfo import available_timezones

from django.utils.translation import gettext as _

from northpost.contacts.errors import ContactProblem
from northpost.contacts.models import ContactRole, FieldKind
from northpost.core.tabular.values import ValueProblem, decide_decimals, parse_date, parse_decimal, parse_yes_no

JsonValue = str | int | float | bool | None
"""How a custom value is stored: text and choices as they are, numbers as numbers, dates as YYYY-MM-DD."""

MAX_TEXT = 1000
MAX_CHOICES = 200
MAX_CHOICE = 120
_LENGTHS = {"first_name": 120, "last_name": 120, "phone": 40, "external_id": 120}

# Names that the context of a mail has already: a custom field can't take them.
RESERVED_KEYS = frozenset(
    (
        "id", "email", "external_id", "first_name", "last_name", "full_name", "name", "phone", "language", "time_zone",
        "role", "created_at", "updated_at", "attributes", "tags", "lists",
    )
)  # fmt: skip

_TRANSLITERATION = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "e", "ж": "zh", "з": "z", "и": "i", "й": "y",
    "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f",
    "х": "h", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "sht", "ъ": "a", "ы": "y", "ь": "", "э": "e", "ю": "yu", "я": "ya",
}  # fmt: skip
_NOT_KEY = re.compile(r"[^a-z0-9]+")


def key_from(label: str, *, longest: int = 50) -> str:
    """A name that mails and files can use (``favourite_brand``), made from a label in Latin or Cyrillic letters."""
    latin = "".join(_TRANSLITERATION.get(letter, letter) for letter in label.lower())
    plain = unicodedata.normalize("NFKD", latin).encode("ascii", "ignore").decode()
    key = _NOT_KEY.sub("_", plain).strip("_")[:longest].strip("_")
    if not key or key[0].isdigit():
        key = f"field_{key}".strip("_")
    return f"{key}_field" if key in RESERVED_KEYS else key


def free_key(label: str, taken: Sequence[str]) -> str:
    """The key of a label, numbered if others have it already."""
    base = key_from(label)
    if base not in taken:
        return base
    return next(f"{base}_{number}" for number in range(2, len(taken) + 3) if f"{base}_{number}" not in taken)


def read_text(field: str, text: str) -> str:
    """One line of text for a column: trimmed, without invisible characters. Raises ContactProblem if too long."""
    clean = "".join(letter for letter in text if unicodedata.category(letter) != "Cc" or letter in "\t").strip()
    longest = _LENGTHS.get(field, MAX_TEXT)
    if len(clean) > longest:
        raise ContactProblem(field, _("This is longer than %(longest)d characters.") % {"longest": longest})
    return clean


def read_language(text: str) -> str:
    """A language code as in ``bg`` or ``pt-br`` (BCP 47), or nothing."""
    code = text.strip().lower().replace("_", "-")
    if code and not re.fullmatch(r"[a-z]{2,3}(-[a-z0-9]{2,4})?", code):
        raise ContactProblem("language", _("Write the language as a code of two letters, for example bg."))
    return code


def read_time_zone(text: str) -> str:
    """An IANA time zone, or nothing."""
    name = text.strip()
    if name and name not in available_timezones():
        raise ContactProblem("time_zone", _("There is no time zone of this name; for example Europe/Sofia."))
    return name


def read_role(text: str) -> str:
    """One of the roles, customer if nothing is said."""
    role = text.strip().lower() or ContactRole.CUSTOMER.value
    if role not in ContactRole.values:
        raise ContactProblem("role", _("Choose one of: %(roles)s.") % {"roles": _join(ContactRole.values)})
    return role


def read_value(key: str, kind: str, choices: Sequence[str], value: object) -> JsonValue:
    """A custom field's value from what a person typed or a program sent; None for nothing.

    Raises :class:`ContactProblem` on ``key`` for what does not fit the kind.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    try:
        return _READERS[kind](key, choices, value)
    except ValueProblem as problem:
        raise ContactProblem(key, problem.message) from problem


def _read_text_value(key: str, choices: Sequence[str], value: object) -> JsonValue:
    return read_text(key, str(value))


def _read_number(key: str, choices: Sequence[str], value: object) -> JsonValue:
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not math.isfinite(value):
            raise ContactProblem(key, _("This is not a number."))
        return value
    text = str(value)
    number = parse_decimal(text, decide_decimals([text]))
    return plain_number(number)


def plain_number(number: Decimal) -> int | float:
    """A decimal as JSON holds it: whole numbers stay whole."""
    return int(number) if number == number.to_integral_value() else float(number)


def _read_boolean(key: str, choices: Sequence[str], value: object) -> JsonValue:
    return value if isinstance(value, bool) else parse_yes_no(str(value))


def _read_date(key: str, choices: Sequence[str], value: object) -> JsonValue:
    return value.isoformat()[:10] if isinstance(value, date) else parse_date(str(value)).isoformat()


def _read_choice(key: str, choices: Sequence[str], value: object) -> JsonValue:
    text = str(value).strip()
    for choice in choices:
        if choice.casefold() == text.casefold():
            return choice
    raise ContactProblem(
        key, _("“%(text)s” is none of: %(choices)s.") % {"text": text[:60], "choices": _join(choices[:12])}
    )


_READERS = {
    FieldKind.TEXT.value: _read_text_value,
    FieldKind.NUMBER.value: _read_number,
    FieldKind.BOOLEAN.value: _read_boolean,
    FieldKind.DATE.value: _read_date,
    FieldKind.CHOICE.value: _read_choice,
}


def read_choices(lines: Sequence[str]) -> list[str]:
    """The choices of a field: trimmed, each once, in their order. Raises ContactProblem for none or too many."""
    seen: dict[str, str] = {}
    for line in lines:
        choice = line.strip()
        if choice:
            seen.setdefault(choice.casefold(), choice)
    if not seen:
        raise ContactProblem("choices", _("Write at least one choice, one to a line."))
    if len(seen) > MAX_CHOICES or any(len(choice) > MAX_CHOICE for choice in seen.values()):
        raise ContactProblem(
            "choices",
            _("At most %(many)d choices, of up to %(longest)d characters each.")
            % {"many": MAX_CHOICES, "longest": MAX_CHOICE},
        )
    return list(seen.values())


def _join(words: Sequence[str]) -> str:
    return ", ".join(str(word) for word in words)
