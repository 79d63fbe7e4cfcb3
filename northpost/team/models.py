"""Users are global; everything else of the team stands behind a workspace's wall."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from northpost.core import clock
from northpost.core.tenancy import TenantModel


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser):
    """A person who signs in. What they may do is said by their memberships, never here."""

    id = models.BigAutoField(primary_key=True)
    email = models.EmailField(_("e-mail address"), unique=True)
    name = models.CharField(pgettext_lazy("of a person", "name"), max_length=120, blank=True)
    language = models.CharField(max_length=8, blank=True)
    theme = models.CharField(max_length=8, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    objects: ClassVar[UserManager] = UserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.name or self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.created_at is None:
            self.created_at = clock.now()
        super().save(*args, **kwargs)


class Workspace(models.Model):
    """A firm, or one client of an agency: the wall around everything that is theirs."""

    id = models.BigAutoField(primary_key=True)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=120)
    language = models.CharField(_("language"), max_length=8, default="en")
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    company_name = models.CharField(_("company's name"), max_length=200, blank=True)
    postal_address = models.CharField(_("postal address"), max_length=300, blank=True)
    site = models.URLField(_("web site"), blank=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    MARKETER = "marketer", _("Marketer")
    PROJECT_MANAGER = "project_manager", _("Project manager")
    ANALYST = "analyst", _("Analyst")
    CONSULTANT = "consultant", _("Consultant")
    AGENCY = "agency", _("Agency")


class Membership(TenantModel):
    """A person's place in a workspace."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)
    since = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace_id", "user"], name="team_membership_once"),
        ]
        indexes = [models.Index(fields=["user", "workspace_id"], name="team_membership_user_idx")]


class Invitation(TenantModel):
    """An open door for one address; the link carries a signed token, of which nothing is stored."""

    email = models.EmailField(_("e-mail address"))
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)
    invited_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["workspace_id", "email"], name="team_invitation_email_idx")]

    def over(self) -> str:
        """Why it is no longer open: accepted, withdrawn, expired; or nothing."""
        if self.accepted_at:
            return "accepted"
        if self.withdrawn_at:
            return "withdrawn"
        return "expired" if self.expires_at <= clock.now() else ""


class AuditEntry(TenantModel):
    """Who did what, when: written with the deed, never changed."""

    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    verb = models.CharField(max_length=60)
    noun = models.CharField(max_length=60)
    noun_id = models.BigIntegerField(null=True)
    detail = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        db_table = "team_audit_entry"
        indexes = [models.Index(fields=["workspace_id", "-at"], name="team_audit_at_idx")]


class ApiKey(TenantModel):
    """What another program signs in with, to read. Of the secret only its hash is kept: sha256, as it is random.

    asked: how many requests it made within the minute that began at asked_since.
    """

    name = models.CharField(_("name"), max_length=120)
    secret_hash = models.BinaryField(max_length=32)
    sees_money = models.BooleanField(_("sees money"), default=False)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    asked_since = models.DateTimeField(null=True)
    asked = models.IntegerField(default=0)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "team_api_key"
        constraints = [models.UniqueConstraint(fields=["workspace_id", "secret_hash"], name="team_api_key_once")]

    def __str__(self) -> str:
        return self.name
