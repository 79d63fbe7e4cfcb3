"""Addresses that get nothing."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from northpost.core.tenancy import TenantModel


class SuppressionReason(models.TextChoices):
    HARD_BOUNCE = "hard_bounce", _("the address does not exist")
    SOFT_BOUNCES = "soft_bounces", _("kept bouncing")
    COMPLAINT = "complaint", _("reported as spam")
    UNSUBSCRIBED = "unsubscribed", _("asked for no more mail")
    MANUAL = "manual", _("put here by hand")
    ERASED = "erased", _("the person was erased")


class Suppression(TenantModel):
    """An address that gets nothing. ``email_hash``, sha256(key || lower-case address), is what an erasure leaves."""

    email_key = models.CharField(max_length=254, null=True)
    email_hash = models.BinaryField(max_length=32)
    reason = models.CharField(max_length=20, choices=SuppressionReason.choices)
    message_id = models.BigIntegerField(null=True)
    since = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace_id", "email_hash"], name="delivery_suppression_once")]


class InstallationSuppression(models.Model):
    """An address that gets nothing from anybody on this installation: of whoever runs it, not of a workspace.

    Stands behind no wall on purpose: the gate of every workspace looks into it, by ``email_hash`` as in
    :class:`Suppression`. Only the command ``northpost suppress`` writes and shows it; no page does.
    """

    id = models.BigAutoField(primary_key=True)
    email_key = models.CharField(max_length=254)
    email_hash = models.BinaryField(max_length=32, unique=True)
    why = models.CharField(max_length=300, blank=True, default="")
    since = models.DateTimeField()

    class Meta:
        db_table = "delivery_installation_suppression"
