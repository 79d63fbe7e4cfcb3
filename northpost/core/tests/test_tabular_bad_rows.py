"""Bad rows are named and the good ones stay; memory has a ceiling whatever the file does."""

import gzip
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from northpost.core.tabular import (
    Caps,
    Row,
    RowError,
    RowReason,
    UnreadableFile,
    UnreadableReason,
    rows,
    sniff,
)

HEAD = "email,собствено име\n".encode() + b"first@example.com,First\n"
LAST = b"last@example.com,Last\n"


def read(path: Path, content: bytes, caps: Caps | None = None) -> list[Row | RowError]:
    path.write_bytes(content)
    return list(rows(path, sniff(path, delimiter=",", caps=caps), caps=caps))


@pytest.mark.parametrize(
    ("bad", "reason", "values"),
    [
        (b"a@example.com\n", RowReason.RAGGED, ["a@example.com"]),
        (b"a@example.com,x,y\n", RowReason.RAGGED, ["a@example.com", "x", "y"]),
        (b"a@exa\0mple.com,x\n", RowReason.NUL, ["a@example.com", "x"]),
        (b"a@example.com,\xff\n", RowReason.ENCODING, ["a@example.com", "\ufffd"]),
        (b"a@example.com," + b"x" * 150_000 + b"\n", RowReason.QUOTES, []),
        (b"a@example.com," + b"x" * 3_000_000 + b"\n", RowReason.TOO_LONG, []),
    ],
)
def test_one_bad_row_is_named_and_the_rest_goes_on(
    tmp_path: Path, bad: bytes, reason: RowReason, values: list[str]
) -> None:
    first, error, last = read(tmp_path / "x.csv", HEAD + bad + LAST)
    assert first == Row(2, ["first@example.com", "First"])
    assert isinstance(error, RowError)
    assert (error.number, error.reason, error.values) == (3, reason, values)
    assert "{" not in error.message
    assert last == Row(4, ["last@example.com", "Last"])


def test_the_message_counts_the_cells(tmp_path: Path) -> None:
    error = read(tmp_path / "x.csv", HEAD + b"a,b,c\n")[1]
    assert isinstance(error, RowError)
    assert error.message == "cells in the row: 3; columns in the file: 2"


def test_empty_cells_beyond_the_last_column_and_empty_rows_are_no_mistake(tmp_path: Path) -> None:
    found = read(tmp_path / "x.csv", HEAD + b",,,\n\nlast@example.com,Last,,\n")
    assert found[1:] == [Row(5, ["last@example.com", "Last"])]


def test_a_cell_may_go_over_lines_and_is_one_row(tmp_path: Path) -> None:
    found = read(tmp_path / "x.csv", HEAD + b'a@example.com,"x\ny"\n' + LAST)
    assert found[1:] == [Row(3, ["a@example.com", "x\ny"]), Row(4, ["last@example.com", "Last"])]


def test_a_quotation_mark_never_closed_is_told(tmp_path: Path) -> None:
    found = read(tmp_path / "x.csv", HEAD + b'a@example.com,"x\n' + LAST * 8000)
    assert isinstance(found[1], RowError)
    assert found[1].reason is RowReason.QUOTES
    assert found[-1].values == ["last@example.com", "Last"]
    assert len(found) > 1500


def test_a_row_that_never_ends_is_cut_at_the_cap(tmp_path: Path) -> None:
    caps = Caps(line=10_000)
    found = read(tmp_path / "x.csv", HEAD + b'a,"\n' + b'","\n' * 40_000 + b'"\n' + LAST, caps)
    assert {item.reason for item in found if isinstance(item, RowError)} >= {RowReason.TOO_LONG}


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    with path.open("wb") as file:
        file.write(HEAD)
        for _block in range(100):
            file.write(b"someone@example.com,Somebody or other with a name of some length\n" * 2_000)
        file.write(b"x" * 8_000_000 + b"\n")
    shape = sniff(path)
    tracemalloc.start()
    count = sum(1 for _row in rows(path, shape))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 200_002
    assert peak < 6_000_000


def test_a_gzip_that_swells_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(HEAD + b"a@example.com,x\n" * 2_000_000))
    shape = sniff(path)
    with pytest.raises(UnreadableFile) as refused:
        list(rows(path, shape))
    assert refused.value.reason is UnreadableReason.TOO_LARGE
    with pytest.raises(UnreadableFile):
        list(rows(path, shape, caps=Caps(unzipped=1_000_000, ratio=10_000)))
    assert sum(1 for _row in rows(path, shape, caps=Caps(ratio=10_000))) == 2_000_001


def test_a_gzip_cut_short_gives_its_rows_and_then_says_so(tmp_path: Path) -> None:
    path = tmp_path / "x.csv.gz"
    lines = b"".join(b"person%d@example.com,Name %d\n" % (n, n * 7919) for n in range(60_000))
    path.write_bytes(gzip.compress(HEAD + lines)[:-100_000])
    found = []
    with pytest.raises(UnreadableFile) as refused:
        found.extend(rows(path, sniff(path)))
    assert refused.value.reason is UnreadableReason.BROKEN


SMALL = Caps(sample=512, line=200, cell=100, columns=20, unzipped=5_000, ratio=5, ratio_free=500)
TELLING = b"a@b.co , ; | \n \r \r\n \" ' \0 \xff\xfe \xef\xbb\xbf \xd0".split(b" ")
PIECES = st.lists(
    st.sampled_from([*TELLING, b" ", b"\t"]) | st.binary(max_size=40),
    max_size=60,
).map(b"".join)


@given(content=st.binary(max_size=2_000) | PIECES | PIECES.map(gzip.compress) | PIECES.map(lambda b: b"PK\x03\x04" + b))
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_read_or_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "fuzz"
    path.write_bytes(content)
    try:
        shape = sniff(path, caps=SMALL)
        for item in rows(path, shape, caps=SMALL):
            assert isinstance(item, Row | RowError)
            if isinstance(item, Row):
                assert len(item.values) == len(shape.columns)
                "".join(item.values).encode()
                assert "\0" not in "".join(item.values)
            else:
                assert item.message
    except UnreadableFile as refused:
        assert refused.message
