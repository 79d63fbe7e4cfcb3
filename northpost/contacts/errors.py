"""What can go wrong with people's data. All permanent: the same input fails again."""

from __future__ import annotations

from django.utils.translation import gettext as _


class ContactProblem(ValueError):
    """Input that was refused. ``field`` names what is wrong (a column or a custom field's key)."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class Taken(ContactProblem):
    """Another person has this e-mail address or number already; ``contact_id`` is theirs."""

    def __init__(self, field: str, contact_id: int | None) -> None:
        words = {
            "email": _("Somebody else has this e-mail address already."),
            "external_id": _("Somebody else has this customer number already."),
        }
        super().__init__(field, words[field])
        self.contact_id = contact_id


class NameTaken(ContactProblem):
    """A list, tag or field of this name is there already."""

    def __init__(self, name: str) -> None:
        super().__init__("name", _("“%(name)s” is there already.") % {"name": name})


class NotHere(LookupError):
    """There is no such person, list, tag, field or purpose in this workspace."""
