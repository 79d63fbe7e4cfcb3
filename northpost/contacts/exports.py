"""People out of the house: CSV or XLSX, streamed from the database, formulas made harmless.

Column names are those that an import guesses, so an export comes back in.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

from django.db import connection, transaction

from northpost.contacts.models import Field, Purpose
from northpost.core import sql, tenancy
from northpost.core.sql import Fragment
from northpost.core.tabular import write_csv, write_xlsx

_AT_A_TIME = 2_000
_PLAIN = (*("email", "external_id", "first_name", "last_name", "phone", "language", "time_zone", "role", "created_at"),)
EVERYONE = Fragment("SELECT id FROM contacts_contact")


class ExportFormat(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"


def export_contacts(target: Path | IO[Any], *, file_format: ExportFormat, people: Fragment = EVERYONE) -> int:
    """Write people, by default everyone, and return how many. A stream is binary for XLSX, text for CSV.

    `people` selects contact ids. One column per custom field and per consent, then lists and tags.
    """
    fields = list(Field.objects.filter(archived_at=None).order_by("position", "pk"))
    purposes = list(Purpose.objects.order_by("pk"))
    columns = [
        *_PLAIN,
        *(item.label for item in fields),
        *(f"consent: {item.key}" for item in purposes),
        "lists",
        "tags",
    ]
    rows = _rows(people, [item.key for item in fields], [item.pk for item in purposes])
    return write_table(target, columns, rows, file_format=file_format)


def write_table(
    target: Path | IO[Any], columns: Sequence[str], rows: Iterator[Sequence[Any]], *, file_format: ExportFormat
) -> int:
    """Write a header and rows in the format asked for; returns the number of rows."""
    if file_format is ExportFormat.XLSX:
        return write_xlsx(target, columns, rows)
    if isinstance(target, Path):
        with target.open("w", encoding="utf-8", newline="") as stream:
            return write_csv(stream, columns, rows)
    return write_csv(target, columns, rows)


def read_streamed(statement: str, params: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Rows through a cursor on the server: as many in memory as are fetched at a time."""
    with transaction.atomic(), closing(connection.chunked_cursor()) as cursor:
        cursor.execute(statement, params)
        while rows := cursor.fetchmany(_AT_A_TIME):
            yield from rows


def _rows(people: Fragment, keys: Sequence[str], purposes: Sequence[int]) -> Iterator[list[Any]]:
    statement = sql.load("northpost.contacts", "export_contacts").replace("{people}", people.text)
    params = dict(people.params) | {"workspace_id": tenancy.require_workspace()}
    plain = len(_PLAIN)
    for row in read_streamed(statement, params):
        attributes, consents = _read(row[plain]), _read(row[plain + 1])
        yield [
            *row[:plain],
            *(_cell(attributes.get(key)) for key in keys),
            *(consents.get(str(purpose), "") for purpose in purposes),
            row[plain + 2],
            row[plain + 3],
        ]


def _read(value: Any) -> dict[str, Any]:
    return json.loads(value) if isinstance(value, str) else (value or {})


def _cell(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | float | bool) else json.dumps(value)
