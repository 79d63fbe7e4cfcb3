from __future__ import annotations

from django.db import models

from northpost.core.tenancy import TenantModel


class Daily(TenantModel):
    """What was counted on one day (in the workspace's zone): adds up over any range.

    ``source`` is e.g. ``campaign:12`` or blank; ``amount`` is money in ``currency``, for kinds that have a value.
    """

    day = models.DateField()
    kind = models.CharField(max_length=60)
    source = models.CharField(max_length=60, blank=True, default="")
    currency = models.CharField(max_length=3, blank=True, default="")
    count = models.BigIntegerField(default=0)
    amount = models.DecimalField(max_digits=18, decimal_places=2, default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace_id", "day", "kind", "source", "currency"], name="analytics_daily_once"
            ),
        ]


class Touch(TenantModel):
    """An order credited to the last message clicked by a person within the window before it (law 9: touched)."""

    order_id = models.BigIntegerField()
    message_id = models.BigIntegerField()
    source_kind = models.CharField(max_length=20)
    source_id = models.BigIntegerField()
    contact_id = models.BigIntegerField()
    clicked_at = models.DateTimeField()
    ordered_at = models.DateTimeField()
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace_id", "order_id"], name="analytics_touch_once")]
        indexes = [
            models.Index(fields=["workspace_id", "source_kind", "source_id"], name="analytics_touch_source_idx"),
        ]
