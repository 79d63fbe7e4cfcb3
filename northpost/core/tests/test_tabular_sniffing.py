"""How a file is understood: encoding, delimiter, header, columns."""

import gzip
from pathlib import Path

import pytest

from northpost.core.tabular import (
    WHITESPACE,
    FileShape,
    Row,
    RowError,
    UnreadableFile,
    UnreadableReason,
    rows,
    sniff,
)

RUSSIAN = "Почта;Имя;Город\nanna@example.com;Анна Петрова;Санкт-Петербург\nоleg@example.com;Олег;Нижний Новгород\n"
BULGARIAN = "Имейл,Име,Град\nivan@example.com,Иван Георгиев,Велико Търново\nmaria@example.com,Мария Димитрова,София\n"
WESTERN = "email;nom;ville\nrene@example.com;René Lefèvre;Besançon\nanais@example.com;Anaïs Müller;Orléans\n"


@pytest.fixture
def save(tmp_path: Path):
    def save(content: bytes, name: str = "file.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return save


@pytest.mark.parametrize(
    ("text", "codec", "expected"),
    [
        (RUSSIAN, "utf-8", "utf-8"),
        (RUSSIAN, "utf-8-sig", "utf-8-sig"),
        (RUSSIAN, "utf-16", "utf-16"),
        (BULGARIAN, "utf-16-le", "utf-16-le"),
        (BULGARIAN, "utf-16-be", "utf-16-be"),
        (RUSSIAN, "cp1251", "cp1251"),
        (BULGARIAN, "cp1251", "cp1251"),
        (RUSSIAN, "koi8-r", "koi8-r"),
        (BULGARIAN, "cp866", "cp866"),
        (RUSSIAN, "iso8859-5", "iso8859-5"),
        (WESTERN, "cp1252", "cp1252"),
        ("name\nMüller\n", "cp1252", "cp1252"),
        ("name\nИВАН\nПЕТР\n", "cp1251", "cp1251"),
        ("name\nИван\n", "cp1251", "cp1251"),
        ("name\nИван\n", "koi8-r", "koi8-r"),
        ("email,name\na@example.com,Anna\n", "ascii", "utf-8"),
    ],
)
def test_encoding_is_told_and_the_cells_read_in_it(save, text: str, codec: str, expected: str) -> None:
    path = save(text.encode(codec))
    shape = sniff(path)
    assert shape.encoding == expected
    lines = [line.replace(";", ",").split(",") for line in text.splitlines()]
    assert shape.columns == lines[0]
    assert [list(row.values) for row in rows(path, shape)] == lines[1:]


def test_one_wrong_byte_does_not_make_utf8_another_encoding(save) -> None:
    path = save("имя\nАнна\n".encode() * 10 + b"\xff\n" + "Олег\n".encode())
    assert sniff(path).encoding == "utf-8"


def test_an_encoding_given_is_taken_as_given(save) -> None:
    path = save("name\nИван\n".encode("cp1251"))
    assert sniff(path, encoding="windows-1251").sample_rows == [["Иван"]]
    with pytest.raises(UnreadableFile) as refused:
        sniff(path, encoding="hex")
    assert refused.value.reason is UnreadableReason.ENCODING
    assert refused.value.message == "The encoding hex is not known."


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter(save, delimiter: str) -> None:
    path = save(
        delimiter.join(["email", "name", "note"]).encode() + b"\n" + delimiter.join(["a@b.co", "Ann", '"x"']).encode()
    )
    shape = sniff(path)
    assert (shape.delimiter, shape.columns) == (delimiter, ["email", "name", "note"])
    assert shape.sample_rows == [["a@b.co", "Ann", "x"]]


def test_a_decimal_comma_does_not_split(save) -> None:
    shape = sniff(save(b"sku;price\nA1;10,50\nA2;9,99\n"))
    assert (shape.delimiter, shape.sample_rows[0]) == (";", ["A1", "10,50"])


def test_delimiters_within_quotes_do_not_count(save) -> None:
    shape = sniff(save(b'name;note\nAnn;"a, b, c"\nBob;"d, e, f; g"\n'))
    assert (shape.delimiter, shape.sample_rows) == (";", [["Ann", "a, b, c"], ["Bob", "d, e, f; g"]])


def test_single_quotation_marks(save) -> None:
    shape = sniff(save(b"name,note\n'Ann','a, b'\n'Bob','c, d'\n"))
    assert (shape.quotechar, shape.sample_rows) == ("'", [["Ann", "a, b"], ["Bob", "c, d"]])


def test_columns_by_runs_of_spaces_without_header_gzipped(save) -> None:
    path = save(gzip.compress(b" 00001 19970101  1   11.77\r\n 00002 19970112  1   12.00\r\n"), "x.txt.gz")
    shape = sniff(path)
    assert (shape.delimiter, shape.gzipped, shape.has_header) == (WHITESPACE, True, False)
    assert shape.columns == ["1", "2", "3", "4"]
    assert list(rows(path, shape)) == [
        Row(1, ["00001", "19970101", "1", "11.77"]),
        Row(2, ["00002", "19970112", "1", "12.00"]),
    ]


def test_names_of_people_are_one_column_and_not_two(save) -> None:
    assert sniff(save(b"name\nAnna Petrova\nIvan Ivanov\n")).columns == ["name"]
    assert sniff(save(b"Anna Petrova\nIvan Ivanov\n"), has_header=False).columns == ["1"]


def test_a_file_of_addresses_alone_has_no_header(save) -> None:
    path = save(b"a@example.com\nb@example.com\n")
    shape = sniff(path)
    assert (shape.has_header, shape.columns) == (False, ["1"])
    assert [row.values for row in rows(path, shape)] == [["a@example.com"], ["b@example.com"]]


def test_headers_that_stand_twice_or_are_empty_are_made_distinct_and_told(save) -> None:
    shape = sniff(save(b"email,name,name,,name (2)\na@example.com,x,y,z,w\n"))
    assert shape.columns == ["email", "name", "name (2)", "4", "name (2) (2)"]
    assert shape.renamed == [("name (2)", "name"), ("4", ""), ("name (2) (2)", "name (2)")]


def test_shape_survives_being_stored(save) -> None:
    shape = sniff(save(b"email,name,name\na@example.com,x,y\n"))
    assert FileShape.from_json(shape.to_json()) == shape


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", UnreadableReason.EMPTY),
        (b"\n\n \n", UnreadableReason.EMPTY),
        (b"\xef\xbb\xbf", UnreadableReason.EMPTY),
        (b"%PDF-1.7 something", UnreadableReason.NOT_A_TABLE),
        (b"\x00\x01\x02\x03" * 500, UnreadableReason.NOT_A_TABLE),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600, UnreadableReason.OLD_EXCEL),
        (b"PK\x03\x04 and then nothing", UnreadableReason.BROKEN),
        (gzip.compress(b"email\na@example.com\n" * 1000, mtime=0)[:-20], UnreadableReason.BROKEN),
        (b"a," * 2000 + b"\n", UnreadableReason.TOO_MANY_COLUMNS),
    ],
)
def test_what_is_no_table_is_refused_in_plain_words(save, content: bytes, reason: UnreadableReason) -> None:
    with pytest.raises(UnreadableFile) as refused:
        sniff(save(content))
    assert refused.value.reason is reason
    assert "{" not in str(refused.value)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile) as refused:
        sniff(tmp_path / "none.csv")
    assert refused.value.reason is UnreadableReason.MISSING


def test_rows_go_on_after_the_row_named(save) -> None:
    path = save(b"email\na@example.com\n\nb@example.com\nc,d\ne@example.com\n")
    shape = sniff(path, delimiter=",")
    everything = list(rows(path, shape))
    assert [item.number for item in everything] == [2, 4, 5, 6]
    assert isinstance(everything[2], RowError)
    assert list(rows(path, shape, after=4)) == everything[2:]
