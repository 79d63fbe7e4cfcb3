"""Signing in at a server with a permission instead of a password."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from northpost.core.tenancy import TenantModel


class TokenProvider(models.TextChoices):
    GOOGLE = "google", _("Google Workspace or Gmail")
    MICROSOFT = "microsoft", _("Microsoft 365 or Outlook")


class SignInToken(TenantModel):
    """The permission (OAuth 2.0) that a route, or a mailbox that is read, signs in with by XOAUTH2; one for each.

    It holds for the server and the user that it was given for: what is changed to another gets it not.
    ``access_sealed`` is good until ``expires_at``.
    """

    route_id = models.BigIntegerField(null=True)
    inbox_id = models.BigIntegerField(null=True)
    provider = models.CharField(max_length=12, choices=TokenProvider.choices)
    tenant = models.CharField(max_length=100, blank=True, default="")
    host = models.CharField(max_length=255)
    username = models.CharField(max_length=255)
    client_id = models.CharField(max_length=300)
    client_secret_sealed = models.TextField(blank=True, default="")
    refresh_sealed = models.TextField()
    access_sealed = models.TextField(blank=True, default="")
    expires_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "delivery_sign_in_token"
        constraints = [
            models.UniqueConstraint(fields=["workspace_id", "route_id"], name="delivery_route_token_once"),
            models.UniqueConstraint(fields=["workspace_id", "inbox_id"], name="delivery_inbox_token_once"),
            models.CheckConstraint(
                condition=models.Q(route_id=None) ^ models.Q(inbox_id=None), name="delivery_sign_in_token_of_one"
            ),
        ]
