"""The form of a person, with the workspace's own fields."""

from __future__ import annotations

from typing import Any

from babel import Locale
from django import forms
from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from northpost.contacts.actions import PersonDetails
from northpost.contacts.errors import ContactProblem
from northpost.contacts.models import Contact, ContactRole, Field, FieldKind
from northpost.web.account.forms import zone_choices

OWN = "own_"  # a custom field's name in the form is this and its key
_YES_NO = {True: "true", False: "false"}
COLUMNS = ("first_name", "last_name", "email", "phone", "external_id", "language", "time_zone", "role")


def language_choices(known: str = "") -> list[Any]:
    """The languages that Northpost speaks first, then all that have a code of two letters."""
    names: dict[str, str] = {
        str(code): str(name) for code, name in Locale.parse(get_language() or "en").languages.items()
    }
    first = [code for code, _label in settings.LANGUAGES]
    if known and known not in first:
        first.append(known)
    rest = sorted((names[code], code) for code in names if len(code) == 2 and code not in first)
    return [
        ("", _("Not known")),
        *[(code, names.get(code, code)) for code in first],
        (_("All"), [(code, name) for name, code in rest]),
    ]


class PersonForm(forms.Form):
    first_name = forms.CharField(label=_("First name"), max_length=120, required=False)
    last_name = forms.CharField(label=_("Last name"), max_length=120, required=False)
    email = forms.CharField(
        label=_("E-mail address"),
        max_length=320,
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "inputmode": "email"}),
    )
    phone = forms.CharField(label=_("Phone"), max_length=40, required=False)
    external_id = forms.CharField(
        label=_("Customer number"), max_length=120, required=False, help_text=_("As your shop or CRM knows them.")
    )
    language = forms.ChoiceField(label=_("Language"), required=False)
    time_zone = forms.ChoiceField(
        label=_("Time zone"), required=False, choices=lambda: [("", _("As the workspace")), *zone_choices()]
    )
    role = forms.ChoiceField(label=_("Role"), choices=ContactRole.choices, initial=ContactRole.CUSTOMER)

    def __init__(self, *args: Any, contact: Contact | None = None, **kwargs: Any) -> None:
        if contact is not None:
            kwargs["initial"] = {name: getattr(contact, name) for name in COLUMNS} | {
                f"{OWN}{key}": _YES_NO.get(value, value) if isinstance(value, bool) else value
                for key, value in contact.attributes.items()
            }
        super().__init__(*args, **kwargs)
        self.contact = contact
        known = contact.language if contact else ""
        self.fields["language"] = forms.ChoiceField(
            label=_("Language"), required=False, choices=lambda: language_choices(known)
        )
        for field in Field.objects.filter(archived_at=None).order_by("position", "id"):
            self.fields[f"{OWN}{field.key}"] = _own_field(field, self.initial.get(f"{OWN}{field.key}"))

    def details(self) -> PersonDetails:
        """What was filled in, for the actions."""
        said: dict[str, Any] = {name: self.cleaned_data[name] for name in COLUMNS}
        own = {name: value for name, value in self.cleaned_data.items() if name.startswith(OWN)}
        said["attributes"] = {name.removeprefix(OWN): value for name, value in own.items()}
        return said  # type: ignore[return-value]

    def refuse(self, problem: ContactProblem) -> None:
        """Show what an action refused, at its field."""
        name = problem.field if problem.field in self.fields else f"{OWN}{problem.field}"
        self.add_error(name if name in self.fields else None, problem.message)


def _own_field(field: Field, known: Any) -> forms.Field:
    if field.kind == FieldKind.BOOLEAN:
        yes_no = [("", _("Not known")), ("true", _("Yes")), ("false", _("No"))]
        return forms.ChoiceField(label=field.label, required=False, choices=yes_no)
    if field.kind == FieldKind.CHOICE:
        offered = [*field.choices] if known in (None, "", *field.choices) else [*field.choices, known]
        return forms.ChoiceField(
            label=field.label, required=False, choices=[("", _("Not known")), *[(choice, choice) for choice in offered]]
        )
    if field.kind == FieldKind.DATE:
        return forms.CharField(label=field.label, required=False, widget=forms.DateInput(attrs={"type": "date"}))
    if field.kind == FieldKind.NUMBER:
        return forms.CharField(
            label=field.label, required=False, widget=forms.TextInput(attrs={"inputmode": "decimal"})
        )
    return forms.CharField(label=field.label, required=False, max_length=1000)
