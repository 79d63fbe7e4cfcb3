from __future__ import annotations

from django.db import models

from northpost.core.tenancy import TenantModel


class Mail(TenantModel):
    """A mail that arrived. ``raw`` is the message as received, compressed with zlib."""

    sender = models.CharField(max_length=320)
    recipient = models.CharField(max_length=320)
    subject = models.CharField(max_length=500)
    raw = models.BinaryField()
    size = models.IntegerField()
    received_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["workspace_id", "-id"], name="mailbox_mail_newest_idx")]
