"""The floors of the house, read from the import contract, and the tables of each room."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from django.apps import apps

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "northpost"
# Made by SQL, so that no model names it.
TABLES_WITHOUT_MODEL = {"events_receipt": "events"}


@cache
def floor_of() -> dict[str, int]:
    """Room -> floor, the ground being the highest number; neighbours have the same."""
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
    return {
        room.strip().removeprefix("northpost."): floor
        for floor, line in enumerate(contract["layers"])
        for room in line.split("|")
    }


@cache
def room_of_table() -> dict[str, str]:
    """Table -> the room that it belongs to."""
    tables = {
        model._meta.db_table: model._meta.app_label
        for model in apps.get_models(include_auto_created=True)
        if model.__module__.startswith("northpost.")
    }
    return tables | TABLES_WITHOUT_MODEL


def may_read(room: str, other: str) -> bool:
    """Whether ``room`` may read the tables of ``other``: its own, or those of a lower floor."""
    return room == other or floor_of()[room] < floor_of()[other]


def sources(room: str, *suffixes: str) -> list[Path]:
    """The room's files, without tests and migrations."""
    return [
        path
        for suffix in suffixes
        for path in sorted((PACKAGE / room).rglob(f"*{suffix}"))
        if not {"tests", "migrations", "locale", "static"} & set(path.relative_to(PACKAGE).parts)
    ]
