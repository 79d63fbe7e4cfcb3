"""Hot statements live in files, one each: ``<room>/sql/<verb>_<noun>.sql``.

A file opens with a header of comment lines ``-- inputs:``, ``-- effect:`` and ``-- index:``; a test holds every
file to that. Parameters are psycopg's named ones, ``%(now)s``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

import psycopg
from django.db import connection

_HEADER = re.compile(r"\A(?:--[^\n]*\n)+")
_PLACEHOLDER = re.compile(r"%\((\w+)\)s")


@cache
def load(room: str, name: str) -> str:
    """The statement in ``<room>/sql/<name>.sql`` without its header; ``room`` is a package, ``northpost.delivery``."""
    text = resources.files(room).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    return _HEADER.sub("", text)


@dataclass(frozen=True)
class Fragment:
    """A piece of SQL with its named parameters, made by our own compilers and never from a user's text.

    ``text`` uses ``%(name)s`` place-holders; ``params`` holds a value for each of them.
    """

    text: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def prefixed(self, prefix: str) -> Fragment:
        """The same with every parameter's name prefixed, so that fragments can stand side by side."""
        text = _PLACEHOLDER.sub(lambda match: f"%({prefix}{match[1]})s", self.text)
        return Fragment(text, {f"{prefix}{name}": value for name, value in self.params.items()})


def run(statement: str, params: Mapping[str, Any] | None = None) -> int:
    """Execute one statement and return the number of rows that it touched."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params or {})
        return cursor.rowcount


def fetch_all(statement: str, params: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """Rows as dictionaries, column name -> value."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params or {})
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def fetch_rows(statement: str, params: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
    """Rows as plain tuples, for statements that return thousands."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params or {})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def fetch_prepared(statement: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """As :func:`fetch_rows`, for a statement that a process runs over and over: PostgreSQL reads and plans it once for
    a connection, which of a long one is half the work. Give each parameter whose type is not plain a cast."""
    connection.ensure_connection()
    connection.validate_no_broken_transaction()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        return cursor.execute(statement, params, prepare=True).fetchall()


def integer_array(numbers: Iterable[int]) -> str:
    """A PostgreSQL array as text, for ``%(ids)s::bigint[]``: several times quicker than the driver's way."""
    return "{" + ",".join(map(str, numbers)) + "}"


def text_array(texts: Iterable[str]) -> str:
    """A PostgreSQL array of texts, for ``%(texts)s::text[]``; a text must not hold NUL."""
    found = list(texts)
    together = "".join(found)
    if "\\" in together or '"' in together:
        found = [text.replace("\\", "\\\\").replace('"', '\\"') for text in found]
    return '{"' + '","'.join(found) + '"}' if found else "{}"


def fetch_one(statement: str, params: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
    """The first row as a dictionary, or None."""
    rows = fetch_all(statement, params)
    return rows[0] if rows else None


def fetch_value(statement: str, params: Mapping[str, Any] | None = None) -> Any:
    """The first column of the first row, or None where there is no row."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params or {})
        row = cursor.fetchone()
        return row[0] if row else None
