"""Templates through their pages: list, library, editor, preview, versions; who may, and whose they are."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.test import Client

from northpost.contacts.actions import add_contact
from northpost.content import actions, library, queries
from northpost.content.models import Template, TemplateVersion
from northpost.core import tenancy
from northpost.team.models import Membership, Role, User, Workspace

pytestmark = pytest.mark.django_db
SOURCE = """<mjml>
  <mj-body>
    <mj-section><mj-column>
      <mj-text>Hello {{ contact.first_name }}, it is spring. <a href="{{ unsubscribe_url }}">Leave</a></mj-text>
    </mj-column></mj-section>
  </mj-body>
</mjml>
"""
BROKEN = SOURCE.replace("</mj-text>", "</mj-txt>")


@pytest.fixture
def browser(owner: User, workspace: Workspace) -> Client:
    client = Client()
    client.force_login(owner)
    return client


@pytest.fixture
def letter(workspace: Workspace) -> Template:
    return actions.create_template(languages=["en"], name="Spring <b>offer</b>", kind="offer")


def address(workspace: Workspace, rest: str = "") -> str:
    return f"/w/{workspace.slug}/templates/{rest}"


def posted(browser: Client, workspace: Workspace, letter: Template, **words: str) -> dict[str, str]:
    """What the editor's form would send, with some of it changed."""
    language = words.get("language", "en")
    page = browser.get(address(workspace, f"{letter.pk}/"), {"language": language})
    shown = {name: page.context["form"][name].value() or "" for name in ("subject", "preheader", "mjml", "text")}
    return shown | {"language": language, "based_on": page.context["based_on"]} | words


def newest(letter: Template, language: str = "en") -> TemplateVersion:
    return queries.newest_version(template_id=letter.pk, language=language)


# --- the list ---


def test_an_empty_list_says_what_a_template_is_and_leads_on(browser: Client, workspace: Workspace) -> None:
    page = browser.get(address(workspace)).content.decode()
    assert "No template yet" in page
    assert f'href="/w/{workspace.slug}/templates/new/"' in page


def test_the_list_shows_pictures_and_escaped_names(browser: Client, workspace: Workspace, letter: Template) -> None:
    page = browser.get(address(workspace)).content.decode()
    assert "Spring &lt;b&gt;offer&lt;/b&gt;" in page
    assert "Spring <b>" not in page
    frame = re.search(r"<iframe sandbox loading=\"lazy\"[^>]*>", page)
    assert frame and f'src="/w/{workspace.slug}/templates/{letter.pk}/picture/"' in frame[0]


def test_a_template_is_found_by_name(browser: Client, workspace: Workspace, letter: Template) -> None:
    actions.create_template(languages=["en"], name="Autumn")
    page = browser.get(address(workspace), {"q": "AUT"})
    assert [row.template.name for row in page.context["page"]] == ["Autumn"]


def test_a_template_is_made_from_the_library(browser: Client, workspace: Workspace) -> None:
    page = browser.get(address(workspace, "new/")).content.decode()
    assert page.count('type="radio" name="kind"') == 9
    answer = browser.post(address(workspace, "new/"), {"name": "", "languages": ["bg", "en"], "kind": "welcome"})
    made = Template.objects.get()
    assert answer["Location"] == address(workspace, f"{made.pk}/")
    assert (made.name, made.kind) == ("Добре дошли", "welcome")
    assert set(queries.newest_versions(template_id=made.pk)) == {"bg", "en"}


def test_without_a_language_nothing_is_made_and_the_field_says_so(browser: Client, workspace: Workspace) -> None:
    answer = browser.post(address(workspace, "new/"), {"name": "X", "kind": "welcome"})
    assert answer.status_code == 422
    assert answer.context["form"].errors["languages"] == ["Choose at least one language."]
    answer = browser.post(address(workspace, "new/"), {"languages": ["en"], "kind": "../secret"})
    assert answer.status_code == 422
    assert Template.objects.count() == 0


def test_copy_rename_put_away_and_bring_back(browser: Client, workspace: Workspace, letter: Template) -> None:
    browser.post(address(workspace, f"{letter.pk}/copy/"))
    assert Template.objects.filter(name="Copy of Spring <b>offer</b>").count() == 1
    browser.post(address(workspace, f"{letter.pk}/rename/"), {"name": "Summer"})
    assert Template.objects.get(pk=letter.pk).name == "Summer"
    refused = browser.post(address(workspace, f"{letter.pk}/rename/"), {"name": "  "}, follow=True)
    assert "Give the template a name." in refused.content.decode()
    assert Template.objects.get(pk=letter.pk).name == "Summer"
    browser.post(address(workspace, f"{letter.pk}/archive/"))
    assert Template.objects.get(pk=letter.pk).archived_at is not None
    away = browser.get(address(workspace), {"shown": "archived"})
    assert [row.template.name for row in away.context["page"]] == ["Summer"]
    browser.post(address(workspace, f"{letter.pk}/restore/"))
    assert Template.objects.get(pk=letter.pk).archived_at is None


@pytest.mark.parametrize("deed", ["rename", "copy", "archive", "restore", "preview", "check"])
def test_nothing_is_written_by_get(browser: Client, workspace: Workspace, letter: Template, deed: str) -> None:
    assert browser.get(address(workspace, f"{letter.pk}/{deed}/"), {"name": "New"}).status_code == 405
    assert Template.objects.get().name == "Spring <b>offer</b>"


# --- the editor ---


def test_the_editor_holds_the_newest_words(browser: Client, workspace: Workspace, letter: Template) -> None:
    page = browser.get(address(workspace, f"{letter.pk}/"))
    words = unescape(page.content.decode())
    assert newest(letter).mjml.splitlines()[20] in words
    assert 'data-code="mjml"' in words
    assert "{{ contact.first_name }}" in words
    assert 'formtarget="view"' in words


def test_saving_replaces_an_unused_version(browser: Client, workspace: Workspace, letter: Template) -> None:
    mjml = SOURCE.replace("\n", "\r\n")  # as browsers send it
    answer = browser.post(
        address(workspace, f"{letter.pk}/"), posted(browser, workspace, letter, subject="Now", mjml=mjml)
    )
    assert answer["Location"] == address(workspace, f"{letter.pk}/?language=en")
    saved = newest(letter)
    assert (saved.number, saved.subject, saved.mjml) == (1, "Now", SOURCE)


def test_a_used_version_stays_untouched_and_the_page_says_so(
    browser: Client, workspace: Workspace, letter: Template
) -> None:
    before = actions.use_version(version_id=newest(letter).pk)
    page = browser.get(address(workspace, f"{letter.pk}/")).content.decode()
    assert "A mailing has sent version 1, so it stays as it is" in page
    data = posted(browser, workspace, letter, mjml=SOURCE)
    answer = browser.post(address(workspace, f"{letter.pk}/"), data, follow=True)
    assert "Saved as version 2. Version 1 stays as mailings have sent it." in answer.content.decode()
    old = TemplateVersion.objects.get(pk=before.pk)
    assert (old.number, old.mjml) == (1, before.mjml)
    assert (newest(letter).number, newest(letter).mjml) == (2, SOURCE)
    older = browser.get(address(workspace, f"{letter.pk}/"), {"language": "en", "version": "1"})
    assert older.context["form"]["mjml"].value() == before.mjml
    assert "You are looking at version 1; the newest is 2." in older.content.decode()
    assert browser.get(address(workspace, f"{letter.pk}/"), {"version": "7"}).status_code == 404


def test_an_error_names_its_line_marks_it_and_keeps_the_text(
    browser: Client, workspace: Workspace, letter: Template
) -> None:
    before = newest(letter).mjml
    data = posted(browser, workspace, letter, subject="My <own> words", mjml=BROKEN)
    answer = browser.post(address(workspace, f"{letter.pk}/"), data)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'data-error-line="4"' in page
    assert re.search(r'<ul class="errorlist" id="id_mjml_error"><li>Line 4: ', page)
    assert "My &lt;own&gt; words" in page
    assert "&lt;/mj-txt&gt;" in page
    assert newest(letter).mjml == before


def test_an_error_in_the_subject_stands_at_the_subject(browser: Client, workspace: Workspace, letter: Template) -> None:
    data = posted(browser, workspace, letter, subject="Hello {{ contact.first_name")
    answer = browser.post(address(workspace, f"{letter.pk}/"), data)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["subject"]


def test_two_who_write_at_once_don_t_lose_each_other_s_words(
    browser: Client, workspace: Workspace, letter: Template
) -> None:
    mine = posted(browser, workspace, letter, subject="Mine")
    browser.post(address(workspace, f"{letter.pk}/"), posted(browser, workspace, letter, subject="Theirs"))
    answer = browser.post(address(workspace, f"{letter.pk}/"), mine)
    assert answer.status_code == 422
    assert "Somebody else has saved this meanwhile." in answer.content.decode()
    assert answer.context["form"]["subject"].value() == "Mine"
    assert newest(letter).subject == "Theirs"
    browser.post(address(workspace, f"{letter.pk}/"), mine | {"based_on": answer.context["based_on"]})
    assert newest(letter).subject == "Mine"


def test_a_language_is_added_by_saving_it(browser: Client, workspace: Workspace, letter: Template) -> None:
    page = browser.get(address(workspace, f"{letter.pk}/"), {"language": "bg"})
    assert "Not written in Bulgarian yet." in page.content.decode()
    assert set(queries.newest_versions(template_id=letter.pk)) == {"en"}
    browser.post(address(workspace, f"{letter.pk}/"), posted(browser, workspace, letter, language="bg"))
    assert (newest(letter, "bg").number, newest(letter, "bg").mjml) == (1, library.load("offer", "bg").mjml)
    assert browser.post(address(workspace, f"{letter.pk}/"), {"language": "xx"}).status_code == 404


def test_one_that_is_put_away_is_only_read(browser: Client, workspace: Workspace, letter: Template) -> None:
    data = posted(browser, workspace, letter, subject="Later")
    actions.archive_template(template_id=letter.pk)
    assert "This template is put away" in browser.get(address(workspace, f"{letter.pk}/")).content.decode()
    answer = browser.post(address(workspace, f"{letter.pk}/"), data)
    assert answer.status_code == 422
    assert newest(letter).subject != "Later"


# --- the mail beside it ---


def test_the_preview_shows_what_is_written_and_keeps_nothing(
    browser: Client, workspace: Workspace, letter: Template
) -> None:
    data = posted(browser, workspace, letter, mjml=SOURCE)
    answer = browser.post(address(workspace, f"{letter.pk}/preview/"), data)
    assert "Hello Maria, it is spring." in answer.content.decode()
    policy = answer["Content-Security-Policy"].split("; ")
    assert policy[0].startswith("sandbox ")
    assert "default-src 'none'" in policy
    assert newest(letter).mjml != SOURCE


def test_the_preview_is_for_a_person_of_this_workspace(
    browser: Client, workspace: Workspace, rival: Workspace, letter: Template
) -> None:
    add_contact(email="ann@shop.example", first_name="Ann <i>A</i>")
    with tenancy.workspace(rival.pk):
        add_contact(email="carol@rival.example", first_name="Carol")
    data = posted(browser, workspace, letter, mjml=SOURCE)
    ann = browser.post(address(workspace, f"{letter.pk}/preview/"), data | {"person": "ANN@shop.example "})
    assert "Hello Ann &lt;i&gt;A&lt;/i&gt;, it is spring." in ann.content.decode()
    carol = browser.post(address(workspace, f"{letter.pk}/preview/"), data | {"person": "carol@rival.example"})
    assert "Hello Maria, it is spring." in carol.content.decode()
    told = browser.post(address(workspace, f"{letter.pk}/check/"), data | {"person": "carol@rival.example"})
    assert "Nobody here has the address carol@rival.example" in told.content.decode()


def test_dark_and_light_are_shown_whatever_the_device_prefers(
    browser: Client, workspace: Workspace, letter: Template
) -> None:
    data = posted(browser, workspace, letter)
    dark = browser.post(address(workspace, f"{letter.pk}/preview/"), data | {"theme": "dark"}).content.decode()
    light = browser.post(address(workspace, f"{letter.pk}/preview/"), data | {"theme": "light"}).content.decode()
    assert "prefers-color-scheme" not in dark + light
    assert "@media (min-width: 0)" in dark
    assert "color-scheme: dark !important" in dark
    assert "@media (max-width: 0)" in light
    plain = browser.post(address(workspace, f"{letter.pk}/check/"), data | {"theme": "dark", "mjml": SOURCE})
    assert "This mail has no dark colours of its own" in plain.content.decode()


def test_an_error_in_the_preview_names_the_line_for_the_editor(
    browser: Client, workspace: Workspace, letter: Template
) -> None:
    data = posted(browser, workspace, letter, mjml=BROKEN)
    told = browser.post(address(workspace, f"{letter.pk}/check/"), data).content.decode()
    assert 'data-for="id_mjml" data-code-error-line="4"' in told
    assert "data-showable" not in told
    frame = browser.post(address(workspace, f"{letter.pk}/preview/"), data)
    assert frame.status_code == 422
    assert "Line 4: " in frame.content.decode()
    assert "default-src 'none'" in frame["Content-Security-Policy"]


def test_the_check_shows_the_inbox_line_the_text_and_what_is_doubtful(
    browser: Client, workspace: Workspace, letter: Template
) -> None:
    data = posted(browser, workspace, letter, subject="For {{ contact.first_name }} <3", mjml=SOURCE)
    told = browser.post(address(workspace, f"{letter.pk}/check/"), data).content.decode()
    assert "<strong>For Maria &lt;3</strong>" in told
    assert "Hello Maria, it is spring." in told
    assert "There is no link to unsubscribe" not in told
    add_contact(email="nobody@shop.example")
    data |= {"mjml": SOURCE.replace("{{ unsubscribe_url }}", "#"), "person": "nobody@shop.example"}
    told = browser.post(address(workspace, f"{letter.pk}/check/"), data).content.decode()
    assert "There is no link to unsubscribe" in told
    assert "Empty for this person: contact.first_name." in told


@pytest.mark.parametrize("kind", ["welcome", "blank"])
def test_the_library_is_looked_at_in_a_sandbox(browser: Client, workspace: Workspace, kind: str) -> None:
    answer = browser.get(address(workspace, f"library/{kind}/"), {"language": "ru"})
    assert answer["Content-Security-Policy"].startswith("sandbox ")
    assert 'lang="ru"' in answer.content.decode()
    assert browser.get(address(workspace, "library/secrets/")).status_code == 404


# --- who may, and whose they are ---


def test_who_may_only_look_changes_nothing(
    browser: Client, owner: User, workspace: Workspace, letter: Template
) -> None:
    data = posted(browser, workspace, letter, subject="Mine")
    Membership.objects.filter(user=owner).update(role=Role.ANALYST)
    page = browser.get(address(workspace, f"{letter.pk}/")).content.decode()
    assert "readonly" in page
    assert 'form="workbench"' not in page
    assert browser.post(address(workspace, f"{letter.pk}/"), data).status_code == 403
    for deed in ("rename", "copy", "archive", "restore", "preview", "check"):
        assert browser.post(address(workspace, f"{letter.pk}/{deed}/"), data | {"name": "X"}).status_code == 403
    assert browser.get(address(workspace, "new/")).status_code == 403
    assert Template.objects.count() == 1
    assert newest(letter).subject != "Mine"


def test_a_forged_form_changes_nothing(owner: User, workspace: Workspace, letter: Template) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(owner)
    for rest in (f"{letter.pk}/", f"{letter.pk}/archive/", "new/"):
        assert strict.post(address(workspace, rest), {"languages": "en", "kind": ""}).status_code == 403
    assert Template.objects.get().archived_at is None


def test_a_rival_s_template_is_not_there(browser: Client, workspace: Workspace, rival: Workspace) -> None:
    with tenancy.workspace(rival.pk):
        theirs = actions.create_template(languages=["en"], name="Theirs")
    for rest in ("", "picture/"):
        assert browser.get(address(workspace, f"{theirs.pk}/{rest}")).status_code == 404
        assert browser.get(address(rival, f"{theirs.pk}/{rest}")).status_code == 404
    for deed in ("", "rename/", "copy/", "archive/", "restore/", "preview/", "check/"):
        data = {"name": "Mine", "language": "en", "subject": "x", "mjml": SOURCE}
        assert browser.post(address(workspace, f"{theirs.pk}/{deed}"), data).status_code == 404
    with tenancy.workspace(rival.pk):
        assert [found.name for found in Template.objects.all()] == ["Theirs"]
        assert Template.objects.get().archived_at is None
