"""How much a person lets go to one mailbox provider by a route, and what waits because of that."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from northpost.core.tenancy import TenantModel


class ProviderLimit(TenantModel):
    """No more than so many messages to a group of mailboxes (see limits.providers) by a route. Null: no such limit."""

    route_id = models.BigIntegerField()
    mx_group = models.CharField(max_length=80)
    per_minute = models.IntegerField(_("messages a minute at most"), null=True)
    per_hour = models.IntegerField(_("messages an hour at most"), null=True)
    per_day = models.IntegerField(_("messages in 24 hours at most"), null=True)
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "delivery_provider_limit"
        constraints = [
            models.UniqueConstraint(fields=["workspace_id", "route_id", "mx_group"], name="delivery_providerlimit_once")
        ]


class PutBehind(TenantModel):
    """Messages that a provider's limit holds back ``until`` then; they wait in the queue like all others, due then.

    Kept so that those which come later get behind them, and all are tried again when the limit is changed.
    """

    route_id = models.BigIntegerField()
    mx_group = models.CharField(max_length=80)
    until = models.DateTimeField()
    message_ids = ArrayField(models.BigIntegerField())

    class Meta:
        db_table = "delivery_put_behind"
        indexes = [models.Index(fields=["route_id", "mx_group", "until"], name="delivery_putbehind_idx")]
