"""The ways out, and whom mail comes from."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from northpost.core.tenancy import TenantModel


class RouteKind(models.TextChoices):
    SMTP = "smtp", _("SMTP server")
    ESP = "esp", _("E-mail service")
    MAILBOX = "mailbox", _("Local mailbox")


class Security(models.TextChoices):
    NONE = "none", _("None")
    STARTTLS = "starttls", _("STARTTLS")
    TLS = "tls", _("TLS from the start")


class Route(TenantModel):
    """A way out. Kind ``mailbox`` is the local mailbox: nothing that takes it reaches anybody.

    Kind ``esp`` is a service by its API: ``provider`` says which (delivery.esp), and ``password_sealed`` holds its
    credentials, as JSON.

    A paused route with ``paused_until`` is tried again after that moment; without it, somebody must resume it.
    weight: mail of the default route is shared out among all servers that have one, in proportion; fallback_id: the
    route that takes over while this one is down or out of its budget. smtputf8: whether the server takes addresses that
    are not ASCII before the @; null: nobody has asked it yet.
    """

    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(max_length=10, choices=RouteKind.choices, default=RouteKind.SMTP)
    provider = models.CharField(max_length=20, blank=True, default="")
    host = models.CharField(_("server"), max_length=255, blank=True, default="")
    port = models.IntegerField(_("port"), default=587)
    security = models.CharField(_("encryption"), max_length=10, choices=Security.choices, default=Security.STARTTLS)
    username = models.CharField(_("user name"), max_length=255, blank=True, default="")
    password_sealed = models.TextField(blank=True, default="")
    connections = models.IntegerField(_("connections at once"), default=5)
    per_minute = models.IntegerField(_("messages a minute at most"), null=True)
    per_hour = models.IntegerField(_("messages an hour at most"), null=True)
    per_day = models.IntegerField(_("messages in 24 hours at most"), null=True)
    weight = models.SmallIntegerField(_("share of the default route's mail"), default=0)
    fallback_id = models.BigIntegerField(null=True)
    smtputf8 = models.BooleanField(null=True)
    is_default = models.BooleanField(default=False)
    paused_at = models.DateTimeField(null=True)
    paused_until = models.DateTimeField(null=True)
    pause_reason = models.CharField(max_length=300, blank=True, default="")
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class Sender(TenantModel):
    """Whom mail comes from."""

    name = models.CharField(pgettext_lazy("of a person", "name"), max_length=120)
    email = models.CharField(_("e-mail address"), max_length=254)
    reply_to = models.CharField(_("replies to"), max_length=254, blank=True, default="")
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"
