"""Templates and their versions (law 7): a version that a mailing has used is never edited in place."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from northpost.content import library
from northpost.content.compile import compile_mail
from northpost.content.errors import ContentProblem, NotHere, TemplateArchived
from northpost.content.models import Template, TemplateVersion
from northpost.core import clock
from northpost.team.actions import record
from northpost.team.models import User

NAME_LIMIT = 160


def create_template(*, languages: Sequence[str], name: str = "", kind: str = "", by: User | None = None) -> Template:
    """Make a template with a first version in each language.

    kind: one of library.kinds(), or blank for a sheet that is nearly empty. name: by default the library's, in the
    first language. Raises ContentProblem.
    """
    if not languages or any(language not in library.languages() for language in languages):
        raise ContentProblem("languages", _("Choose at least one language."))
    if kind and kind not in library.kinds():
        raise ContentProblem("kind", _("There is no such kind of template."))
    sources = [library.load(kind or library.BLANK, language) for language in dict.fromkeys(languages)]
    now = clock.now()
    with transaction.atomic():
        template = Template.objects.create(
            name=_name(name or sources[0].name), kind=kind, created_at=now, updated_at=now
        )
        TemplateVersion.objects.bulk_create(
            TemplateVersion(
                template=template,
                language=source.language,
                number=1,
                subject=source.subject,
                preheader=source.preheader,
                mjml=source.mjml,
                created_by_id=by.pk if by else None,
                created_at=now,
            )
            for source in sources
        )
        record(user=by, verb="created", noun="template", noun_id=template.pk, detail={"name": template.name})
    return template


def save_version(
    *,
    template_id: int,
    language: str,
    subject: str,
    preheader: str,
    mjml: str,
    text: str = "",
    by: User | None = None,
) -> TemplateVersion:
    """Keep what was written in one language. A blank text is made from the HTML.

    The newest version is replaced if no mailing has used it, and followed by a new number otherwise; nothing is
    written where nothing changed. Raises ContentError if it can't become a mail, NotHere, TemplateArchived,
    ContentProblem.
    """
    if language not in library.languages():
        raise ContentProblem("language", _("There is no such language."))
    if not subject.strip():
        raise ContentProblem("subject", _("Write a subject."))
    text = text if text.strip() else ""
    compile_mail(mjml=mjml, subject=subject, preheader=preheader, text=text, language=language)
    words = {"subject": subject, "preheader": preheader, "mjml": mjml, "text": text}
    now = clock.now()
    with transaction.atomic():
        template = _locked(template_id)
        if template.archived_at is not None:
            raise TemplateArchived
        newest = template.versions.filter(language=language).order_by("-number").first()
        if newest is not None and all(getattr(newest, field) == value for field, value in words.items()):
            return newest
        author = by.pk if by else None
        if newest is not None and _replace_unused(newest, **words, created_by_id=author, created_at=now):
            saved = newest
        else:
            saved = TemplateVersion.objects.create(
                template=template,
                language=language,
                number=newest.number + 1 if newest else 1,
                created_by_id=author,
                created_at=now,
                **words,
            )
        template.updated_at = now
        template.save(update_fields=["updated_at"])
        detail = {"name": template.name, "language": language, "number": saved.number}
        record(user=by, verb="saved", noun="template", noun_id=template.pk, detail=detail)
    return saved


def _replace_unused(version: TemplateVersion, **fields: object) -> bool:
    """Claimed with its condition: a mailing may take the version at this very moment."""
    unused = TemplateVersion.objects.filter(pk=version.pk, used_at__isnull=True)
    if not unused.update(**fields):
        return False
    version.refresh_from_db()
    return True


def use_version(*, version_id: int) -> TemplateVersion:
    """Pin a version because a mailing takes it: from now on it never changes. Raises NotHere."""
    TemplateVersion.objects.filter(pk=version_id, used_at__isnull=True).update(used_at=clock.now())
    version = TemplateVersion.objects.filter(pk=version_id).first()
    if version is None:
        raise NotHere(version_id)
    return version


def rename_template(*, template_id: int, name: str, by: User | None = None) -> Template:
    """Raises NotHere, ContentProblem."""
    return _change(template_id, by, "renamed", name=_name(name))


def archive_template(*, template_id: int, by: User | None = None) -> Template:
    """Put a template away. Mailings that use it go on; it can be brought back. Raises NotHere."""
    return _change(template_id, by, "archived", archived_at=clock.now())


def restore_template(*, template_id: int, by: User | None = None) -> Template:
    """Bring an archived template back. Raises NotHere."""
    return _change(template_id, by, "restored", archived_at=None)


def duplicate_template(*, template_id: int, name: str = "", by: User | None = None) -> Template:
    """A new template with the newest version of each language, as its first. Raises NotHere, ContentProblem."""
    now = clock.now()
    with transaction.atomic():
        source = _locked(template_id)
        wish = name or _("Copy of %(name)s") % {"name": source.name}
        copy = Template.objects.create(name=_name(wish[:NAME_LIMIT]), kind=source.kind, created_at=now, updated_at=now)
        newest = source.versions.order_by("language", "-number").distinct("language")
        TemplateVersion.objects.bulk_create(
            TemplateVersion(
                template=copy,
                language=version.language,
                number=1,
                subject=version.subject,
                preheader=version.preheader,
                mjml=version.mjml,
                text=version.text,
                created_by_id=by.pk if by else None,
                created_at=now,
            )
            for version in newest
        )
        detail = {"name": source.name, "from": source.pk}
        record(user=by, verb="duplicated", noun="template", noun_id=copy.pk, detail=detail)
    return copy


def _change(template_id: int, by: User | None, verb: str, **fields: object) -> Template:
    with transaction.atomic():
        template = _locked(template_id)
        for field, value in fields.items():
            setattr(template, field, value)
        template.updated_at = clock.now()
        template.save(update_fields=[*fields, "updated_at"])
        record(user=by, verb=verb, noun="template", noun_id=template.pk, detail={"name": template.name})
    return template


def _locked(template_id: int) -> Template:
    template = Template.objects.select_for_update().filter(pk=template_id).first()
    if template is None:
        raise NotHere(template_id)
    return template


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise ContentProblem("name", _("Give the template a name."))
    if len(name) > NAME_LIMIT:
        raise ContentProblem("name", _("The name is too long: %(limit)d characters at most.") % {"limit": NAME_LIMIT})
    if "\0" in name:
        raise ContentProblem("name", _("The name has a character in it that can't be kept."))
    return name
