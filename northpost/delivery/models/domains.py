"""The domains that mail comes from: what the DNS says of them, and the keys that sign for them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from northpost.core.tenancy import TenantModel


class SendingDomain(TenantModel):
    """A domain of the workspace's senders, in ASCII, with what was last found about it.

    ``findings`` is the list that domains.check.DomainCheck.to_json gives; ``asked_at`` when it was asked for last,
    ``checked_at`` when the DNS last answered all of it.
    """

    domain = models.CharField(max_length=253)
    findings = models.JSONField(default=list)
    asked_at = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace_id", "domain"], name="delivery_domain_once")]


class DkimKeyState(models.TextChoices):
    WAITING = "waiting", _("Waits to be published")
    SIGNING = "signing", _("Signs")
    REPLACED = "replaced", _("Replaced")
    RETIRED = "retired", _("Retired")


class DkimKey(TenantModel):
    """A key pair under a selector of its own: made, published, signing, replaced by the next, retired.

    A replaced key's record must stay published while mail that it signed is on its way.
    """

    domain = models.CharField(max_length=253)
    selector = models.CharField(max_length=63)
    algorithm = models.CharField(max_length=10)
    private_sealed = models.TextField()
    public = models.TextField()
    state = models.CharField(max_length=10, choices=DkimKeyState.choices, default=DkimKeyState.WAITING)
    created_at = models.DateTimeField()
    signing_at = models.DateTimeField(null=True)
    replaced_at = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace_id", "domain", "selector"], name="delivery_dkim_key_once")
        ]
