"""What is written out: formulas made harmless, and our own files read back as they were."""

import datetime as dt
import io
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from northpost.core.tabular import neutralise, restore, rows, sniff, write_csv, write_xlsx

DANGEROUS = ["=1+1", "+359 88 123", "-2+3", "@SUM(A1)", "\tx", "\rx", "＝1"]


@pytest.mark.parametrize("text", DANGEROUS)
def test_formulas_are_neutralised(text: str, tmp_path: Path) -> None:
    assert neutralise(text) == f"'{text}"
    stream = io.StringIO(newline="")
    write_csv(stream, ["x"], [[text]])
    assert f"'{text}" in stream.getvalue()
    path = tmp_path / "x.xlsx"
    write_xlsx(path, ["x", text], [[text, text]])
    cell = openpyxl.load_workbook(path).active["A2"]
    assert cell.data_type in ("s", "inlineStr")
    assert cell.value.startswith("'")


@pytest.mark.parametrize("text", ["", "plain", "a=b", "'quoted'", "1-2"])
def test_other_text_is_left_alone(text: str) -> None:
    assert neutralise(text) == text


@given(st.text())
def test_restore_undoes_neutralise(text: str) -> None:
    if not text.startswith("'"):
        assert restore(neutralise(text)) == text


def test_csv_begins_with_a_mark_and_numbers_stay_numbers() -> None:
    stream = io.StringIO(newline="")
    moment = dt.datetime(2026, 1, 2, 3, 4, tzinfo=dt.UTC)
    table = [["Анна", Decimal("-10.50"), True, None, moment], ["a,b", -5, False, "", dt.date(2026, 1, 2)]]
    assert write_csv(stream, ["name", "sum", "vip", "none", "when"], table) == 2
    assert stream.getvalue() == (
        '\ufeffname,sum,vip,none,when\r\nАнна,-10.50,yes,,2026-01-02T03:04:00+00:00\r\n"a,b",-5,no,,2026-01-02\r\n'
    )


def test_csv_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    table = [["Анна;Петрова", 'say "yes"'], ["line\nbreak", "  spaces "]]
    with path.open("w", encoding="utf-8", newline="") as stream:
        write_csv(stream, ["one", "two"], table)
    assert [row.values for row in rows(path, sniff(path))] == table


def test_xlsx_comes_back_and_what_xml_cannot_hold_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    moment = dt.datetime(2026, 1, 2, 3, 4, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    assert (
        write_xlsx(path, ["name", "sum", "when"], [["Ан\x01на", Decimal("-10.5"), moment], ["x" * 40_000, 1, None]])
        == 2
    )
    first, second = rows(path, sniff(path))
    assert first.values == ["Анна", "-10.5", "2026-01-02 01:04:00"]
    assert len(second.values[0]) == 32_767


def test_an_export_of_nothing_has_its_header(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    assert write_xlsx(path, ["email"], []) == 0
    assert sniff(path, has_header=True).columns == ["email"]
