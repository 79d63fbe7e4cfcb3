"""What the gate holds every marketing message to."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from northpost.core.tenancy import TenantModel


class Policy(TenantModel):
    """What the gate holds every marketing message to, one row a workspace. No row: no cap, no quiet hours."""

    cap_messages = models.IntegerField(_("messages at most"), null=True)
    cap_days = models.IntegerField(_("within days"), default=7)
    quiet_from = models.TimeField(_("quiet from"), null=True)
    quiet_until = models.TimeField(_("quiet until"), null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace_id"], name="delivery_policy_once")]
