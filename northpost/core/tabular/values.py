"""Readers of single cells: dates, decimals, yes and no. Pure; what can't be read raises ValueProblem.

Two questions can't be answered by one cell and are answered once per column, from its sample: whether
03/04/2026
is March or April (`decide_dates`), and whether 1,234 is a thousand or one and a bit (`decide_decimals`).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class ValueReason(StrEnum):
    DATE = "date"
    NO_SUCH_DAY = "no_such_day"
    NUMBER = "number"
    NUMBER_TOO_LARGE = "number_too_large"
    YES_NO = "yes_no"


MESSAGES: dict[ValueReason, Promise] = {
    ValueReason.DATE: _("“{text}” is not a date"),
    ValueReason.NO_SUCH_DAY: _("“{text}” is a day that does not exist"),
    ValueReason.NUMBER: _("“{text}” is not a number"),
    ValueReason.NUMBER_TOO_LARGE: _("“{text}” is too large a number"),
    ValueReason.YES_NO: _("“{text}” is neither yes nor no"),
}


class ValueProblem(ValueError):
    """The cell does not hold what its column is for. Permanent."""

    def __init__(self, reason: ValueReason, text: str) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.text = text if len(text) <= 60 else text[:57] + "..."

    @property
    def message(self) -> str:
        """The reason in the language that is active now."""
        return str(MESSAGES[self.reason]).format(text=self.text)

    def __str__(self) -> str:
        return self.message


class DateOrder(StrEnum):
    """How days written with the year last are meant: day first (25.12.2026) or month first (12/25/2026)."""

    DAY_FIRST = "day_first"
    MONTH_FIRST = "month_first"


_CLOCK = (
    r"(?:(?:[T ]|,\s?)\s*(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<part>\d{1,9}))?)?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*(?P<zone>Z|UTC|[+-]\d{2}:?\d{2}|[+-]\d{2})?)?"
)
_YEAR_FIRST = re.compile(rf"(?P<y>\d{{4}})([-./])(?P<m>\d{{1,2}})\2(?P<d>\d{{1,2}}){_CLOCK}", re.ASCII)
_COMPACT = re.compile(r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})", re.ASCII)
_YEAR_LAST = re.compile(
    rf"(?P<one>\d{{1,2}})([-./])(?P<two>\d{{1,2}})\2(?P<y>\d{{4}}|\d{{2}})\s?(?:г\.?)?{_CLOCK}", re.ASCII
)
_LONGEST = 64


def decide_dates(samples: Iterable[str]) -> DateOrder:
    """Day or month first, told from the column: numbers above 12 decide; without any, the day is first."""
    first_large = second_large = 0
    for text in samples:
        found = _YEAR_LAST.fullmatch(text.strip()[:_LONGEST])
        if found is None:
            continue
        first_large += int(found["one"]) > 12
        second_large += int(found["two"]) > 12
    return DateOrder.MONTH_FIRST if second_large > first_large else DateOrder.DAY_FIRST


def parse_moment(text: str, order: DateOrder = DateOrder.DAY_FIRST, zone: dt.tzinfo = dt.UTC) -> dt.datetime:
    """A date with or without a time, as an aware time in UTC; without its own zone it is meant in `zone`."""
    day, clock, own_zone = _read_moment(text, order)
    try:
        return dt.datetime.combine(day, clock, tzinfo=own_zone or zone).astimezone(dt.UTC)
    except (OverflowError, ValueError):
        raise ValueProblem(ValueReason.NO_SUCH_DAY, text.strip()) from None


def parse_date(text: str, order: DateOrder = DateOrder.DAY_FIRST) -> dt.date:
    """The day of a date with or without a time, as written."""
    return _read_moment(text, order)[0]


def looks_like_date(text: str) -> bool:
    """Whether the cell is a date in any of the known ways."""
    for order in DateOrder:
        try:
            day = parse_date(text, order)
        except ValueProblem:
            continue
        return 1900 <= day.year <= 2100
    return False


def _read_moment(text: str, order: DateOrder) -> tuple[dt.date, dt.time, dt.tzinfo | None]:
    text = text.strip()
    if len(text) > _LONGEST:
        raise ValueProblem(ValueReason.DATE, text)
    found = _YEAR_FIRST.fullmatch(text) or _COMPACT.fullmatch(text)
    if found is not None:
        year, month, day = int(found["y"]), int(found["m"]), int(found["d"])
    else:
        found = _YEAR_LAST.fullmatch(text)
        if found is None:
            raise ValueProblem(ValueReason.DATE, text)
        year, day, month = int(found["y"]), int(found["one"]), int(found["two"])
        if order is DateOrder.MONTH_FIRST:
            day, month = month, day
        if len(found["y"]) == 2:
            year += 1900 if year >= 70 else 2000
    try:
        return dt.date(year, month, day), *_read_clock(found.groupdict())
    except ValueError:
        raise ValueProblem(ValueReason.NO_SUCH_DAY, text) from None


def _read_clock(parts: dict[str, str | None]) -> tuple[dt.time, dt.tzinfo | None]:
    if parts.get("hour") is None:
        return dt.time(), None
    hour = int(parts["hour"] or 0)
    half = (parts["half"] or "").lower()
    if half:
        if not 1 <= hour <= 12:
            raise ValueError
        hour = hour % 12 + (12 if half.startswith("p") else 0)
    microsecond = int((parts["part"] or "0").ljust(6, "0")[:6])
    clock = dt.time(hour, int(parts["minute"] or 0), int(parts["second"] or 0), microsecond)
    return clock, _read_zone(parts["zone"])


def _read_zone(zone: str | None) -> dt.tzinfo | None:
    if zone is None:
        return None
    if zone in ("Z", "UTC"):
        return dt.UTC
    digits = zone[1:].replace(":", "").ljust(4, "0")
    offset = dt.timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return dt.timezone(-offset if zone[0] == "-" else offset)


class DecimalMark(StrEnum):
    POINT = "."
    COMMA = ","


_SPACES = dict.fromkeys(map(ord, " \u00a0\u202f\u2009\t'’"), None)
_MINUS = str.maketrans({"\u2212": "-", "\u2013": "-"})
_SIGN = (
    r"(?:лв|лева|руб|р|EUR|USD|GBP|BGN|RUB|UAH|PLN|RON|CZK|HUF|TRY|RSD|CHF|SEK|NOK|DKK|KZT|BYN|GEL|MDL|AUD|CAD|JPY|CNY|INR"
    r"|US\$|[€$£₽₴₺¥₹₸₾₼]|zł|Kč|Ft|lei)\.?"
)
_CURRENCY = re.compile(
    rf"^(?P<open>\(?-?)\s*{_SIGN}\s*(?=[\d.,(-])|(?<=[\d.,)])\s*{_SIGN}(?P<close>\)?)$", re.IGNORECASE
)
_DIGITS = re.compile(r"-?\d*\.?\d*", re.ASCII)
_LARGEST = 10**15


def decide_decimals(samples: Iterable[str], default: DecimalMark = DecimalMark.POINT) -> DecimalMark:
    """Point or comma, told from the column: the last of both, or a tail that is not three digits."""
    votes = {DecimalMark.POINT: 0, DecimalMark.COMMA: 0}
    for text in samples:
        bare = _bare_number(text)
        point, comma = bare.rfind("."), bare.rfind(",")
        if point >= 0 and comma >= 0:
            votes[DecimalMark.POINT if point > comma else DecimalMark.COMMA] += 2
            continue
        for mark, place in ((DecimalMark.POINT, point), (DecimalMark.COMMA, comma)):
            if place < 0:
                continue
            other = DecimalMark.COMMA if mark is DecimalMark.POINT else DecimalMark.POINT
            if bare.count(mark.value) > 1:
                votes[other] += 2
            elif len(bare) - place - 1 != 3:
                votes[mark] += 2
    if votes[DecimalMark.POINT] == votes[DecimalMark.COMMA]:
        return default
    return max(votes, key=lambda mark: votes[mark])


def parse_decimal(text: str, mark: DecimalMark = DecimalMark.POINT) -> Decimal:
    """A number with its thousands apart or not, with a currency sign or not; (12.50) is minus 12.50."""
    bare = _bare_number(text)
    thousands = "," if mark is DecimalMark.POINT else "."
    if bare.count(mark.value) > 1:
        raise ValueProblem(ValueReason.NUMBER, text.strip())
    if thousands in bare:
        bare = _without_thousands(bare, mark.value, thousands, text)
    bare = bare.replace(",", ".")
    if not _DIGITS.fullmatch(bare) or not any(character.isdigit() for character in bare):
        raise ValueProblem(ValueReason.NUMBER, text.strip())
    number = Decimal(bare)
    if abs(number) >= _LARGEST:
        raise ValueProblem(ValueReason.NUMBER_TOO_LARGE, text.strip())
    return number


def looks_like_decimal(text: str) -> bool:
    """Whether the cell is a number, however it is written."""
    for mark in DecimalMark:
        try:
            parse_decimal(text, mark)
        except ValueProblem:
            continue
        return True
    return False


def _bare_number(text: str) -> str:
    if len(text) > 2 * _LONGEST:
        return ""
    bare = text.strip().translate(_MINUS)
    if not bare.replace(".", "", 1).replace("-", "", 1).isdigit():
        bare = _CURRENCY.sub(lambda found: (found["open"] or "") + (found["close"] or ""), bare, count=1)
        bare = bare.translate(_SPACES)
    if bare.startswith("(") and bare.endswith(")"):
        bare = "-" + bare[1:-1]
    return bare.removeprefix("+")


def _without_thousands(bare: str, mark: str, thousands: str, text: str) -> str:
    whole, _mark, tail = bare.partition(mark)
    groups = whole.removeprefix("-").split(thousands)
    if thousands in tail or not groups[0] or any(len(group) != 3 for group in groups[1:]):
        # No thousands: a column of points with one comma in it. One mark alone is still plainly the
        # decimal one.
        if mark not in bare and bare.count(thousands) == 1 and len(groups[-1]) != 3:
            return bare
        raise ValueProblem(ValueReason.NUMBER, text.strip())
    return whole.replace(thousands, "") + _mark + tail


_YES = frozenset(("yes", "y", "true", "t", "1", "on", "x", "✓", "✔", "да", "д", "истина", "вярно", "+"))
_NO = frozenset(("no", "n", "false", "f", "0", "off", "не", "нет", "н", "ложь", "невярно", "-"))


def parse_yes_no(text: str) -> bool:
    """Yes or no in English, Bulgarian or Russian, or as spreadsheets write it."""
    word = text.strip().casefold()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise ValueProblem(ValueReason.YES_NO, text.strip())


def looks_like_yes_no(text: str) -> bool:
    """Whether the cell says yes or no."""
    return text.strip().casefold() in _YES | _NO


_PHONE = re.compile(r"\+?[\d() .\-/]{7,25}", re.ASCII)


def looks_like_phone(text: str) -> bool:
    """Whether the cell is a telephone number: 7 to 15 digits (E.164), and not a mere number."""
    text = text.strip()
    digits = sum(character.isdigit() for character in text)
    telling = text.startswith(("+", "0", "(")) or any(character in text for character in "() ")
    return bool(_PHONE.fullmatch(text)) and 7 <= digits <= 15 and telling and not looks_like_date(text)
