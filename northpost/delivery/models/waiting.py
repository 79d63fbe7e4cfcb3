"""What waits to be sent, in batches, and what workers hold."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from northpost.core.tenancy import TenantModel


class WaitingBatch(TenantModel):
    """Messages of one source and priority that are due together (``message_ids``, by id): what a claim looks for.

    Every message that is queued or deferred is in one. Which are, the ledger says: those that are not any more
    (cancelled, say) are passed by when the batch is claimed. A row for some 500 messages, and not for each, keeps
    the queue short: a claim finds its work at once, even while a backup of hours keeps every deleted row in its way.
    """

    source_kind = models.CharField(max_length=20)
    source_id = models.BigIntegerField()
    priority = models.SmallIntegerField()
    due_at = models.DateTimeField()
    message_ids = ArrayField(models.BigIntegerField())

    class Meta:
        db_table = "delivery_waiting"
        indexes = [
            models.Index(
                fields=["source_kind", "source_id", "priority", "due_at", "id"], name="delivery_waiting_due_idx"
            ),
        ]


class Claim(TenantModel):
    """What a worker has taken into its hands (``message_ids``), and until when that holds unless it says it lives.

    ``run``: of the sender; several share what a route may be asked at once. ``begun_ids``: those that it has marked as
    being sent, or given back; the others are claimed, and wait again if it is gone. Goes when all are settled.
    """

    claim = models.UUIDField()
    run = models.UUIDField()
    message_ids = ArrayField(models.BigIntegerField())
    begun_ids = ArrayField(models.BigIntegerField(), default=list)
    lease_until = models.DateTimeField()

    class Meta:
        db_table = "delivery_claim"
        constraints = [models.UniqueConstraint(fields=["claim"], name="delivery_claim_once")]
