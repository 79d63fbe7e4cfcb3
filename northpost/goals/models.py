from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from northpost.core.tenancy import TenantModel


class Group(models.TextChoices):
    """Groups of people that goals are stated for."""

    PROSPECTS = "prospects", _("Prospects")
    NEW = "new", _("New customers")
    ACTIVE = "active", _("Active customers")
    AT_RISK = "at_risk", _("Customers at risk")
    LAPSED = "lapsed", _("Lapsed customers")
    PARTNERS = "partners", _("Partners")
    EVERYONE = "everyone", _("Everyone")


class GoalKind(models.TextChoices):
    STRATEGIC = "strategic", _("Strategic")
    COMMERCIAL = "commercial", _("Commercial")
    REPUTATIONAL = "reputational", _("Reputational")


class EndGoal(TenantModel):
    """What the firm wants from a group in the end, in its own words: a first purchase, more and more often, back."""

    group = models.CharField(max_length=12, choices=Group.choices)
    text = models.CharField(_("end goal"), max_length=300)

    class Meta:
        db_table = "goals_end_goal"
        constraints = [models.UniqueConstraint(fields=["workspace_id", "group"], name="goals_end_goal_once")]


class Goal(TenantModel):
    """A figure to reach. ``kpi`` is a key of the catalogue; baseline and target are in its unit, measured over
    a period as long as the one from ``starts_on`` to ``deadline``."""

    name = models.CharField(_("name"), max_length=160)
    group = models.CharField(_("group"), max_length=12, choices=Group.choices)
    kind = models.CharField(_("kind"), max_length=12, choices=GoalKind.choices)
    kpi = models.CharField(_("figure"), max_length=60)
    baseline = models.DecimalField(_("baseline"), max_digits=16, decimal_places=4)
    baseline_from = models.DateField()
    baseline_until = models.DateField()
    target = models.DecimalField(_("target"), max_digits=16, decimal_places=4)
    starts_on = models.DateField(_("starts"))
    deadline = models.DateField(_("deadline"))
    owner_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class Reading(TenantModel):
    """What the KPI had come to by the end of a day."""

    goal = models.ForeignKey(Goal, on_delete=models.CASCADE, related_name="readings")
    day = models.DateField()
    value = models.DecimalField(max_digits=16, decimal_places=4)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace_id", "goal", "day"], name="goals_reading_once")]


class Change(TenantModel):
    """A line of a goal's history: who changed what, from what, to what."""

    goal = models.ForeignKey(Goal, on_delete=models.CASCADE, related_name="changes")
    field = models.CharField(max_length=40)
    before = models.TextField(blank=True, default="")
    after = models.TextField(blank=True, default="")
    by_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()
