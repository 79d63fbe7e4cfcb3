"""What the importer chose, beside which column is what."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Existing(StrEnum):
    """What happens to the data of people (or products) who are here already."""

    SKIP = "skip"
    FILL = "fill"
    OVERWRITE = "overwrite"


EXISTING_LABELS: dict[Existing, Promise] = {
    Existing.SKIP: _("Leave them as they are"),
    Existing.FILL: _("Fill in what is missing"),
    Existing.OVERWRITE: _("Replace with what the file says; empty cells replace nothing"),
}


@dataclass(slots=True)
class Options:
    """The choices of one import; kept with it as JSON.

    `existing` concerns data; lists, tags and consent go to everyone in the file either way.
    `purpose`: key of the consent that the people in the file gave, "" for none. It needs `consent_source` (where and
    how it was given); `consent_text` is what they agreed to, the purpose's own text if empty. Who has withdrawn stays
    withdrawn, whatever a file says.
    `constants`: destination -> the same value for every row. `decimal` and `date_order`: how numbers and days are
    written ("." or ",", "day_first" or "month_first"); None: told from the file. `language`: of the reasons in the
    file of refused rows. `extra`: what only one kind knows, such as `currency` of orders.
    """

    existing: Existing = Existing.FILL
    purpose: str = ""
    consent_source: str = ""
    consent_text: str = ""
    lists: list[int] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    constants: dict[str, str] = field(default_factory=dict)
    decimal: str | None = None
    date_order: str | None = None
    language: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.existing = Existing(self.existing)

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"existing": self.existing.value}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Options:
        return cls(**{name: data[name] for name in cls.__dataclass_fields__ if name in data})
