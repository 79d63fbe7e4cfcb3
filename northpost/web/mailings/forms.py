"""The forms behind the cards."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from northpost.campaigns.models import Campaign
from northpost.campaigns.rules import Audience, Part
from northpost.contacts.models import ContactList, Purpose
from northpost.content.models import Template
from northpost.content.queries import newest_versions
from northpost.core import clock
from northpost.delivery.models import Route, Sender
from northpost.goals.models import Goal
from northpost.segments.models import Segment


class NewMailingForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=160, help_text=_("Only you see it."))


def audience_choices() -> list[tuple[str, Any]]:
    """Everyone, segments and lists, as grouped choices with values such as ``segment:12``."""
    segments = [(f"segment:{item.pk}", item.name) for item in Segment.objects.filter(archived_at=None).order_by("name")]
    lists = [(f"list:{item.pk}", item.name) for item in ContactList.objects.filter(archived_at=None).order_by("name")]
    groups = [(str(_("Segments")), segments), (str(_("Lists")), lists)]
    return [(name, choices) for name, choices in groups if choices]


class WhoForm(forms.Form):
    """Whom it goes to, and from whom."""

    include = forms.MultipleChoiceField(
        label=_("Goes to people in any of"), required=False, widget=forms.CheckboxSelectMultiple
    )
    exclude = forms.MultipleChoiceField(label=_("and in none of"), required=False, widget=forms.CheckboxSelectMultiple)
    purpose = forms.TypedChoiceField(label=_("Who agreed to"), coerce=int)
    sender = forms.TypedChoiceField(label=_("Comes from"), coerce=int)

    def __init__(self, *args: Any, campaign: Campaign, **kwargs: Any) -> None:
        kwargs.setdefault("initial", _chosen(campaign))
        super().__init__(*args, **kwargs)
        groups = audience_choices()
        self.fields["include"].choices = [("everyone", _("Everyone")), *groups]  # type: ignore[attr-defined]
        self.fields["exclude"].choices = groups  # type: ignore[attr-defined]
        self.fields["purpose"].choices = [(item.pk, item.label) for item in Purpose.objects.order_by("pk")]  # type: ignore[attr-defined]
        senders = Sender.objects.filter(archived_at=None).order_by("-is_default", "name")
        self.fields["sender"].choices = [(item.pk, str(item)) for item in senders]  # type: ignore[attr-defined]

    def audience(self) -> Audience:
        return Audience(include=_parts(self.cleaned_data["include"]), exclude=_parts(self.cleaned_data["exclude"]))


def _parts(values: list[str]) -> tuple[Part, ...]:
    parts = []
    for value in values:
        kind, _sign, key = value.partition(":")
        parts.append(Part(kind, int(key or 0)))
    return tuple(parts)


def _chosen(campaign: Campaign) -> dict[str, Any]:
    def values(items: list[dict[str, Any]]) -> list[str]:
        pairs = [next(iter(item.items())) for item in items]
        return [kind if kind == "everyone" else f"{kind}:{key}" for kind, key in pairs]

    return {
        "include": values(campaign.audience.get("include", [])),
        "exclude": values(campaign.audience.get("exclude", [])),
        "purpose": campaign.purpose_id,
        "sender": campaign.sender_id,
    }


class WhatForm(forms.Form):
    """What it says, and what it is for."""

    template = forms.TypedChoiceField(label=_("Template"), coerce=int, empty_value=None)
    default_language = forms.ChoiceField(label=_("Language for people whose own it isn't written in"), required=False)
    goal = forms.TypedChoiceField(label=_("Serves the goal"), required=False, coerce=int, empty_value=None)

    def __init__(self, *args: Any, campaign: Campaign, **kwargs: Any) -> None:
        kwargs.setdefault(
            "initial",
            {"template": campaign.template_id, "default_language": campaign.default_language, "goal": campaign.goal_id},
        )
        super().__init__(*args, **kwargs)
        templates = Template.objects.filter(archived_at=None).order_by("name")
        self.fields["template"].choices = [("", _("Choose")), *((item.pk, item.name) for item in templates)]  # type: ignore[attr-defined]
        goals = Goal.objects.filter(closed_at=None).order_by("deadline")
        self.fields["goal"].choices = [("", _("None")), *((item.pk, item.name) for item in goals)]  # type: ignore[attr-defined]
        self.fields["default_language"].choices = self._languages(campaign)  # type: ignore[attr-defined]

    def _languages(self, campaign: Campaign) -> list[tuple[str, str]]:
        chosen = self.data.get("template") or campaign.template_id
        languages = newest_versions(template_id=int(chosen)) if chosen and str(chosen).isdigit() else {}
        return [("", "–"), *((language, get_language_info(language)["name_translated"]) for language in languages)]


class WhenForm(forms.Form):
    """When it goes, and through which server."""

    route = forms.TypedChoiceField(label=_("Goes through"), coerce=int)
    at = forms.DateTimeField(
        label=_("Send at"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("In your workspace's time zone. Leave it empty to send by hand."),
    )

    def __init__(self, *args: Any, campaign: Campaign, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"route": campaign.route_id, "at": campaign.scheduled_at})
        super().__init__(*args, **kwargs)
        routes = Route.objects.filter(archived_at=None).order_by("-is_default", "name")
        self.fields["route"].choices = [(item.pk, item.name) for item in routes]  # type: ignore[attr-defined]

    def clean_at(self) -> Any:
        at = self.cleaned_data["at"]
        if at is not None and at <= clock.now():
            raise forms.ValidationError(_("That time has passed. Choose a later one, or leave it empty."))
        return at


class TestMailForm(forms.Form):
    """Where a test mail goes."""

    email = forms.EmailField(label=_("Send a test to"))
