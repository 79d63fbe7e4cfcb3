"""Kinds of import. A kind says what its columns can be for, and loads batches of rows; the run does the rest.

A higher room registers its own from its AppConfig.ready(): `kinds.register(ImportKind(...))`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.utils.functional import Promise

from northpost.core.tabular import FileShape, Row, Target

from .options import Options


class ImportRefused(Exception):
    """The mapping or the options can't work. Permanent; nothing has been written."""

    def __init__(self, message: str | Promise) -> None:
        super().__init__()
        self._message = message

    @property
    def message(self) -> str:
        return str(self._message)

    def __str__(self) -> str:
        return self.message


class RowRefused(ValueError):
    """A row that can't be taken; the rest goes on."""

    def __init__(self, message: str | Promise) -> None:
        super().__init__()
        self._message = message

    @property
    def message(self) -> str:
        return str(self._message)

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True, slots=True)
class Destination(Target):
    """Something a column can be for, as a page shows it."""

    label: str | Promise = ""


@dataclass(frozen=True, slots=True)
class Job:
    """What a loader is told: the run it works for, and how its file is to be read."""

    run_id: int
    shape: FileShape
    mapping: Mapping[str, str]
    options: Options

    def sample(self, destination: str) -> list[str]:
        """The first cells of the column that is for this."""
        places = [self.shape.columns.index(column) for column, to in self.mapping.items() if to == destination]
        return [row[place] for place in places for row in self.shape.sample_rows if place < len(row)]


@dataclass(slots=True)
class Tally:
    """What became of a batch. `refused`: the place of a row in the batch -> why."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: dict[int, str] = field(default_factory=dict)


class Loader(Protocol):
    """Turns rows into what a kind is about.

    `read` is called for each row, without touching the database, and raises a ValueError with a `message` for a bad
    one. `store` gets what `read` gave, inside the batch's transaction; it may be called again with the same batch
    after a transaction that failed. `group` of a thing keeps its rows in one batch (None: none needed). `refresh` is
    called between batches when many rows are new. `finish` is called once all rows are in; it may be called again
    after a crash.
    """

    def read(self, row: Row) -> Any: ...

    def group(self, thing: Any) -> Any: ...

    def store(self, batch: Sequence[Any]) -> Tally: ...

    def refresh(self) -> None: ...

    def finish(self) -> None: ...


@dataclass(frozen=True, slots=True)
class ImportKind:
    """`check` raises ImportRefused for a mapping that can't work. `undo(run_id)`, where there is one, takes an import
    back and returns how many things were removed."""

    name: str
    label: str | Promise
    destinations: Callable[[], Sequence[Destination]]
    check: Callable[[FileShape, Mapping[str, str], Options], None]
    open: Callable[[Job], Loader]
    undo: Callable[[int], int] | None = None


_kinds: dict[str, ImportKind] = {}


def register(kind: ImportKind) -> None:
    """Make a kind of import known; a name can be taken once."""
    if kind.name in _kinds:
        raise ValueError(f"two kinds of import are called {kind.name}")
    _kinds[kind.name] = kind


def get(name: str) -> ImportKind:
    """The kind of that name; KeyError where there is none."""
    return _kinds[name]


def names() -> list[str]:
    """The names of all kinds, in the order in which they were registered."""
    return list(_kinds)
