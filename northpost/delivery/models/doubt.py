"""Which messages are in doubt, and how those that were have been settled."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from northpost.core.tenancy import TenantModel


class Doubt(TenantModel):
    """Where to look for messages in doubt: a few among millions, of which the ledger keeps no index by state.

    Whether it is in doubt still, the ledger says.
    """

    message_id = models.BigIntegerField()
    source_kind = models.CharField(max_length=20)
    source_id = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message_id"], name="delivery_doubt_once")]
        indexes = [models.Index(fields=["source_kind", "source_id"], name="delivery_doubt_source_idx")]


class Verdict(models.TextChoices):
    DELIVERED = "delivered", _("was delivered")
    REFUSED = "refused", _("was refused")
    AGAIN = "again", _("was not delivered: send again")
    LEFT = "left", _("stays in doubt")


class Evidence(models.TextChoices):
    """What a verdict rests on."""

    PERSON = "person", _("somebody's decision")
    LOG = "log", _("the mail server's log")
    WEBHOOK = "webhook", _("the provider's report")
    HIT = "hit", _("it was opened or clicked")
    RETURN = "return", _("what came back by mail")


class Resolution(TenantModel):
    """A verdict on a message that was in doubt. ``user_id``: who decided; ``told``: the words it rests on."""

    message_id = models.BigIntegerField()
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    evidence = models.CharField(max_length=10, choices=Evidence.choices)
    told = models.CharField(max_length=300, blank=True, default="")
    user_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["message_id"], name="delivery_resolution_idx")]
