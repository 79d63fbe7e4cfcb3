"""XLSX: read as text, and refused when it is broken or built to do harm."""

import datetime as dt
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from northpost.core.tabular import (
    Caps,
    Format,
    Row,
    RowError,
    RowReason,
    UnreadableFile,
    UnreadableReason,
    rows,
    sniff,
    write_xlsx,
)

MOMENT = dt.datetime(2026, 3, 4, 5, 6)  # noqa: DTZ001  spreadsheets know no zones


@pytest.fixture
def book(tmp_path: Path) -> Path:
    made = openpyxl.Workbook()
    sheet = made.active
    sheet.title = "Хора"
    sheet.append(["email", "since", "orders", "sum", "vip", "note"])
    sheet.append(["a@example.com", dt.date(2026, 3, 4), 3, 10.5, True, "=1+1"])
    sheet.append([])
    sheet.append(["b@example.com", MOMENT, 0.1, 1e6])
    sheet.append(["c@example.com", None, None, None, None, None, "too far"])
    made.create_sheet("Other").append(["x"])
    path = tmp_path / "book.xlsx"
    made.save(path)
    return path


def rewrite(path: Path, member: str, change) -> Path:
    """The same workbook with one of its parts changed."""
    copy = path.with_name("changed.xlsx")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name == member else old.read(name))
    return copy


def test_cells_become_text_and_rows_keep_their_numbers(book: Path) -> None:
    shape = sniff(book)
    assert (shape.format, shape.sheets, shape.sheet) == (Format.XLSX, ["Хора", "Other"], "Хора")
    assert shape.columns == ["email", "since", "orders", "sum", "vip", "note"]
    first, second, third = rows(book, shape)
    # A formula has no value until a spreadsheet has computed it.
    assert first == Row(2, ["a@example.com", "2026-03-04", "3", "10.5", "true", ""])
    assert second == Row(4, ["b@example.com", "2026-03-04 05:06:00", "0.1", "1000000", "", ""])
    assert isinstance(third, RowError)
    assert (third.number, third.reason) == (5, RowReason.RAGGED)


def test_another_sheet_by_name(book: Path) -> None:
    assert sniff(book, sheet="Other").columns == ["x"]
    with pytest.raises(UnreadableFile) as refused:
        sniff(book, sheet="Third")
    assert refused.value.reason is UnreadableReason.NO_SHEET


def test_rows_go_on_after_the_row_named(book: Path) -> None:
    assert [row.number for row in rows(book, sniff(book), after=2)] == [4, 5]


def test_entities_are_refused(book: Path) -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    changed = rewrite(book, "xl/worksheets/sheet1.xml", lambda xml: bomb + xml)
    with pytest.raises(UnreadableFile) as refused:
        sniff(changed)
    assert refused.value.reason is UnreadableReason.UNSAFE


def test_a_workbook_that_swells_is_refused_unopened(book: Path) -> None:
    changed = rewrite(book, "xl/worksheets/sheet1.xml", lambda xml: xml + b" " * 40_000_000)
    with pytest.raises(UnreadableFile) as refused:
        sniff(changed)
    assert refused.value.reason is UnreadableReason.TOO_LARGE
    for caps in (Caps(xlsx_unzipped=1000), Caps(xlsx_strings=100)):
        with pytest.raises(UnreadableFile) as refused:
            sniff(book, caps=caps)
        assert refused.value.reason is UnreadableReason.TOO_LARGE


def test_rows_beyond_what_a_sheet_has_are_refused(book: Path) -> None:
    changed = rewrite(book, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b'<row r="5"', b'<row r="999999999"'))
    shape = sniff(book)
    with pytest.raises(UnreadableFile) as refused:
        list(rows(changed, shape, caps=Caps(xlsx_rows=10_000)))
    assert refused.value.reason is UnreadableReason.TOO_LARGE


@pytest.mark.parametrize("member", ["xl/workbook.xml", "[Content_Types].xml", "xl/worksheets/sheet1.xml"])
def test_broken_parts_are_told(book: Path, member: str) -> None:
    changed = rewrite(book, member, lambda xml: xml[: len(xml) // 2])
    with pytest.raises(UnreadableFile) as refused:
        list(rows(changed, sniff(changed)))
    assert refused.value.reason is UnreadableReason.BROKEN


def test_a_zip_of_something_else(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(UnreadableFile) as refused:
        sniff(path)
    assert refused.value.reason is UnreadableReason.NOT_A_TABLE


@given(place=st.integers(0, 4000), piece=st.binary(min_size=1, max_size=30))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damage_anywhere_is_read_or_refused(tmp_path: Path, place: int, piece: bytes) -> None:
    whole = tmp_path / "whole.xlsx"
    if not whole.exists():
        write_xlsx(whole, ["email", "name"], [(f"a{n}@example.com", f"Name {n}") for n in range(20)])
    content = bytearray(whole.read_bytes())
    place %= len(content)
    content[place : place + len(piece)] = piece
    damaged = tmp_path / "damaged.xlsx"
    damaged.write_bytes(content)
    try:
        found = list(rows(damaged, sniff(damaged)))
    except UnreadableFile:
        return
    assert all(isinstance(item, Row | RowError) for item in found)
