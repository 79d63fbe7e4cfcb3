"""What people fill in about themselves and a new workspace."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from allauth.account.forms import SignupForm as AllauthSignupForm
from babel import Locale
from babel.numbers import get_currency_name, list_currencies
from django import forms
from django.conf import settings
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from northpost.team.models import User, Workspace

# The zones of the languages that Northpost speaks stand first.
FIRST_ZONES = ("Europe/Sofia", "Europe/Moscow", "Europe/Kyiv", "Europe/London", "Europe/Berlin", "UTC")
FIRST_CURRENCIES = ("EUR", "BGN", "USD", "GBP", "RUB")


def zone_choices() -> list[Any]:
    others = sorted(name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/")))
    first = [(name, name.replace("_", " ")) for name in FIRST_ZONES]
    return [*first, (_("All"), [(name, name.replace("_", " ")) for name in others if name not in FIRST_ZONES])]


def currency_choices() -> list[Any]:
    locale = Locale.parse(get_language() or "en")
    known = sorted(list_currencies(locale))

    def entry(code: str) -> tuple[str, str]:
        return code, f"{code}, {get_currency_name(code, locale=locale)}"

    return [
        *[entry(code) for code in FIRST_CURRENCIES],
        (_("All"), [entry(code) for code in known if code not in FIRST_CURRENCIES]),
    ]


class SignupForm(AllauthSignupForm):
    name = forms.CharField(label=_("Your name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    field_order = ["name", "email", "password1"]


class WorkspaceForm(forms.ModelForm):
    """A workspace and its firm: made with it, changed with it."""

    site = forms.URLField(
        label=_("Web site"), required=False, assume_scheme="https", help_text=_("For example https://shop.example")
    )

    class Meta:
        model = Workspace
        fields = ["name", "company_name", "postal_address", "site", "language", "time_zone", "currency"]
        widgets = {"postal_address": forms.Textarea(attrs={"rows": 3, "autocomplete": "street-address"})}
        labels = {"name": _("Name of the workspace")}
        help_texts = {
            "name": _("As you call it among yourselves: the shop, the client, the brand."),
            "company_name": _("As it stands in the footer of every mail, and in the words that people agree to."),
            "postal_address": _("The law wants it in every mail: street, town, country."),
            "language": _("In which a new template and the words of consent begin."),
            "time_zone": _("In which days begin and mailings are scheduled."),
            "currency": _("In which the figures are shown."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"] = forms.ChoiceField(
            label=_("Language"), choices=settings.LANGUAGES, help_text=self.fields["language"].help_text
        )
        self.fields["time_zone"] = forms.ChoiceField(
            label=_("Time zone"), choices=zone_choices, help_text=self.fields["time_zone"].help_text
        )
        self.fields["currency"] = forms.ChoiceField(
            label=_("Currency"), choices=currency_choices, help_text=self.fields["currency"].help_text
        )

    def clean_postal_address(self) -> str:
        lines = str(self.cleaned_data["postal_address"]).splitlines()
        return ", ".join(line.strip().rstrip(",") for line in lines if line.strip())


class ProfileForm(forms.Form):
    name = forms.CharField(label=_("Your name"), max_length=120, required=False)
    language = forms.ChoiceField(label=_("Language of the pages"), required=False)
    theme = forms.ChoiceField(
        label=_("Light or dark"),
        required=False,
        choices=[("", _("As the device is set")), ("light", _("Light")), ("dark", _("Dark"))],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"] = forms.ChoiceField(
            label=_("Language of the pages"),
            required=False,
            choices=[("", _("As the browser is set")), *settings.LANGUAGES],
        )


class JoinForm(forms.Form):
    """An invited person without an account makes one; the address is the invitation's."""

    name = forms.CharField(label=_("Your name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 10 characters; a few words in a row are good."),
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        somebody = User(email=self.email, name=self.cleaned_data.get("name", ""))
        try:
            password_validation.validate_password(password, somebody)
        except ValidationError as error:
            raise forms.ValidationError(error.messages) from error
        return password
