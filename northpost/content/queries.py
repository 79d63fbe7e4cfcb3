"""Reads of the content room."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.db.models import QuerySet

from northpost.content.compile import CompiledMail, compile_mail
from northpost.content.errors import NotHere
from northpost.content.models import MediaFile, Template, TemplateVersion
from northpost.content.pictures import INLINE_TYPES


@dataclass(frozen=True, slots=True)
class TemplateRow:
    """A template as a list shows it: languages in order, the subject in the first of them."""

    template: Template
    languages: tuple[str, ...]
    subject: str


def list_templates(*, archived: bool = False) -> list[TemplateRow]:
    """Templates, the most recently changed first. Two statements, however many there are."""
    templates = list(Template.objects.filter(archived_at__isnull=not archived).order_by("-updated_at", "-id"))
    newest: dict[int, dict[str, str]] = {}
    versions = (
        TemplateVersion.objects.filter(template__in=templates)
        .order_by("template_id", "language", "-number")
        .distinct("template_id", "language")
        .values_list("template_id", "language", "subject")
    )
    for template_id, language, subject in versions:
        newest.setdefault(template_id, {})[language] = subject
    return [
        TemplateRow(
            template=template,
            languages=tuple(newest.get(template.pk, {})),
            subject=next(iter(newest.get(template.pk, {}).values()), ""),
        )
        for template in templates
    ]


def template(*, template_id: int) -> Template:
    """Raises NotHere."""
    found = Template.objects.filter(pk=template_id).first()
    if found is None:
        raise NotHere(template_id)
    return found


def newest_versions(*, template_id: int) -> dict[str, TemplateVersion]:
    """The newest version in each language the template has, by language."""
    versions = TemplateVersion.objects.filter(template_id=template_id)
    return {v.language: v for v in versions.order_by("language", "-number").distinct("language")}


def newest_version(*, template_id: int, language: str) -> TemplateVersion:
    """Raises NotHere if the template has nothing in that language."""
    versions = TemplateVersion.objects.filter(template_id=template_id, language=language)
    found = versions.order_by("-number").first()
    if found is None:
        raise NotHere((template_id, language))
    return found


def history(*, template_id: int, language: str) -> QuerySet[TemplateVersion]:
    """All versions in one language, the newest first."""
    return TemplateVersion.objects.filter(template_id=template_id, language=language).order_by("-number")


def version(*, version_id: int) -> TemplateVersion:
    """Raises NotHere."""
    found = TemplateVersion.objects.filter(pk=version_id).first()
    if found is None:
        raise NotHere(version_id)
    return found


def compiled(version: TemplateVersion) -> CompiledMail:
    """The version, compiled; the same words are compiled once per process. Raises ContentError."""
    return _compiled(version.mjml, version.subject, version.preheader, version.text, version.language)


@lru_cache(maxsize=64)
def _compiled(mjml: str, subject: str, preheader: str, text: str, language: str) -> CompiledMail:
    return compile_mail(mjml=mjml, subject=subject, preheader=preheader, text=text or None, language=language)


def list_media() -> QuerySet[MediaFile]:
    """All files of the workspace, the newest first."""
    return MediaFile.objects.order_by("-created_at", "-id")


def media(*, media_id: int) -> MediaFile:
    """Raises NotHere."""
    found = MediaFile.objects.filter(pk=media_id).first()
    if found is None:
        raise NotHere(media_id)
    return found


def media_by_hash(*, sha256: str) -> MediaFile:
    """The file behind a public address. Raises NotHere."""
    found = MediaFile.objects.filter(sha256=sha256).first()
    if found is None:
        raise NotHere(sha256)
    return found


def templates_showing(file: MediaFile) -> list[str]:
    """The names of the templates that show the file, in any of their versions."""
    showing = TemplateVersion.objects.filter(mjml__contains=file.sha256)
    return sorted(set(showing.values_list("template__name", flat=True)))


def shows_inline(file: MediaFile) -> bool:
    """Whether a browser may show the file; all others (SVG and HTML among them) are sent as attachments."""
    return file.content_type in INLINE_TYPES


def media_root() -> Path:
    return Path(settings.NORTHPOST_DATA_DIR) / "media"


def media_path(file: MediaFile) -> Path:
    """Where the bytes are."""
    return media_root() / file.path
