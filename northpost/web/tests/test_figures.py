"""Figures, money and moments as the reader's language writes them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation

from northpost.core import clock
from northpost.web.templatetags import northpost as tags

NOW = datetime(2026, 6, 30, 21, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "value", "said"),
    [
        ("en", 8214, "8,214"),
        ("en", Decimal("0.50"), "0.5"),
        ("ru", 8214, "8\u00a0214"),
        ("bg", 18214, "18\u00a0214"),
        ("en", None, "–"),
        ("en", "", "–"),
        ("en", "no figure", "–"),
        ("en", float("nan"), "–"),
    ],
)
def test_numbers(language: str, value: object, said: str) -> None:
    with translation.override(language):
        assert tags.say_number(value) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0"),
        (999, "999"),
        (999.96, "1,000"),
        (1000, "1 k"),
        (5432, "5.4 k"),
        (-5432, "-5.4 k"),
        (99_940, "99.9 k"),
        (543_210, "543 k"),
        (999_499, "999 k"),
        (999_500, "1 M"),
        (1_250_000, "1.3 M"),
        (2_000_000_000, "2 bn"),
    ],
)
def test_short_numbers_keep_three_figures(value: float, said: str) -> None:
    with translation.override("en"):
        assert tags.say_short(value).replace("\u00a0", " ") == said


def test_percent_is_of_a_share() -> None:
    with translation.override("en"):
        assert tags.say_percent(0.3141) == "31.4%"
        assert tags.say_percent(Decimal("0.3"), 0) == "30%"
    with translation.override("ru"):
        assert tags.say_percent(0.3141) == "31,4\u00a0%"


def test_money_has_its_currency_and_that_currency_s_decimals() -> None:
    with translation.override("en"):
        assert tags.say_money(Decimal("11320"), "EUR") == "11,320.00\u00a0EUR"
        assert tags.say_money(Decimal("11320"), "JPY") == "11,320\u00a0JPY"
        assert tags.money_whole(Decimal("11319.6"), "EUR") == "11,320\u00a0EUR"
        assert tags.money_short(Decimal("5432.10"), "EUR") == "5.4\u00a0k\u00a0EUR"
        assert tags.money_short(None, "EUR") == "–"
    with translation.override("bg"):
        assert tags.say_money(Decimal("11320.5"), "BGN") == "11\u00a0320,50\u00a0BGN"


def test_moments_are_told_in_the_current_zone() -> None:
    with translation.override("en"), timezone.override(ZoneInfo("Europe/Sofia")):
        assert tags.say_when(NOW) == "1 Jul 2026, 00:30"
        assert tags.say_day(NOW, "long") == "1 July 2026"
        assert tags.when(NOW) == (
            '<time datetime="2026-06-30T21:30:00+00:00" title="1 Jul 2026, 00:30">1 Jul 2026, 00:30</time>'
        )
    with translation.override("ru"):
        assert tags.say_day(date(2026, 6, 30), "long") == "30 июня 2026"
    assert tags.when(None) == "–"


def test_ago_asks_the_clock_and_names_the_day_after_a_week() -> None:
    with translation.override("en"), clock.use(clock.VirtualClock(NOW)):
        assert tags.say_ago(NOW - timedelta(minutes=3)) == "3 minutes ago"
        assert tags.say_ago(NOW + timedelta(hours=2)) == "in 2 hours"
        assert tags.say_ago(NOW - timedelta(days=8)) == "22 Jun 2026"
