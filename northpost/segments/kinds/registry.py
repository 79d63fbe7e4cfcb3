"""Which kinds of condition there are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils.functional import Promise

from northpost.segments.asking import Ask
from northpost.segments.catalogue import Catalogue
from northpost.segments.statement import Statement


class ConditionKind(ABC):
    """A kind of condition: what it is made of, its SQL and its words.

    ``compile`` returns a predicate over ``c`` (contacts_contact). No value of a rule may stand in it but through
    ``statement.param``. ``explain`` returns a clause that goes on after "who" ("ordered at least twice"), or a
    phrases.Whose.
    """

    key: ClassVar[str]
    label: ClassVar[str | Promise]
    group: ClassVar[str | Promise]

    @abstractmethod
    def shape(self, ask: Ask) -> None: ...

    @abstractmethod
    def compile(self, values: Mapping[str, Any], statement: Statement) -> str: ...

    @abstractmethod
    def explain(self, values: Mapping[str, Any], catalogue: Catalogue) -> str: ...


_kinds: dict[str, ConditionKind] = {}


def register(kind: ConditionKind) -> None:
    """Add a kind; its key must be free."""
    if kind.key in _kinds and type(_kinds[kind.key]) is not type(kind):
        raise ValueError(f"there is a kind of condition {kind.key!r} already")
    _kinds[kind.key] = kind


def get(key: str) -> ConditionKind | None:
    return _kinds.get(key)


def kinds() -> list[ConditionKind]:
    """In the order of registration, which is the order in which a page offers them."""
    return list(_kinds.values())
