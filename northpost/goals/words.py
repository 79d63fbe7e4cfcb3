"""Goals and their figures in words, in the current language."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from babel import dates, numbers
from django.conf import settings
from django.utils.translation import get_language, override

from northpost.goals.groups import IN_A_SENTENCE
from northpost.goals.kpis import Kpi, Unit
from northpost.goals.models import Goal

HARD = "\u00a0"


def _locale() -> str:
    return (get_language() or "en").replace("-", "_")


def figure(kpi: Kpi, value: Decimal | None, currency: str) -> str:
    """The value with its unit: "312", "11,320 EUR", "4.2%"."""
    if value is None:
        return "–"
    if kpi.unit == Unit.RATE:
        pattern = "#,##0.#%" if abs(value) >= Decimal("0.1") else "#,##0.##%"
        text = str(numbers.format_percent(value, format=pattern, locale=_locale()))
        return text if _locale() == "en" else text.replace("%", f"{HARD}%")
    if kpi.unit == Unit.MONEY:
        pattern = "#,##0.##" if abs(value) < 1000 and value != value.to_integral_value() else "#,##0"
        return f"{numbers.format_decimal(value, format=pattern, locale=_locale())}{HARD}{currency}"
    pattern = "#,##0.##" if kpi.unit == Unit.RATIO else "#,##0"
    return str(numbers.format_decimal(value, format=pattern, locale=_locale()))


def day(value: date, *, this_year: int) -> str:
    pattern = "d MMMM" if value.year == this_year else "d MMMM y"
    return str(dates.format_date(value, format=pattern, locale=_locale()))


def name(kpi: Kpi, group: str) -> str:
    """ "First purchases by prospects"."""
    return str(kpi.named) % {"group": IN_A_SENTENCE[group]}


def title(goal: Goal, kpi: Kpi) -> str:
    """The goal's name. One that was named after its figure is called so in the reader's language."""
    for language, _label in settings.LANGUAGES:
        with override(language):
            if goal.name == name(kpi, goal.group):
                break
    else:
        return goal.name
    return name(kpi, goal.group)
