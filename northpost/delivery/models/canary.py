"""What is held back of a large source until its first share has shown how it is taken."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from northpost.core.tenancy import TenantModel


class HeldBatch(TenantModel):
    """A batch that is kept from the waiting ones (:class:`~.waiting.WaitingBatch`) until somebody lets it go; the
    messages are queued all the while. Goes with the source when that is cancelled."""

    source_kind = models.CharField(max_length=20)
    source_id = models.BigIntegerField()
    priority = models.SmallIntegerField()
    due_at = models.DateTimeField()
    message_ids = ArrayField(models.BigIntegerField())

    class Meta:
        db_table = "delivery_held"
        indexes = [models.Index(fields=["source_kind", "source_id", "id"], name="delivery_held_source_idx")]
