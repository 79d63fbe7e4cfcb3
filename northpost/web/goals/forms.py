"""Stating a goal and changing one."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from northpost.goals import kpis
from northpost.goals.kpis import Kpi, Unit
from northpost.goals.models import Goal, GoalKind, Group
from northpost.team.queries import members

AS_PERCENT, AS_NUMBER = "percent", "number"


def refuse(form: forms.Form, problems: dict[str, str]) -> None:
    """Put what an action refused at its fields."""
    for field, message in problems.items():
        form.add_error(field if field in form.fields else None, message)


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


def owners() -> list[tuple[str, str]]:
    return [("", str(_("Nobody yet"))), *((str(each.user_id), str(each.user)) for each in members())]


class GoalForm(forms.Form):
    """``target`` is in percent where ``as`` says so or the figure is a rate."""

    group = forms.ChoiceField(label=gettext_lazy("From whom"), choices=Group.choices)
    kpi = forms.ChoiceField(label=gettext_lazy("What is counted"))
    starts_on = forms.DateField(label=gettext_lazy("From"), widget=DayInput())
    deadline = forms.DateField(label=gettext_lazy("Until"), widget=DayInput())
    how = forms.ChoiceField(
        label=gettext_lazy("The target is"),
        choices=[(AS_PERCENT, gettext_lazy("a change in percent")), (AS_NUMBER, gettext_lazy("a figure to reach"))],
    )
    target = forms.DecimalField(label=gettext_lazy("Target"), max_digits=14, decimal_places=4, localize=True)
    kind = forms.ChoiceField(label=gettext_lazy("Kind of goal"), choices=GoalKind.choices)
    owner = forms.ChoiceField(label=gettext_lazy("Who sees to it"), required=False)
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=160,
        required=False,
        help_text=gettext_lazy("Left empty, it is named after what is counted."),
    )

    def __init__(self, *args: Any, money: bool, **kwargs: Any) -> None:
        """``money``: whether figures in money are offered."""
        super().__init__(*args, **kwargs)
        self.money = money
        suited = self.suited()
        self.fields["kpi"].choices = [(kpi.key, kpi.label) for kpi in suited]  # type: ignore[attr-defined]
        self.fields["owner"].choices = owners()  # type: ignore[attr-defined]

    def group_now(self) -> str:
        said = str(self.data.get("group") or self.initial.get("group") or "")
        return said if said in Group.values else Group.PROSPECTS.value

    def suited(self) -> list[Kpi]:
        """What can be counted of the group."""
        return [kpi for kpi in kpis.kpis(self.group_now()) if self.money or kpi.unit != Unit.MONEY]

    def kpi_now(self) -> Kpi:
        """The figure chosen, if it suits the group; else the first that does."""
        suited = self.suited()
        said = str(self.data.get("kpi") or self.initial.get("kpi") or "")
        return next((kpi for kpi in suited if kpi.key == said), suited[0])

    def wishes(self) -> dict[str, Any]:
        """For actions.state_goal."""
        said = self.cleaned_data
        target: Decimal = said["target"]
        how: dict[str, Any] = {"change_percent": target}
        if said["how"] == AS_NUMBER:
            how = {"target": target / 100 if self.kpi_now().unit == Unit.RATE else target}
        return {
            "group": said["group"],
            "kpi": said["kpi"],
            "starts_on": said["starts_on"],
            "deadline": said["deadline"],
            "kind": said["kind"],
            "owner_id": int(said["owner"]) if said["owner"] else None,
            "name": said["name"],
            **how,
        }


class ChangeForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=160)
    target = forms.DecimalField(label=gettext_lazy("Target"), max_digits=14, decimal_places=4, localize=True)
    deadline = forms.DateField(label=gettext_lazy("Until"), widget=DayInput())
    kind = forms.ChoiceField(label=gettext_lazy("Kind of goal"), choices=GoalKind.choices)
    owner = forms.ChoiceField(label=gettext_lazy("Who sees to it"), required=False)

    def __init__(self, data: Any, *, goal: Goal, kpi: Kpi) -> None:
        self.rate = kpi.unit == Unit.RATE
        target = goal.target * 100 if self.rate else goal.target
        initial = {
            "name": goal.name,
            "target": target.normalize() if target != target.to_integral_value() else int(target),
            "deadline": goal.deadline,
            "kind": goal.kind,
            "owner": str(goal.owner_id or ""),
        }
        super().__init__(data, initial=initial)
        self.fields["owner"].choices = owners()  # type: ignore[attr-defined]
        if self.rate:
            self.fields["target"].label = _("Target in percent")

    def wishes(self) -> dict[str, Any]:
        """For actions.change_goal."""
        said = self.cleaned_data
        return {
            "name": said["name"],
            "target": said["target"] / 100 if self.rate else said["target"],
            "deadline": said["deadline"],
            "kind": said["kind"],
            "owner_id": int(said["owner"]) if said["owner"] else None,
        }


def usual_dates(today: date) -> dict[str, date]:
    """A quarter of a year from today."""
    return {"starts_on": today, "deadline": today + timedelta(days=90)}
