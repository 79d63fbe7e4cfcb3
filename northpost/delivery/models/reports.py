"""What e-mail services report."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from northpost.core.tenancy import TenantModel


class ReportKind(models.TextChoices):
    DELIVERED = "delivered", _("was delivered")
    BOUNCED = "bounced", _("came back")
    COMPLAINED = "complained", _("was reported as spam")
    UNSUBSCRIBED = "unsubscribed", _("was unsubscribed from")
    OPENED = "opened", _("was opened")


class ServiceReport(TenantModel):
    """One report of a service on one of our messages: taken in at once, applied a moment later (``applied_at``).

    ``key`` makes it count once. ``nonce``: of services whose signature covers a random token only; used up by one
    report, whatever another one says. ``hard``: the service says that the address is no good.
    """

    route_id = models.BigIntegerField()
    key = models.CharField(max_length=64)
    nonce = models.CharField(max_length=64, null=True)
    message_id = models.BigIntegerField()
    kind = models.CharField(max_length=12, choices=ReportKind.choices)
    hard = models.BooleanField(default=False)
    code = models.SmallIntegerField(null=True)
    enhanced = models.CharField(max_length=12, blank=True, default="")
    text = models.CharField(max_length=500, blank=True, default="")
    agent = models.CharField(max_length=300, blank=True, default="")
    at = models.DateTimeField()
    received_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace_id", "key"], name="delivery_servicereport_once"),
            models.UniqueConstraint(fields=["workspace_id", "nonce"], name="delivery_servicereport_nonce_once"),
        ]
        indexes = [
            models.Index(
                fields=["workspace_id", "id"],
                name="delivery_servicereport_new",
                condition=models.Q(applied_at=None),
            )
        ]
