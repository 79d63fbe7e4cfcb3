from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from northpost.campaigns.words import say_pause
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
    ``{"everyone": true}`` or ``{"rule": tree}``.

    ``pause_code`` and ``pause_params`` are why the program itself paused it or warns of it, to be worded for whoever
    reads it; ``pause_reason`` is a person's own words, or what was wrong when it should have started. ``canary``: a
    large one goes to a few people first; ``canary_until``: when it is looked at how they took it, the others wait.
    """

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
    pause_code = models.CharField(max_length=30, blank=True, default="")
    pause_params = models.JSONField(default=dict)
    canary = models.BooleanField(default=True)
    canary_until = models.DateTimeField(null=True)
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

    @property
    def pause_words(self) -> str:
        """Why it is paused, or what it is warned of, in the language that is active."""
        return say_pause(self.pause_code, self.pause_params) or self.pause_reason


class CanaryPolicy(TenantModel):
    """From which size on mailings go to a few first, one row a workspace. No row: the defaults."""

    enabled = models.BooleanField(default=True)
    over = models.IntegerField(_("for mailings to more than"), default=10_000)
    percent = models.IntegerField(_("first share in percent"), default=5)
    minutes = models.IntegerField(_("minutes to wait"), default=45)

    class Meta:
        db_table = "campaigns_canary"
        constraints = [models.UniqueConstraint(fields=["workspace_id"], name="campaigns_canary_once")]


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
