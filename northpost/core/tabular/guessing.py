"""Which column of a file is meant for what: by its name in any language known, and by its content."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from northpost.core.addresses import is_address

from .values import looks_like_date, looks_like_decimal, looks_like_phone, looks_like_yes_no

_SEPARATORS = re.compile(r"[\W_]+")
_HUMP = re.compile(r"(?<=[a-zа-я])(?=[A-ZА-Я])")


class Kind(StrEnum):
    TEXT = "text"
    EMAIL = "email"
    DATE = "date"
    NUMBER = "number"
    PHONE = "phone"
    YES_NO = "yes_no"


@dataclass(frozen=True, slots=True)
class Target:
    """Something a column can be for. `synonyms`: names such a column may have, in any case and language.
    `by_content`: whether a column may be taken for it by what is in it alone."""

    name: str
    kind: Kind = Kind.TEXT
    synonyms: tuple[str, ...] = ()
    by_content: bool = field(default=True, kw_only=True)


_LOOKS: dict[Kind, Callable[[str], bool]] = {
    Kind.EMAIL: is_address,
    Kind.DATE: looks_like_date,
    Kind.NUMBER: looks_like_decimal,
    Kind.PHONE: looks_like_phone,
    Kind.YES_NO: looks_like_yes_no,
}
# Kinds that content alone gives away; a number or a yes may be anything.
_TELLING = {Kind.EMAIL: 0.8, Kind.PHONE: 0.6, Kind.DATE: 0.5}


def guess(columns: Sequence[str], sample_rows: Sequence[Sequence[str]], targets: Sequence[Target]) -> dict[str, str]:
    """Column -> name of a target; columns nothing fits are left out, and no target is given twice."""
    scored: list[tuple[float, int, int]] = []
    for position, column in enumerate(columns):
        cells = [row[position] for row in sample_rows if position < len(row) and row[position].strip()]
        for order, target in enumerate(targets):
            score = _score(column, cells, target)
            if score > 0:
                scored.append((-score, position, order))
    mapping: dict[int, int] = {}
    for _score_down, position, order in sorted(scored):
        if position not in mapping and order not in mapping.values():
            mapping[position] = order
    return {columns[position]: targets[order].name for position, order in sorted(mapping.items())}


def _score(column: str, cells: list[str], target: Target) -> float:
    fits = _share(cells, target.kind)
    name = max((_likeness(column, known) for known in (target.name, *target.synonyms)), default=0.0)
    if name and target.kind is not Kind.TEXT and cells and fits < 0.5:
        return 0.0  # named so, but it isn't that
    if name:
        return name + fits
    if target.by_content and target.kind in _TELLING and cells and fits >= 0.8:
        return _TELLING[target.kind] * fits
    return 0.0


def _share(cells: list[str], kind: Kind) -> float:
    looks = _LOOKS.get(kind)
    if looks is None or not cells:
        return 0.0
    return sum(1 for cell in cells if looks(cell)) / len(cells)


def _likeness(column: str, known: str) -> float:
    one, other = _words(column), _words(known)
    if not one or not other:
        return 0.0
    if one == other or "".join(one) == "".join(other):
        return 2.0
    if set(other) <= set(one):
        return 1.0 + 0.5 * len(other) / len(one)
    return 0.0


def _words(text: str) -> list[str]:
    return [word for word in _SEPARATORS.split(_HUMP.sub(" ", text).casefold()) if word]
