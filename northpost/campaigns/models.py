from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from northpost.core.tenancy import TenantModel


class CampaignState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    SCHEDULED = "scheduled", _("Scheduled")
    FREEZING = "freezing", _("Choosing people")
    SENDING = "sending", pgettext_lazy("a mailing", "Sending")
    PAUSED = "paused", pgettext_lazy("a mailing", "Paused")
    SENT = "sent", pgettext_lazy("a mailing", "Sent")
    CANCELLED = "cancelled", pgettext_lazy("a mailing", "Cancelled")


class Campaign(TenantModel):
    """A mailing. ``audience`` is ``{"include": [...], "exclude": [...]}`` of ``{"segment": id}``, ``{"list": id}``,
    ``{"everyone": true}`` or ``{"rule": tree}``."""

    name = models.CharField(_("name"), max_length=160)
    state = models.CharField(max_length=10, choices=CampaignState.choices, default=CampaignState.DRAFT)
    audience = models.JSONField(default=dict)
    purpose_id = models.BigIntegerField(null=True)
    template_id = models.BigIntegerField(null=True)
    default_language = models.CharField(max_length=8, blank=True, default="")
    sender_id = models.BigIntegerField(null=True)
    route_id = models.BigIntegerField(null=True)
    goal_id = models.BigIntegerField(null=True)
    scheduled_at = models.DateTimeField(_("when"), null=True)
    pause_reason = models.CharField(max_length=300, blank=True, default="")
    created_by_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    archived_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["workspace_id", "-created_at"], name="campaigns_created_idx"),
            models.Index(fields=["workspace_id", "state", "scheduled_at"], name="campaigns_state_idx"),
        ]

    def __str__(self) -> str:
        return self.name


class CampaignContent(TenantModel):
    """The template version that a mailing sends in one language, pinned when it starts."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="contents")
    language = models.CharField(max_length=8)
    version_id = models.BigIntegerField()

    class Meta:
        db_table = "campaigns_content"
        constraints = [
            models.UniqueConstraint(fields=["workspace_id", "campaign", "language"], name="campaigns_content_once"),
        ]


class CampaignTest(TenantModel):
    """A test mail: which version, as whom, to whom."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="tests")
    version_id = models.BigIntegerField()
    contact_id = models.BigIntegerField()
    to = models.CharField(max_length=254)
    at = models.DateTimeField()

    class Meta:
        db_table = "campaigns_test"
