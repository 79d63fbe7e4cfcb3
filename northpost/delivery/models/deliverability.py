"""How mail fared, per day."""

from __future__ import annotations

from django.db import models

from northpost.core.tenancy import TenantModel


class DeliveryDay(TenantModel):
    """A day (in the workspace's zone) that mail was settled on. ``due``: what its figures rest on has changed since
    they were counted at ``counted_at``."""

    day = models.DateField()
    due = models.BooleanField(default=True)
    counted_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "delivery_day"
        constraints = [models.UniqueConstraint(fields=["workspace_id", "day"], name="delivery_day_once")]


class DeliveryCount(TenantModel):
    """Messages settled on a day, by the sender's and the recipient's domain; a blank ``domain`` stands for all those
    with few messages that day, and for people who were erased since.

    ``put_off`` counts those settled that had been put off before. ``hard``, ``soft`` and ``unwanted`` are bounces by
    class, whenever they came; ``opened`` and ``clicked`` are people, not machines.
    """

    day = models.DateField()
    sender_domain = models.CharField(max_length=253, blank=True, default="")
    domain = models.CharField(max_length=253, blank=True, default="")
    accepted = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    in_doubt = models.BigIntegerField(default=0)
    gave_up = models.BigIntegerField(default=0)
    put_off = models.BigIntegerField(default=0)
    hard = models.BigIntegerField(default=0)
    soft = models.BigIntegerField(default=0)
    unwanted = models.BigIntegerField(default=0)
    complained = models.BigIntegerField(default=0)
    opened = models.BigIntegerField(default=0)
    clicked = models.BigIntegerField(default=0)

    class Meta:
        db_table = "delivery_count"
        constraints = [
            models.UniqueConstraint(
                fields=["workspace_id", "day", "sender_domain", "domain"], name="delivery_count_once"
            ),
        ]
