"""When: a stretch of time that things are counted in, and tests on a date of the person's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from northpost.segments.asking import Ask, Options
from northpost.segments.kinds import phrases
from northpost.segments.statement import Statement

MOST_DAYS = 36_500
WITHIN = (
    ("ever", gettext_lazy("at any time")),
    ("last_days", gettext_lazy("in the last days")),
    ("between", gettext_lazy("between dates")),
)
MOMENTS = (
    ("in_last", gettext_lazy("within the last days")),
    ("before_last", gettext_lazy("longer ago than")),
    ("before", gettext_lazy("before the date")),
    ("after", gettext_lazy("after the date")),
    ("between", gettext_lazy("between dates")),
)
DAYS_OF_ONES_OWN = (
    *MOMENTS,
    ("in_next", gettext_lazy("within the next days")),
    ("anniversary", gettext_lazy("its anniversary is within days")),
    ("empty", gettext_lazy("is empty")),
    ("filled", gettext_lazy("is not empty")),
)
SINCE = (
    ("any", gettext_lazy("no matter since when")),
    ("in_last", gettext_lazy("for no longer than")),
    ("before_last", gettext_lazy("for longer than")),
)


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a calendar day in ``zone``, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def ask_window(ask: Ask) -> None:
    """``within`` and what it needs: ``days``, or ``from`` and ``until`` (both days included)."""
    within = ask.choice("within", gettext_lazy("When"), WITHIN, reshapes=True)
    if within == "last_days":
        ask.whole("days", gettext_lazy("Days"), low=1, high=MOST_DAYS, suffix=gettext_lazy("days"))
    elif within == "between":
        _ask_two_days(ask)


def window_sql(values: Mapping[str, Any], column: str, statement: Statement) -> str:
    """`` AND column ...``, or blank for any time."""
    return "".join(f" AND {test}" for test in _bounds_sql(window_bounds(values, statement), column, statement))


def window_bounds(values: Mapping[str, Any], moment: Statement) -> tuple[datetime | None, datetime | None]:
    """From (included) and until (excluded); ``moment`` says now and the zone. The last days end now, included."""
    if values["within"] == "last_days":
        return moment.now - timedelta(days=values["days"]), moment.now + timedelta(microseconds=1)
    if values["within"] == "between":
        zone = moment.catalogue.zone
        return day_start(values["from"], zone), day_start(values["until"] + timedelta(days=1), zone)
    return None, None


def say_window(values: Mapping[str, Any]) -> str:
    if values["within"] == "last_days":
        return phrases.in_last(values["days"])
    if values["within"] == "between":
        return _("between %(from)s and %(until)s") % _two_days(values)
    return ""


def ask_moment(ask: Ask, tests: Options = MOMENTS, name: str = "test") -> None:
    """``test`` on a date or moment, and what it needs: ``days``, ``day``, or ``from`` and ``until``."""
    test = ask.choice(name, gettext_lazy("When"), tests, reshapes=True)
    if test in ("in_last", "before_last", "in_next"):
        ask.whole("days", gettext_lazy("Days"), low=1, high=MOST_DAYS, suffix=gettext_lazy("days"))
    elif test == "anniversary":
        ask.whole("days", gettext_lazy("Days"), low=0, high=365, suffix=gettext_lazy("days"))
    elif test in ("before", "after"):
        ask.day("day", gettext_lazy("Date"))
    elif test == "between":
        _ask_two_days(ask)


def moment_sql(values: Mapping[str, Any], column: str, statement: Statement, name: str = "test") -> str:
    """The test on a timestamptz expression; null where the expression is."""
    bounds = moment_bounds(values, statement.now, statement.catalogue.zone, name)
    return " AND ".join(_bounds_sql(bounds, column, statement))


def moment_bounds(
    values: Mapping[str, Any], now: datetime, zone: ZoneInfo, name: str = "test"
) -> tuple[datetime | None, datetime | None]:
    """From (included) and until (excluded) of a test on a moment."""
    match values[name]:
        case "in_last":
            return now - timedelta(days=values["days"]), now + timedelta(microseconds=1)
        case "before_last":
            return None, now - timedelta(days=values["days"])
        case "before":
            return None, day_start(values["day"], zone)
        case "after":
            return day_start(values["day"] + timedelta(days=1), zone), None
        case "between":
            return day_start(values["from"], zone), day_start(values["until"] + timedelta(days=1), zone)
    raise ValueError(values[name])


def day_bounds(values: Mapping[str, Any], today: date) -> tuple[date | None, date | None]:
    """From and until, both included, of a test on a calendar day."""
    match values["test"]:
        case "in_last":
            return today - timedelta(days=values["days"]), today
        case "before_last":
            return None, today - timedelta(days=values["days"] + 1)
        case "in_next":
            return today, today + timedelta(days=values["days"])
        case "before":
            return None, values["day"] - timedelta(days=1)
        case "after":
            return values["day"] + timedelta(days=1), None
        case "between":
            return values["from"], values["until"]
    raise ValueError(values["test"])


def anniversaries(today: date, days: int) -> list[str]:
    """The days of the year (MM-DD) from today to ``days`` ahead. A 29 February is kept on the 28th in other years."""
    found: list[str] = []
    for ahead in range(days + 1):
        each = today + timedelta(days=ahead)
        found.append(f"{each:%m-%d}")
        if (each.month, each.day) == (2, 28) and (each + timedelta(days=1)).day == 1:
            found.append("02-29")
    return sorted(set(found))


def say_moment(values: Mapping[str, Any], name: str = "test") -> str:
    """ "within the last 30 days", "longer than 180 days ago", "before 1 March 2026"."""
    match values[name]:
        case "in_last":
            return phrases.in_last(values["days"])
        case "before_last":
            return phrases.ago(values["days"])
        case "in_next":
            return phrases.in_next(values["days"])
        case "before":
            return _("before %(day)s") % {"day": phrases.day(values["day"])}
        case "after":
            return _("after %(day)s") % {"day": phrases.day(values["day"])}
    return _("between %(from)s and %(until)s") % _two_days(values)


def ask_since(ask: Ask) -> None:
    """``since`` and ``days``: how long something has been so."""
    if ask.choice("since", gettext_lazy("Since"), SINCE, reshapes=True) != "any":
        ask.whole("days", gettext_lazy("Days"), low=1, high=MOST_DAYS, suffix=gettext_lazy("days"))


def since_sql(values: Mapping[str, Any], column: str, statement: Statement) -> str:
    """`` AND column ...``, or blank for no matter when."""
    if values["since"] == "any":
        return ""
    return f" AND {moment_sql(values, column, statement, 'since')}"


def say_since(values: Mapping[str, Any]) -> str:
    if values["since"] == "any":
        return ""
    return (phrases.no_longer if values["since"] == "in_last" else phrases.longer)(values["days"])


def _ask_two_days(ask: Ask) -> None:
    first = ask.day("from", gettext_lazy("From"))
    if ask.day("until", gettext_lazy("to")) < first:
        ask.object_to("until", _("This should not be before the first date."))


def _two_days(values: Mapping[str, Any]) -> dict[str, str]:
    return {"from": phrases.day(values["from"]), "until": phrases.day(values["until"])}


def _bounds_sql(bounds: tuple[datetime | None, datetime | None], column: str, statement: Statement) -> list[str]:
    tests = []
    if bounds[0] is not None:
        tests.append(f"{column} >= {statement.param(bounds[0])}::timestamptz")
    if bounds[1] is not None:
        tests.append(f"{column} < {statement.param(bounds[1])}::timestamptz")
    return tests
