"""What can go wrong among members and invitations. All permanent."""

from __future__ import annotations

from enum import StrEnum

from django.utils.translation import gettext as _


class TeamProblem(ValueError):
    """Input that was refused; ``field`` names what is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class LastOwner(TeamProblem):
    """A workspace always has an owner."""

    def __init__(self) -> None:
        super().__init__("role", _("This is the last owner. Make somebody else an owner first."))


class NoSuchMember(LookupError):
    """There is no such member or invitation in this workspace."""


class Over(StrEnum):
    """Why an invitation is no longer open."""

    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class InvitationOver(ValueError):
    """The invitation was used, withdrawn, or has expired."""

    def __init__(self, why: Over) -> None:
        super().__init__(why.value)
        self.why = why


class WrongAddress(ValueError):
    """The invitation is for somebody with another e-mail address."""
