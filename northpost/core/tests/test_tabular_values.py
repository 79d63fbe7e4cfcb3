"""Single cells: dates, numbers, yes and no, as three languages write them; and what a column is for."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from northpost.core.tabular import Kind, Target, guess
from northpost.core.tabular.values import (
    DateOrder,
    DecimalMark,
    ValueProblem,
    ValueReason,
    decide_dates,
    decide_decimals,
    parse_date,
    parse_decimal,
    parse_moment,
    parse_yes_no,
)

DAY, MONTH = DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("2026-03-04", DAY, dt.date(2026, 3, 4)),
        ("2026/3/4", DAY, dt.date(2026, 3, 4)),
        ("19970101", DAY, dt.date(1997, 1, 1)),
        ("04.03.2026", DAY, dt.date(2026, 3, 4)),
        ("4.3.2026 г.", DAY, dt.date(2026, 3, 4)),
        ("03/04/2026", DAY, dt.date(2026, 4, 3)),
        ("03/04/2026", MONTH, dt.date(2026, 3, 4)),
        ("3-4-26", MONTH, dt.date(2026, 3, 4)),
        ("31.12.99", DAY, dt.date(1999, 12, 31)),
        ("2026-03-04T23:59:59+02:00", DAY, dt.date(2026, 3, 4)),
    ],
)
def test_dates(text: str, order: DateOrder, expected: dt.date) -> None:
    assert parse_date(f" {text} ", order) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2010-12-01 08:26:00", dt.datetime(2010, 12, 1, 8, 26, tzinfo=dt.UTC)),
        ("2010-12-01T08:26:00.25Z", dt.datetime(2010, 12, 1, 8, 26, 0, 250_000, tzinfo=dt.UTC)),
        ("2010-12-01T08:26+02:00", dt.datetime(2010, 12, 1, 6, 26, tzinfo=dt.UTC)),
        ("2010-12-01T08:26-0330", dt.datetime(2010, 12, 1, 11, 56, tzinfo=dt.UTC)),
        ("01.12.2010, 8:26", dt.datetime(2010, 12, 1, 8, 26, tzinfo=dt.UTC)),
        ("1/12/2010 12:05 am", dt.datetime(2010, 12, 1, 0, 5, tzinfo=dt.UTC)),
        ("1/12/2010 1:05 PM", dt.datetime(2010, 12, 1, 13, 5, tzinfo=dt.UTC)),
        ("20101201", dt.datetime(2010, 12, 1, tzinfo=dt.UTC)),
    ],
)
def test_moments(text: str, expected: dt.datetime) -> None:
    assert parse_moment(text) == expected


def test_a_moment_without_a_zone_is_meant_in_the_zone_given() -> None:
    sofia = dt.timezone(dt.timedelta(hours=2))
    assert parse_moment("2026-01-01 01:00", zone=sofia) == dt.datetime(2025, 12, 31, 23, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "text",
    ["", "soon", "2026-02-30", "32.01.2026", "13/13/2026", "2026-01-01 25:00", "0000-01-01", "1" * 100],
)
def test_no_dates(text: str) -> None:
    with pytest.raises(ValueProblem) as refused:
        parse_date(text)
    assert refused.value.reason in (ValueReason.DATE, ValueReason.NO_SUCH_DAY)


def test_the_column_decides_about_day_and_month() -> None:
    assert decide_dates(["01/02/2026", "03/04/2026"]) is DAY
    assert decide_dates(["01/02/2026", "12/25/2026"]) is MONTH
    assert decide_dates(["01/02/2026", "25/12/2026"]) is DAY
    assert decide_dates([]) is DAY


@pytest.mark.parametrize(
    ("text", "mark", "expected"),
    [
        ("10", ".", "10"),
        ("-10.50", ".", "-10.50"),
        ("+7", ".", "7"),
        (".5", ".", "0.5"),
        ("10,5", ",", "10.5"),
        ("10,5", ".", "10.5"),
        ("1,234.56", ".", "1234.56"),
        ("1.234,56", ",", "1234.56"),
        ("1,234", ".", "1234"),
        ("1,234", ",", "1.234"),
        ("1.234", ",", "1234"),
        ("1 234,56 ₽", ",", "1234.56"),
        ("1\u00a0234\u00a0567,8 лв.", ",", "1234567.8"),
        ("$1,234.56", ".", "1234.56"),
        ("-$5", ".", "-5"),
        ("EUR 5", ".", "5"),
        ("5 руб.", ".", "5"),
        ("1'234.50 CHF", ".", "1234.50"),
        ("(12.50)", ".", "-12.50"),
        ("\u221212", ".", "-12"),
    ],
)
def test_decimals(text: str, mark: str, expected: str) -> None:
    assert parse_decimal(text, DecimalMark(mark)) == Decimal(expected)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        ".",
        "abc",
        "ABC12",
        "12abc",
        "1.2.3",
        "1,2,3",
        "12-13",
        "1e5",
        "NaN",
        "Infinity",
        "٣",
        "1" * 16,
        "1" * 500,
    ],
)
def test_no_decimals(text: str) -> None:
    with pytest.raises(ValueProblem):
        parse_decimal(text)


def test_the_column_decides_about_point_and_comma() -> None:
    assert decide_decimals(["1,234", "5,6"]) is DecimalMark.COMMA
    assert decide_decimals(["1,234", "5.6"]) is DecimalMark.POINT
    assert decide_decimals(["1.234.567"]) is DecimalMark.COMMA
    assert decide_decimals(["1.234,5"]) is DecimalMark.COMMA
    assert decide_decimals(["1,234"]) is DecimalMark.POINT
    assert decide_decimals(["1,234"], DecimalMark.COMMA) is DecimalMark.COMMA


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Yes", True),
        ("ДА", True),
        ("1", True),
        ("no", False),
        ("не", False),
        ("Нет", False),
        ("FALSE", False),
    ],
)
def test_yes_and_no(text: str, expected: bool) -> None:
    assert parse_yes_no(text) is expected


def test_neither_yes_nor_no() -> None:
    with pytest.raises(ValueProblem) as refused:
        parse_yes_no("maybe")
    assert refused.value.message == "“maybe” is neither yes nor no"


@given(st.text(max_size=80))
def test_any_cell_is_read_or_refused(text: str) -> None:
    for read in (parse_date, parse_moment, parse_decimal, parse_yes_no):
        try:
            read(text)
        except ValueProblem as problem:
            assert problem.message
    decide_dates([text])
    decide_decimals([text])


TARGETS = (
    Target("email", Kind.EMAIL, ("e-mail", "mail", "имейл", "почта", "адрес электронной почты")),
    Target("first_name", Kind.TEXT, ("name", "име", "имя")),
    Target("phone", Kind.PHONE, ("телефон",)),
    Target("ordered_at", Kind.DATE, ("date", "дата", "order date")),
    Target("total", Kind.NUMBER, ("amount", "сумма", "сума", "dollar value")),
)


def test_columns_are_known_by_their_names() -> None:
    sample = [["a@example.com", "Анна", "10,5", "2026-01-01", "+359 88 123 4567"]]
    assert guess(["Почта", "Имя", "Сумма", "Дата", "Телефон"], sample, TARGETS) == {
        "Почта": "email",
        "Имя": "first_name",
        "Сумма": "total",
        "Дата": "ordered_at",
        "Телефон": "phone",
    }
    assert guess(["E-Mail Address", "FirstName", "dollar_value"], [["a@example.com", "A", "5"]], TARGETS) == {
        "E-Mail Address": "email",
        "FirstName": "first_name",
        "dollar_value": "total",
    }


def test_columns_are_known_by_what_is_in_them() -> None:
    sample = [["1", "a@example.com", "19970101", "+359 88 123 4567"], ["2", "b@example.com", "19970102", ""]]
    assert guess(["1", "2", "3", "4"], sample, TARGETS) == {"2": "email", "3": "ordered_at", "4": "phone"}


def test_a_name_its_content_belies_is_not_believed() -> None:
    assert guess(["email", "contact"], [["yes", "a@example.com"]], TARGETS) == {"contact": "email"}


def test_no_target_is_given_twice() -> None:
    sample = [["a@example.com", "b@example.com"]]
    assert guess(["email", "mail"], sample, TARGETS) == {"email": "email"}
