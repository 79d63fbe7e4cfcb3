"""The walls hold for SQL as they do for imports: a room reads its own and lower tables, and writes only its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.floors import PACKAGE, floor_of, may_read, room_of_table, sources

WORD = re.compile(r"\b[a-z]+_[a-z_]+\b")
WRITE = re.compile(r"\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM|MERGE\s+INTO|TRUNCATE|COPY)\s+(?:ONLY\s+)?([a-z_]+)", re.I)
COMMENT = re.compile(r"--[^\n]*")


def mentions(text: str) -> Iterator[tuple[str, bool]]:
    """Each of our tables that ``text`` names, and whether it is written there."""
    bare = COMMENT.sub("", text)
    written = {name for name in WRITE.findall(bare) if name in room_of_table()}
    for name in {word for word in WORD.findall(bare) if word in room_of_table()}:
        yield name, name in written


def trespasses(room: str, text: str) -> list[str]:
    found = []
    for table, written in mentions(text):
        owner = room_of_table()[table]
        if written and owner != room:
            found.append(f"writes {table}, which is {owner}'s")
        elif not may_read(room, owner):
            found.append(f"reads {table}, which is {owner}'s, a higher floor or a neighbour")
    return sorted(found)


@pytest.mark.parametrize("room", sorted(floor_of()))
def test_a_room_keeps_to_its_tables(room: str):
    found = {
        str(path.relative_to(PACKAGE)): wrong
        for path in sources(room, ".sql", ".py")
        if (wrong := trespasses(room, path.read_text()))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("room", "text", "wrong"),
    [
        (
            "contacts",
            "SELECT 1 FROM sales_order",
            ["reads sales_order, which is sales's, a higher floor or a neighbour"],
        ),
        ("sales", "UPDATE contacts_contact SET email = ''", ["writes contacts_contact, which is contacts's"]),
        ("sales", "SELECT 1 FROM contacts_contact JOIN sales_order USING (id)", []),
        ("sales", "INSERT INTO sales_order SELECT 1 -- then UPDATE contacts_contact", []),
    ],
)
def test_the_check_can_fail(room: str, text: str, wrong: list[str]):
    assert trespasses(room, text) == wrong


def statements() -> list[Path]:
    return sorted(PACKAGE.rglob("sql/*.sql"))


def test_there_are_statements_to_check():
    assert len(statements()) >= 2


@pytest.mark.parametrize("path", statements(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_statement_says_what_it_needs_and_does(path: Path):
    head = "".join(line for line in path.read_text().splitlines(keepends=True) if line.startswith("--"))
    for part in ("-- inputs:", "-- effect:", "-- index:"):
        assert part in head
