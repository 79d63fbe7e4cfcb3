"""Templates are versions (law 7): one that has been used is never edited in place."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from northpost.core.tenancy import TenantModel


class Template(TenantModel):
    """A mail's design and words, in one or more languages. ``kind`` names the library's kind it came from, or blank."""

    name = models.CharField(_("name"), max_length=160)
    kind = models.CharField(max_length=40, blank=True, default="")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class TemplateVersion(TenantModel):
    """One language of a template as it stood. Once ``used_at`` is set (a mailing took it) it never changes."""

    template = models.ForeignKey(Template, on_delete=models.CASCADE, related_name="versions")
    language = models.CharField(max_length=8)
    number = models.IntegerField()
    subject = models.CharField(_("subject"), max_length=250)
    preheader = models.CharField(_("preview text"), max_length=250, blank=True, default="")
    mjml = models.TextField()
    text = models.TextField(blank=True, default="")
    created_by_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "content_version"
        constraints = [
            models.UniqueConstraint(
                fields=["workspace_id", "template", "language", "number"], name="content_version_once"
            ),
        ]


class MediaFile(TenantModel):
    """An uploaded picture or file; its name on disk is made here, from its content."""

    name = models.CharField(_("name"), max_length=200)
    path = models.CharField(max_length=200)
    content_type = models.CharField(max_length=80)
    size = models.BigIntegerField()
    width = models.IntegerField(null=True)
    height = models.IntegerField(null=True)
    sha256 = models.CharField(max_length=64)
    created_by_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "content_media_file"
        constraints = [models.UniqueConstraint(fields=["workspace_id", "sha256"], name="content_media_once")]
