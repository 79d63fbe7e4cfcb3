"""What a mailing's audience may be, and which state follows which. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from northpost.campaigns.models import CampaignState as State

MOST_PARTS = 50


class BadAudience(ValueError):
    """The audience as given makes no sense; permanent, the message says why."""


@dataclass(frozen=True)
class Part:
    """A piece of an audience: everyone, or a segment or list by its id."""

    kind: str
    id: int = 0

    def to_json(self) -> dict[str, Any]:
        return {"everyone": True} if self.kind == "everyone" else {self.kind: self.id}


@dataclass(frozen=True)
class Audience:
    """People in any part of ``include`` and in none of ``exclude``."""

    include: tuple[Part, ...] = field(default=())
    exclude: tuple[Part, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        return {
            "include": [part.to_json() for part in self.include],
            "exclude": [part.to_json() for part in self.exclude],
        }


def parse_audience(given: Mapping[str, Any]) -> Audience:
    """An audience from its JSON; raises :class:`BadAudience`."""
    include = _parse_parts(given.get("include", []))
    exclude = _parse_parts(given.get("exclude", []))
    if any(part.kind == "everyone" for part in exclude):
        raise BadAudience(_("Leaving out everyone leaves nobody."))
    return Audience(include=include, exclude=exclude)


def _parse_parts(given: Any) -> tuple[Part, ...]:
    if not isinstance(given, list) or len(given) > MOST_PARTS:
        raise BadAudience(_("An audience is a list of at most %(most)s parts.") % {"most": MOST_PARTS})
    return tuple(dict.fromkeys(_parse_part(item) for item in given))


def _parse_part(given: Any) -> Part:
    match given:
        case {"everyone": True}:
            return Part("everyone")
        case {"segment": int(key)} if not isinstance(key, bool):
            return Part("segment", key)
        case {"list": int(key)} if not isinstance(key, bool):
            return Part("list", key)
    raise BadAudience(_("A part of an audience is everyone, a segment or a list."))


# What a mailing may become from where it is.
_FOLLOWING: dict[str, frozenset[str]] = {
    State.DRAFT: frozenset({State.SCHEDULED, State.FREEZING}),
    State.SCHEDULED: frozenset({State.DRAFT, State.SCHEDULED, State.FREEZING}),
    State.FREEZING: frozenset({State.SENDING}),
    State.SENDING: frozenset({State.PAUSED, State.SENT, State.CANCELLED}),
    State.PAUSED: frozenset({State.SENDING, State.CANCELLED}),
    State.SENT: frozenset(),
    State.CANCELLED: frozenset(),
}

EDITABLE = frozenset({State.DRAFT, State.SCHEDULED})


def states_before(state: str) -> list[str]:
    """The states from which ``state`` may follow."""
    return [before for before, after in _FOLLOWING.items() if state in after]
