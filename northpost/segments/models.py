from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from northpost.core.tenancy import TenantModel


class Segment(TenantModel):
    """A saved rule: a typed tree as JSON (see rules.py). Never SQL."""

    name = models.CharField(_("name"), max_length=160)
    rule = models.JSONField()
    created_by_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class SegmentSize(TenantModel):
    """How many people a segment held on a day."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="sizes")
    day = models.DateField()
    size = models.BigIntegerField()

    class Meta:
        db_table = "segments_size"
        constraints = [models.UniqueConstraint(fields=["workspace_id", "segment", "day"], name="segments_size_once")]


class Stage(models.TextChoices):
    """Where a customer is in the life cycle. Suppliers, journalists and partners have a role instead of a stage."""

    PROSPECT = "prospect", _("Prospect")
    NEW = "new", _("New customer")
    ACTIVE = "active", _("Active customer")
    AT_RISK = "at_risk", _("At risk")
    LAPSED = "lapsed", _("Lapsed")
    WON_BACK = "won_back", _("Won back")


class Lifecycle(TenantModel):
    """The stage that a contact is in now, and since when."""

    contact_id = models.BigIntegerField()
    stage = models.CharField(max_length=10, choices=Stage.choices)
    since = models.DateTimeField()

    class Meta:
        db_table = "segments_lifecycle"
        constraints = [models.UniqueConstraint(fields=["workspace_id", "contact_id"], name="segments_lifecycle_once")]
        indexes = [models.Index(fields=["workspace_id", "stage"], name="segments_lifecycle_stage_idx")]


class Move(TenantModel):
    """A dated move from one stage to another; ``from_stage`` is blank for the first."""

    contact_id = models.BigIntegerField()
    from_stage = models.CharField(max_length=10, blank=True, default="")
    to_stage = models.CharField(max_length=10, choices=Stage.choices)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["workspace_id", "contact_id", "at"], name="segments_move_contact_idx"),
            models.Index(fields=["workspace_id", "to_stage", "at"], name="segments_move_stage_idx"),
        ]


class Thresholds(TenantModel):
    """Days since the last order after which a customer is at risk and lapsed; how long a customer counts as new."""

    new_days = models.IntegerField(default=60)
    at_risk_days = models.IntegerField(default=180)
    lapsed_days = models.IntegerField(default=365)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace_id"], name="segments_thresholds_once")]
