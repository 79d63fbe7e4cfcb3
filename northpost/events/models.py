"""The event log. Its tables are made by SQL in the migrations (partitions); the models read them."""

from __future__ import annotations

from django.db import models

from northpost.core.tenancy import TenantModel


class Event(TenantModel):
    """Something that happened to or by a contact, at ``occurred_at``; known here since ``recorded_at``.

    ``kind`` is a dotted name, noun first: mail.opened, order.placed. ``machine`` marks what was probably done by
    a scanner or proxy (law 8), ``backfill`` history that triggers nothing. ``source`` names what caused it,
    e.g. ``campaign:12``. ``recorded_xid`` is the writing transaction, by which consumers read in commit-safe order.
    """

    contact_id = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=60)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    value = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    currency = models.CharField(max_length=3, null=True)
    source = models.CharField(max_length=60, null=True)
    message_id = models.BigIntegerField(null=True)
    machine = models.BooleanField(default=False)
    backfill = models.BooleanField(default=False)
    properties = models.JSONField(default=dict)

    class Meta:
        managed = False
        db_table = "events_event"


class Cursor(TenantModel):
    """How far a consumer has read in a workspace: committed together with what it did."""

    consumer = models.CharField(max_length=60)
    xid = models.BigIntegerField(default=0)
    event_id = models.BigIntegerField(default=0)
    moved_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace_id", "consumer"], name="events_cursor_once")]
