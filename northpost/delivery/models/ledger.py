"""The ledger (laws 3 and 4): sources, messages, and what may become of them."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from northpost.core.tenancy import TenantModel


class SourceState(models.TextChoices):
    ACTIVE = "active", _("Sending")
    PAUSED = "paused", _("Paused")
    CANCELLED = "cancelled", _("Cancelled")
    FINISHED = "finished", _("Finished")


class Source(TenantModel):
    """What messages come from (``campaign`` 12), whether they may leave now, by which route, and how it goes.

    The counts move in the transactions that settle messages; they serve the breakers. ``late_bounced_count``: of the
    accepted ones, those that came back. ``breaker`` is the highest
    level reached: warn, pause or stop. ``priorities``: those that its messages have, so that a claim can look for the
    due ones of each by index. ``sender_domain``: where its mail comes from, once some has been made.
    """

    source_kind = models.CharField(max_length=20)
    source_id = models.BigIntegerField()
    route_id = models.BigIntegerField(null=True)
    state = models.CharField(max_length=10, choices=SourceState.choices, default=SourceState.ACTIVE)
    pause_reason = models.CharField(max_length=300, blank=True, default="")
    breaker = models.CharField(max_length=10, blank=True, default="")
    priorities = ArrayField(models.SmallIntegerField(), default=list)
    sender_domain = models.CharField(max_length=253, blank=True, default="")
    accepted_count = models.BigIntegerField(default=0)
    rejected_count = models.BigIntegerField(default=0)
    in_doubt_count = models.BigIntegerField(default=0)
    late_bounced_count = models.BigIntegerField(default=0)
    complained_count = models.BigIntegerField(default=0)
    enqueued_at = models.DateTimeField(null=True)
    enqueued_times = models.IntegerField(default=0)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace_id", "source_kind", "source_id"], name="delivery_source_once"),
        ]


class MessageState(models.TextChoices):
    QUEUED = "queued", _("Waiting")
    SENDING = "sending", _("Being sent")
    ACCEPTED = "accepted", _("Sent")
    DEFERRED = "deferred", _("To be tried again")
    REJECTED = "rejected", _("Refused")
    IN_DOUBT = "in_doubt", _("In doubt")
    SKIPPED = "skipped", _("Not sent")


class SkipReason(models.TextChoices):
    """Why a message was not sent."""

    NO_ADDRESS = "no_address", _("no e-mail address")
    NO_CONSENT = "no_consent", _("has not agreed")
    SUPPRESSED = "suppressed", _("address is suppressed")
    FREQUENCY_CAP = "frequency_cap", _("would be too many messages")
    EXPIRED = "expired", _("its time had passed")
    CANCELLED = "cancelled", _("the mailing was cancelled")
    RENDER_FAILED = "render_failed", _("the mail could not be made for this person")
    ERASED = "erased", _("the person was erased")
    GAVE_UP = "gave_up", _("the server kept putting it off")
    BAD_ADDRESS = "bad_address", _("the address can't be written to")


class Message(TenantModel):
    """One line of the ledger: a message to a contact from one source (``campaign`` 12), and what became of it.

    ``claim`` fences: only the worker that marked it may move a message that is being sent on. Whoever makes a message
    ``queued`` or ``deferred`` puts it into a batch that waits (:class:`~.waiting.WaitingBatch`); whether a worker has
    taken it up, that worker's claim says (:class:`~.waiting.Claim`).
    ``opened_at`` and ``clicked_at`` are the first by a person; what machines did is in the event log only.
    """

    source_kind = models.CharField(max_length=20)
    source_id = models.BigIntegerField()
    contact_id = models.BigIntegerField()
    email = models.CharField(max_length=254, null=True)
    send_to = models.CharField(max_length=254, null=True)
    purpose_id = models.BigIntegerField(null=True)
    route_id = models.BigIntegerField(null=True)
    state = models.CharField(max_length=10, choices=MessageState.choices)
    reason = models.CharField(max_length=20, blank=True, default="")
    priority = models.SmallIntegerField(default=50)
    language = models.CharField(max_length=8, blank=True, default="")
    variant = models.SmallIntegerField(default=0)
    context = models.JSONField(null=True)
    due_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    attempts = models.SmallIntegerField(default=0)
    claim = models.UUIDField(null=True)
    enqueued_at = models.DateTimeField()
    sending_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    reply_code = models.SmallIntegerField(null=True)
    reply_enhanced = models.CharField(max_length=12, blank=True, default="")
    reply_text = models.CharField(max_length=500, blank=True, default="")
    opened_at = models.DateTimeField(null=True)
    clicked_at = models.DateTimeField(null=True)
    unsubscribed_at = models.DateTimeField(null=True)
    complained_at = models.DateTimeField(null=True)
    bounced_at = models.DateTimeField(null=True)

    class Meta:
        # None of the large indexes holds workspace_id: the wall adds that condition to every statement, and for a
        # workspace that is new to the statistics such an index looks like the way to a handful of rows. A statement
        # then reads a whole ledger for its 500 messages instead of looking them up by primary key.
        # And none has a column that changes on a message's way, but one that only sums up pages (BRIN): so that the way
        # costs two new versions of the row on its own page (the table's fillfactor leaves room), and no index entry.
        constraints = [
            models.UniqueConstraint(
                fields=["source_kind", "source_id", "contact_id"],
                name="delivery_message_once",
            ),
        ]
        indexes = [
            models.Index(fields=["contact_id", "-enqueued_at"], name="delivery_message_contact_idx"),
            BrinIndex(
                fields=["settled_at"], name="delivery_message_settled_brin", autosummarize=True, pages_per_range=16
            ),
        ]
