"""Tracked links, and the openings and clicks that come in."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from northpost.core.tenancy import TenantModel


class Link(TenantModel):
    """A tracked address in a mailing: where a click leads comes from here, never from the query."""

    source_kind = models.CharField(max_length=20)
    source_id = models.BigIntegerField()
    url = models.TextField()
    label = models.CharField(max_length=200, blank=True, default="")
    position = models.IntegerField(default=0)
    url_hash = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace_id", "source_kind", "source_id", "url_hash"], name="delivery_link_once"
            ),
        ]


class HitKind(models.TextChoices):
    OPEN = "open", _("Opened")
    CLICK = "click", _("Clicked")


class Hit(TenantModel):
    """An opening or a click as it came in, kept until it can be told whether a machine did it.

    ``link_id`` 0 is the hidden link. ``url`` is set where the address was the person's own.
    """

    key = models.CharField(max_length=40)
    kind = models.CharField(max_length=5, choices=HitKind.choices)
    message_id = models.BigIntegerField()
    link_id = models.BigIntegerField(null=True)
    url = models.TextField(blank=True, default="")
    at = models.DateTimeField()
    method = models.CharField(max_length=8, default="GET")
    agent = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["workspace_id", "at"], name="delivery_hit_at_idx")]
