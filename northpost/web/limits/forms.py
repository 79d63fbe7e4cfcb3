"""The forms of the limits."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from northpost.delivery.errors import DeliveryProblem
from northpost.delivery.limits import warming
from northpost.delivery.models import Route, RouteKind

MOST = 1_000_000_000


class CeilingForm(forms.Form):
    per_hour = forms.IntegerField(label=_("Messages an hour at most"), required=False, min_value=1)
    per_day = forms.IntegerField(
        label=_("Messages in 24 hours at most"),
        required=False,
        min_value=1,
        help_text=_("Over all servers together. Empty: no limit of your own."),
    )


class StepsForm(forms.Form):
    """What can be changed while a plan runs."""

    starts_on = forms.DateField(
        label=_("First day"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Before it nothing leaves from this domain by this server."),
    )
    first_day = forms.IntegerField(
        label=_("Messages on the first day"), initial=50, min_value=1, max_value=warming.MOST_MESSAGES
    )
    factor = forms.DecimalField(
        label=_("Each day so many times more"),
        initial=Decimal("2"),
        min_value=warming.SMALLEST_FACTOR,
        max_value=warming.LARGEST_FACTOR,
        max_digits=4,
        decimal_places=2,
        help_text=_("1.5 is careful, 2 is usual."),
    )
    end_volume = forms.IntegerField(
        label=_("Until so many a day"),
        initial=50_000,
        min_value=2,
        max_value=warming.MOST_MESSAGES,
        help_text=_("What you send on a large day. From there on nothing is held back."),
    )
    steps = forms.CharField(
        label=_("Or the first days, one by one"),
        required=False,
        max_length=600,
        help_text=_("As your provider advises, with commas: 50, 100, 500, 1000. After them it grows as above."),
    )

    def clean_steps(self) -> list[int]:
        try:
            return warming.read_steps(self.cleaned_data["steps"])
        except DeliveryProblem as problem:
            raise forms.ValidationError(problem.message) from problem


class WarmUpForm(StepsForm):
    route_id = forms.TypedChoiceField(label=_("Server"), coerce=int)
    domain = forms.CharField(
        label=_("Sender's domain"), max_length=255, help_text=_("What stands behind the @ of the sender's address.")
    )
    field_order = ("route_id", "domain", "starts_on", "first_day", "factor", "end_volume", "steps")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["route_id"].choices = _servers()  # type: ignore[attr-defined]


class NumbersForm(forms.Form):
    """How much may go to a mailbox provider."""

    per_minute = forms.IntegerField(label=_("Messages a minute at most"), required=False, min_value=1, max_value=MOST)
    per_hour = forms.IntegerField(label=_("Messages an hour at most"), required=False, min_value=1, max_value=MOST)
    per_day = forms.IntegerField(
        label=_("Messages in 24 hours at most"),
        required=False,
        min_value=1,
        max_value=MOST,
        help_text=_("Fill in one of these or several. What does not fit waits; mail to others goes on."),
    )


class ProviderLimitForm(NumbersForm):
    provider = forms.CharField(
        label=_("Mailbox provider"),
        max_length=255,
        widget=forms.TextInput(attrs={"list": "providers", "autocomplete": "off"}),
        help_text=_("Its name, such as Gmail, or a domain, such as abv.bg. All domains of a provider count together."),
    )
    route_id = forms.TypedChoiceField(label=_("Server"), coerce=int)
    field_order = ("provider", "route_id", "per_minute", "per_hour", "per_day")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["route_id"].choices = _servers()  # type: ignore[attr-defined]


def _servers() -> list[tuple[int, str]]:
    """Those that really send."""
    servers = Route.objects.filter(archived_at=None).exclude(kind=RouteKind.MAILBOX).order_by("-is_default", "name")
    return [(one.pk, one.name) for one in servers]
