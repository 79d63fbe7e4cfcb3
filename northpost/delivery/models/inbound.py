"""What comes back: the inboxes that are read, the mails found there, and the DMARC reports among them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from northpost.core.tenancy import TenantModel
from northpost.delivery.models.routes import Security


class Protocol(models.TextChoices):
    IMAP = "imap", _("IMAP")
    POP3 = "pop3", _("POP3")


class Inbox(TenantModel):
    """A mailbox elsewhere that is emptied every few minutes.

    ``folder`` is read; what was taken is moved to ``done_folder``, or deleted where that is empty (POP3 knows no
    folders). ``problem`` is why the last look failed, as one of inbound.inboxes' codes; empty: it went well.
    """

    name = models.CharField(_("name"), max_length=120)
    protocol = models.CharField(max_length=4, choices=Protocol.choices, default=Protocol.IMAP)
    host = models.CharField(_("server"), max_length=255)
    port = models.IntegerField(_("port"), default=993)
    security = models.CharField(_("encryption"), max_length=10, choices=Security.choices, default=Security.TLS)
    username = models.CharField(_("user name"), max_length=255)
    password_sealed = models.TextField(blank=True, default="")
    folder = models.CharField(_("folder"), max_length=200, blank=True, default="INBOX")
    done_folder = models.CharField(max_length=200, blank=True, default="")
    looked_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=20, blank=True, default="")
    problem_text = models.CharField(max_length=300, blank=True, default="")
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class Way(models.TextChoices):
    """How a mail came in."""

    IMAP = "imap", _("IMAP")
    POP3 = "pop3", _("POP3")
    PIPE = "pipe", _("command")
    LMTP = "lmtp", _("LMTP")


class InboundState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    DONE = "done", _("Read")
    REFUSED = "refused", _("Refused")


class InboundKind(models.TextChoices):
    BOUNCE = "bounce", _("Bounce")
    DELAY = "delay", _("Delay")
    COMPLAINT = "complaint", _("Spam report")
    REPLY = "reply", _("Reply")
    AUTO_REPLY = "auto_reply", _("Automatic reply")
    DMARC = "dmarc", _("DMARC report")
    UNKNOWN = "unknown", _("Not recognised")


class InboundMail(TenantModel):
    """A mail that came in, and what was made of it.

    ``raw``: as received, compressed with zlib; let go after inbound.keeping.KEPT. ``digest`` makes it one row however
    often it is handed in. ``message_id`` and ``contact_id``: whom it is about, only where a token of ours proves it.
    ``sender_key``, ``about_key``: addresses to compare, of who wrote it and of whom a bounce names. ``detail``: why it
    was refused or what could not be told, as a code. ``text``: of a reply, its own words.
    """

    digest = models.BinaryField(max_length=32)
    raw = models.BinaryField(null=True)
    size = models.IntegerField()
    way = models.CharField(max_length=4, choices=Way.choices)
    envelope_recipient = models.CharField(max_length=320, blank=True, default="")
    received_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=InboundState.choices, default=InboundState.WAITING)
    kind = models.CharField(max_length=10, choices=InboundKind.choices, blank=True, default="")
    blame = models.CharField(max_length=10, blank=True, default="")
    code = models.SmallIntegerField(null=True)
    enhanced = models.CharField(max_length=12, blank=True, default="")
    diagnostic = models.CharField(max_length=500, blank=True, default="")
    detail = models.CharField(max_length=40, blank=True, default="")
    message_id = models.BigIntegerField(null=True)
    contact_id = models.BigIntegerField(null=True)
    sender_key = models.CharField(max_length=254, blank=True, default="")
    about_key = models.CharField(max_length=254, blank=True, default="")
    subject = models.CharField(max_length=300, blank=True, default="")
    text = models.TextField(blank=True, default="")
    read_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "delivery_inbound_mail"
        constraints = [models.UniqueConstraint(fields=["workspace_id", "digest"], name="delivery_inbound_once")]
        indexes = [
            models.Index(fields=["workspace_id", "-received_at", "-id"], name="delivery_inbound_newest_idx"),
            models.Index(
                fields=["workspace_id", "id"],
                name="delivery_inbound_waiting_idx",
                condition=models.Q(state="waiting"),
            ),
            models.Index(fields=["message_id"], name="delivery_inbound_message_idx"),
            models.Index(fields=["contact_id", "-received_at"], name="delivery_inbound_contact_idx"),
        ]


class DmarcReport(TenantModel):
    """An aggregate report (RFC 7489 appendix C, or the newer schema) about a domain of the workspace's.

    ``policy`` and the like are what the reporter found published: p, sp, np, pct or t, adkim, aspf, by these names.
    """

    organisation = models.CharField(max_length=200)
    report_key = models.CharField(max_length=200)
    domain = models.CharField(max_length=253)
    published = models.JSONField(default=dict)
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    received_at = models.DateTimeField()
    mail_id = models.BigIntegerField(null=True)

    class Meta:
        db_table = "delivery_dmarc_report"
        constraints = [
            models.UniqueConstraint(
                fields=["workspace_id", "domain", "organisation", "report_key"], name="delivery_dmarc_report_once"
            ),
        ]
        indexes = [models.Index(fields=["workspace_id", "domain", "begins_at"], name="delivery_dmarc_domain_idx")]


class DmarcRow(TenantModel):
    """So many messages from one address of a server, and how they fared: a record of a report.

    ``dkim_aligned`` and ``spf_aligned``: what counts for DMARC. ``auth``: the single results, as
    {"dkim": [{"domain", "selector", "result"}], "spf": [{"domain", "scope", "result"}]}.
    """

    report = models.ForeignKey(DmarcReport, on_delete=models.CASCADE, related_name="rows")
    source_ip = models.GenericIPAddressField()
    messages = models.BigIntegerField()
    disposition = models.CharField(max_length=20, blank=True, default="")
    dkim_aligned = models.BooleanField()
    spf_aligned = models.BooleanField()
    header_from = models.CharField(max_length=253, blank=True, default="")
    envelope_from = models.CharField(max_length=253, blank=True, default="")
    reasons = models.JSONField(default=list)
    auth = models.JSONField(default=dict)

    class Meta:
        db_table = "delivery_dmarc_row"
