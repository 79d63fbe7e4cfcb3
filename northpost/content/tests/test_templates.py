"""Templates and their versions: what a mailing has used stays as it was, for good."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from northpost.content import actions, library, queries
from northpost.content.errors import ContentError, ContentProblem, NotHere, TemplateArchived
from northpost.content.models import Template, TemplateVersion
from northpost.core import clock, tenancy
from northpost.team.models import AuditEntry, User, Workspace

MJML = "<mjml><mj-body><mj-section><mj-column><mj-text>{}</mj-text></mj-column></mj-section></mj-body></mjml>"
START = dt.datetime(2026, 3, 1, 9, tzinfo=dt.UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def inside(workspace: Workspace) -> Iterator[None]:
    with clock.use(clock.VirtualClock(START)):
        yield


def save(template: Template, words: str = "one", **changes: str) -> TemplateVersion:
    fields = {"language": "en", "subject": "Hi", "preheader": "", "mjml": MJML.format(words), "text": ""}
    return actions.save_version(template_id=template.pk, **(fields | changes))


def test_a_template_from_the_library_is_plain_mjml_of_one_s_own(owner: User) -> None:
    template = actions.create_template(kind="offer", languages=["bg", "en"], by=owner)
    assert (template.name, template.kind, template.created_at) == ("Оферта", "offer", START)
    versions = queries.newest_versions(template_id=template.pk)
    assert list(versions) == ["bg", "en"]
    source = library.load("offer", "bg")
    bulgarian = versions["bg"]
    assert (bulgarian.number, bulgarian.subject, bulgarian.mjml) == (1, source.subject, source.mjml)
    assert (bulgarian.text, bulgarian.used_at, bulgarian.created_by_id) == ("", None, owner.pk)
    assert AuditEntry.objects.filter(verb="created", noun="template", noun_id=template.pk, user=owner).count() == 1


@pytest.mark.parametrize("language", library.languages())
def test_a_blank_template_compiles(language: str) -> None:
    template = actions.create_template(languages=[language], name="  My   own ")
    assert (template.name, template.kind) == ("My own", "")
    assert queries.compiled(queries.newest_version(template_id=template.pk, language=language)).links


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"languages": []}, "languages"),
        ({"languages": ["de"]}, "languages"),
        ({"languages": ["en"], "kind": "frame"}, "kind"),
        ({"languages": ["en"], "name": " "}, "name"),
        ({"languages": ["en"], "name": "x" * 161}, "name"),
        ({"languages": ["en"], "name": "a\0b"}, "name"),
    ],
)
def test_what_can_t_be_created_leaves_nothing(arguments: dict, field: str) -> None:
    with pytest.raises(ContentProblem) as caught:
        actions.create_template(**arguments)
    assert caught.value.field == field
    assert Template.objects.count() == TemplateVersion.objects.count() == 0


def test_an_unused_version_is_replaced_and_a_used_one_followed() -> None:
    template = actions.create_template(languages=["en"])
    first = save(template, "one")
    assert first.number == 1
    assert save(template, "two").pk == first.pk
    actions.use_version(version_id=first.pk)
    third = save(template, "three", text="my own")
    assert (third.number, third.text, third.used_at) == (2, "my own", None)
    first.refresh_from_db()
    assert (first.mjml, first.used_at) == (MJML.format("two"), START)
    assert [version.number for version in queries.history(template_id=template.pk, language="en")] == [2, 1]


def test_saving_what_is_there_already_writes_nothing() -> None:
    template = actions.create_template(languages=["en"])
    first = save(template)
    actions.use_version(version_id=first.pk)
    audits = AuditEntry.objects.count()
    assert save(template).pk == first.pk
    assert TemplateVersion.objects.count() == 1
    assert AuditEntry.objects.count() == audits


def test_languages_number_their_versions_each_for_itself() -> None:
    template = actions.create_template(languages=["en"])
    actions.use_version(version_id=save(template).pk)
    assert save(template, "two").number == 2
    assert save(template, "едно", language="bg").number == 1


def test_a_version_stays_used_since_the_first_time() -> None:
    template = actions.create_template(languages=["en"])
    version = save(template)
    actions.use_version(version_id=version.pk)
    with clock.use(clock.VirtualClock(START + dt.timedelta(days=1))):
        assert actions.use_version(version_id=version.pk).used_at == START


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"mjml": "<mjml>"}, ContentError),
        ({"mjml": MJML.format("{% if %}")}, ContentError),
        ({"subject": "a\nBcc: x@example.com"}, ContentError),
        ({"text": "{{ a"}, ContentError),
        ({"subject": "  "}, ContentProblem),
        ({"language": "de"}, ContentProblem),
    ],
)
def test_what_can_t_become_a_mail_is_not_saved(changes: dict, error: type[Exception]) -> None:
    template = actions.create_template(languages=["en"])
    before = list(TemplateVersion.objects.values())
    with pytest.raises(error):
        save(template, **changes)
    assert list(TemplateVersion.objects.values()) == before


def test_rename_archive_and_restore() -> None:
    template = actions.create_template(languages=["en"], name="Spring")
    assert actions.rename_template(template_id=template.pk, name="Summer").name == "Summer"
    with pytest.raises(ContentProblem):
        actions.rename_template(template_id=template.pk, name="")
    archived = actions.archive_template(template_id=template.pk)
    assert (archived.archived_at, archived.name) == (START, "Summer")
    with pytest.raises(TemplateArchived):
        save(template)
    assert [row.template.name for row in queries.list_templates(archived=True)] == ["Summer"]
    assert queries.list_templates() == []
    assert actions.restore_template(template_id=template.pk).archived_at is None
    save(template)


def test_a_copy_has_the_newest_words_and_a_history_of_its_own() -> None:
    template = actions.create_template(languages=["en", "ru"], name="Spring")
    actions.use_version(version_id=save(template, "one").pk)
    save(template, "two", text="own")
    copy = actions.duplicate_template(template_id=template.pk)
    assert copy.name == "Copy of Spring"
    versions = queries.newest_versions(template_id=copy.pk)
    assert [(v.language, v.number, v.text, v.used_at) for v in versions.values()] == [
        ("en", 1, "own", None),
        ("ru", 1, "", None),
    ]
    assert versions["en"].mjml == MJML.format("two")
    save(copy, "three")
    assert queries.newest_version(template_id=template.pk, language="en").mjml == MJML.format("two")


def test_the_list_shows_the_latest_change_first_with_its_languages() -> None:
    older = actions.create_template(languages=["ru", "en"], name="Older")
    save(older, subject="A subject")
    with clock.use(clock.VirtualClock(START + dt.timedelta(hours=1))):
        actions.create_template(languages=["bg"], kind="welcome")
    rows = queries.list_templates()
    assert [(row.template.name, row.languages, row.subject) for row in rows] == [
        ("Добре дошли", ("bg",), "Добре дошли в {{ company.name }}"),
        ("Older", ("en", "ru"), "A subject"),
    ]


def test_nothing_is_found_or_changed_from_another_workspace(rival: Workspace) -> None:
    template = actions.create_template(languages=["en"], name="Spring")
    version = save(template)
    with tenancy.workspace(rival.pk):
        assert queries.list_templates() == []
        for attempt in (
            lambda: queries.template(template_id=template.pk),
            lambda: queries.newest_version(template_id=template.pk, language="en"),
            lambda: queries.version(version_id=version.pk),
            lambda: save(template, "theirs"),
            lambda: actions.rename_template(template_id=template.pk, name="Theirs"),
            lambda: actions.archive_template(template_id=template.pk),
            lambda: actions.duplicate_template(template_id=template.pk),
            lambda: actions.use_version(version_id=version.pk),
        ):
            with pytest.raises(NotHere):
                attempt()
    version.refresh_from_db()
    assert (version.mjml, version.used_at) == (MJML.format("one"), None)
    assert queries.template(template_id=template.pk).name == "Spring"


def test_the_same_words_are_compiled_once() -> None:
    template = actions.create_template(languages=["en"])
    version = save(template)
    first = queries.compiled(version)
    assert queries.compiled(queries.version(version_id=version.pk)) is first
    assert queries.compiled(save(template, "two")) is not first
