"""What each role may do. Pure; pages and commands ask :func:`may` before they call an action."""

from __future__ import annotations

from enum import StrEnum

from northpost.team.models import Role


class Ability(StrEnum):
    SEE = "see"
    SEE_MONEY = "see_money"
    EDIT = "edit"
    SEND = "send"
    EXPORT = "export"
    MANAGE = "manage"


_EVERYTHING = frozenset(Ability)
_ABILITIES: dict[str, frozenset[Ability]] = {
    Role.OWNER: _EVERYTHING,
    Role.MARKETER: _EVERYTHING - {Ability.MANAGE},
    Role.PROJECT_MANAGER: frozenset({Ability.SEE, Ability.SEE_MONEY, Ability.EDIT}),
    Role.ANALYST: frozenset({Ability.SEE, Ability.SEE_MONEY, Ability.EXPORT}),
    Role.CONSULTANT: frozenset({Ability.SEE, Ability.EDIT}),
    Role.AGENCY: frozenset({Ability.SEE, Ability.SEE_MONEY, Ability.EDIT, Ability.SEND}),
}


def may(role: str, ability: Ability) -> bool:
    """Whether ``role`` includes ``ability``; an unknown role may nothing."""
    return ability in _ABILITIES.get(role, frozenset())
