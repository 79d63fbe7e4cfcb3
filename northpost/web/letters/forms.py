from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from northpost.content import library
from northpost.content.actions.templates import NAME_LIMIT
from northpost.content.compile import SUBJECT_LIMIT
from northpost.content.models import TemplateVersion
from northpost.web.letters.showing import language_title


class LetterForm(forms.Form):
    """One language of a template: what the editor holds."""

    subject = forms.CharField(label=_("Subject"), max_length=SUBJECT_LIMIT, strip=False)
    preheader = forms.CharField(
        label=_("Preview text"),
        max_length=SUBJECT_LIMIT,
        required=False,
        strip=False,
        help_text=_("Stands after the subject in the list of mails."),
    )
    mjml = forms.CharField(
        label=_("The mail, in MJML and Liquid"),
        strip=False,
        widget=forms.Textarea(attrs={"data-code": "mjml", "class": "code", "rows": 26, "spellcheck": "false"}),
    )
    text = forms.CharField(
        label=_("Plain text of your own"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"class": "code", "rows": 12}),
        help_text=_("Leave it empty, and the text is made from the mail each time it changes."),
    )

    def clean(self) -> dict[str, Any]:
        """Line ends as the compiler counts them, whatever the browser sends."""
        return {name: value.replace("\r\n", "\n") for name, value in self.cleaned_data.items()}

    def mark_line(self, line: int, message: str) -> None:
        """Name the line of the source to the editor."""
        self.fields["mjml"].widget.attrs |= {"data-error-line": str(line), "data-error": message}

    def only_to_read(self) -> None:
        for field in self.fields.values():
            field.widget.attrs["readonly"] = True


def words_of(version: TemplateVersion) -> dict[str, str]:
    """A version as the form takes it."""
    return {name: getattr(version, name) for name in ("subject", "preheader", "mjml", "text")}


class NewTemplateForm(forms.Form):
    """What to make a template from."""

    name = forms.CharField(
        label=_("Name"),
        max_length=NAME_LIMIT,
        required=False,
        help_text=_("For you and your colleagues; readers don't see it."),
    )
    languages = forms.MultipleChoiceField(
        label=_("Languages"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Each person gets the mail in their own language, where it is written in it."),
        error_messages={"required": _("Choose at least one language.")},
    )
    kind = forms.ChoiceField(label=_("What it starts from"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        languages = [(code, language_title(code)) for code in library.languages()]
        self.fields["languages"].choices = languages  # type: ignore[attr-defined]
        kinds = [("", ""), *((kind, kind) for kind in library.kinds())]
        self.fields["kind"].choices = kinds  # type: ignore[attr-defined]
