"""The forms behind the cards. A draft may be kept half-finished: what it lacks, the check says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.db.models import Model, Q, QuerySet
from django.utils.translation import get_language_info, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from northpost.campaigns.models import Campaign
from northpost.campaigns.rules import Audience, Part
from northpost.contacts.models import ContactList, Purpose
from northpost.content.models import Template
from northpost.content.queries import newest_versions
from northpost.core import clock
from northpost.delivery.models import Route, Sender
from northpost.goals import kpis
from northpost.goals.models import Goal
from northpost.goals.words import title
from northpost.segments.models import Segment

CHOOSE = pgettext_lazy("from a list", "Choose")


class NewMailingForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=160,
        help_text=_("Only you and your colleagues see it."),
        widget=forms.TextInput(attrs={"autofocus": True}),
    )


class RenameForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=160)


def _offered(rows: QuerySet[Any], chosen: Iterable[int | None]) -> QuerySet[Any]:
    """What is in use, and what this mailing has chosen already, even if it was put away since."""
    return rows.filter(Q(archived_at=None) | Q(pk__in=[pk for pk in chosen if pk]))


def _choices(rows: Iterable[Model], empty: Any = None) -> list[tuple[Any, Any]]:
    found = [(row.pk, str(row)) for row in rows]
    return found if empty is None else [("", empty), *found]


def audience_choices(parts: list[dict[str, Any]]) -> list[tuple[Any, Any]]:
    """Segments and lists, as grouped choices with values such as ``segment:12``."""
    groups = []
    for kind, label, model in (("segment", _("Segments"), Segment), ("list", _("Lists"), ContactList)):
        chosen = [part[kind] for part in parts if kind in part]
        rows = _offered(model._default_manager.all(), chosen).order_by("name")
        if found := [(f"{kind}:{row.pk}", row.name) for row in rows]:
            groups.append((label, found))
    return groups


class WhoForm(forms.Form):
    """Whom it goes to, and from whom."""

    include = forms.MultipleChoiceField(
        label=_("Goes to people in any of"), required=False, widget=forms.CheckboxSelectMultiple
    )
    exclude = forms.MultipleChoiceField(label=_("and in none of"), required=False, widget=forms.CheckboxSelectMultiple)
    purpose = forms.TypedChoiceField(label=_("Who agreed to"), required=False, coerce=int, empty_value=None)
    sender = forms.TypedChoiceField(label=_("Comes from"), required=False, coerce=int, empty_value=None)

    def __init__(self, *args: Any, campaign: Campaign, **kwargs: Any) -> None:
        kwargs.setdefault("initial", _chosen(campaign))
        super().__init__(*args, **kwargs)
        include, exclude = campaign.audience.get("include", []), campaign.audience.get("exclude", [])
        self.fields["include"].choices = [("everyone", _("Everyone")), *audience_choices(include)]  # type: ignore[attr-defined]
        self.fields["exclude"].choices = audience_choices(exclude)  # type: ignore[attr-defined]
        self.fields["purpose"].choices = _choices(Purpose.objects.order_by("pk"), CHOOSE)  # type: ignore[attr-defined]
        senders = _offered(Sender.objects.order_by("-is_default", "name"), [campaign.sender_id])
        self.fields["sender"].choices = _choices(senders, CHOOSE)  # type: ignore[attr-defined]

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

    template = forms.TypedChoiceField(label=_("Template"), required=False, coerce=int, empty_value=None)
    default_language = forms.ChoiceField(label=_("For people who read another language"), required=False)
    goal = forms.TypedChoiceField(label=_("Serves the goal"), required=False, coerce=int, empty_value=None)

    def __init__(self, *args: Any, campaign: Campaign, **kwargs: Any) -> None:
        kwargs.setdefault(
            "initial",
            {"template": campaign.template_id, "default_language": campaign.default_language, "goal": campaign.goal_id},
        )
        super().__init__(*args, **kwargs)
        templates = _offered(Template.objects.order_by("name"), [campaign.template_id])
        self.fields["template"].choices = _choices(templates, CHOOSE)  # type: ignore[attr-defined]
        goals = Goal.objects.filter(Q(closed_at=None) | Q(pk=campaign.goal_id or 0)).order_by("deadline", "pk")
        named = [(goal.pk, title(goal, kpi) if (kpi := kpis.get(goal.kpi)) else goal.name) for goal in goals]
        self.fields["goal"].choices = [("", _("None")), *named]  # type: ignore[attr-defined]
        self.fields["default_language"].choices = self._languages(campaign)  # type: ignore[attr-defined]

    def _languages(self, campaign: Campaign) -> list[tuple[str, Any]]:
        """Those of the template chosen before and now: changing it must not make the old language an error."""
        templates = {str(self.data.get("template", "")), str(campaign.template_id or "")}
        written = {code for pk in templates if pk.isdecimal() for code in newest_versions(template_id=int(pk))}
        return [("", CHOOSE), *((code, get_language_info(code)["name_translated"]) for code in sorted(written))]


class WayForm(forms.Form):
    """Through which server it goes."""

    route = forms.TypedChoiceField(label=_("Goes through"), required=False, coerce=int, empty_value=None)
    canary = forms.BooleanField(
        label=_("First to a few people"),
        required=False,
        help_text=_(
            "A large mailing waits then until it is seen how they take it."
            " How large, and how long: Settings, “First to a few people”."
        ),
    )

    def __init__(self, *args: Any, campaign: Campaign, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"route": campaign.route_id, "canary": campaign.canary})
        super().__init__(*args, **kwargs)
        routes = _offered(Route.objects.order_by("-is_default", "name"), [campaign.route_id])
        self.fields["route"].choices = _choices(routes, CHOOSE)  # type: ignore[attr-defined]


class WhenForm(forms.Form):
    """A time to send it by itself."""

    at = forms.DateTimeField(
        label=_("Send by itself at"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    def __init__(self, *args: Any, campaign: Campaign, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"at": campaign.scheduled_at})
        super().__init__(*args, **kwargs)

    def clean_at(self) -> Any:
        at = self.cleaned_data["at"]
        if at <= clock.now():
            raise forms.ValidationError(_("That time has passed. Choose a later one, or send now."))
        return at


class TestMailForm(forms.Form):
    """Where a test mail goes."""

    email = forms.EmailField(label=_("Send a test to"))


class CanaryForm(forms.Form):
    """From which size on mailings go to a few people first."""

    enabled = forms.BooleanField(label=_("Large mailings go to a few people first"), required=False)
    over = forms.IntegerField(label=_("Large is: more people than"), min_value=1)
    percent = forms.IntegerField(label=_("So many percent get it first"), min_value=1, max_value=50)
    minutes = forms.IntegerField(label=_("Minutes until the others get it"), min_value=5, max_value=24 * 60)
