"""The media library: uploading, what is refused, deleting, and who may."""

from __future__ import annotations

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.html import escape
from PIL import Image

from northpost.content import actions
from northpost.content.models import MediaFile
from northpost.content.pictures import FILE_LIMIT
from northpost.core import tenancy
from northpost.team.models import Membership, Role, User, Workspace

pytestmark = pytest.mark.django_db


def png(width: int = 40, height: int = 20) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), (14, 90, 96)).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def browser(owner: User, workspace: Workspace) -> Client:
    client = Client()
    client.force_login(owner)
    return client


def upload(browser: Client, workspace: Workspace, *files: tuple[str, bytes]) -> object:
    sent = [SimpleUploadedFile(name, content) for name, content in files]
    return browser.post(f"/w/{workspace.slug}/media/", {"files": sent})


def test_a_picture_is_uploaded_and_shown_with_its_address(browser: Client, workspace: Workspace) -> None:
    assert "Nothing is here yet." in browser.get(f"/w/{workspace.slug}/media/").content.decode()
    answer = upload(browser, workspace, ("logo & <b>.png", png()))
    assert answer.status_code == 302
    file = MediaFile.objects.get()
    page = browser.get(f"/w/{workspace.slug}/media/").content.decode()
    path = f"/m/f/{file.sha256}-{workspace.pk}.png"
    assert f'<img src="{path}"' in page
    assert f'data-copy="http://127.0.0.1:8000{path}"' in page
    assert "40 × 20" in page
    assert "logo & <b>" not in page
    snippet = f'<mj-image src="http://127.0.0.1:8000{path}" alt="logo &amp; &lt;b&gt;" />'
    assert f'data-copy="{escape(snippet)}"' in page


def test_each_file_that_can_t_be_kept_is_named_and_the_others_stay(browser: Client, workspace: Workspace) -> None:
    answer = upload(
        browser,
        workspace,
        ("good.png", png()),
        ("broken.png", png()[:60]),
        ("<i>big.bin", b"x" * (FILE_LIMIT + 1)),
    )
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "broken.png: The picture is damaged" in page
    assert "&lt;i&gt;big.bin: The file is too big: 5 MB are possible." in page
    assert [file.name for file in MediaFile.objects.all()] == ["good.png"]
    nothing = browser.post(f"/w/{workspace.slug}/media/", {})
    assert nothing.status_code == 422
    assert "Choose at least one file." in nothing.content.decode()


def test_deleting_is_asked_first(browser: Client, workspace: Workspace) -> None:
    file = actions.store_media(name="logo.png", content=png())
    address = f"/w/{workspace.slug}/media/{file.pk}/delete/"
    assert "Delete “logo.png”?" in browser.get(address).content.decode()
    assert MediaFile.objects.count() == 1
    browser.post(address)
    assert MediaFile.objects.count() == 0


def test_a_picture_that_templates_show_is_deleted_only_by_its_name(browser: Client, workspace: Workspace) -> None:
    file = actions.store_media(name="logo.png", content=png())
    made = actions.create_template(languages=["en"], name="Spring & more")
    newest = made.versions.get()
    mjml = newest.mjml.replace("<mj-body", "<!-- -->\n<mj-body", 1).replace(
        "</mj-column>", f'<mj-image src="https://shop.example/m/f/{file.sha256}-1.png" alt="x" /></mj-column>', 1
    )
    actions.save_version(
        template_id=made.pk, language="en", subject=newest.subject, preheader=newest.preheader, mjml=mjml
    )
    address = f"/w/{workspace.slug}/media/{file.pk}/delete/"
    assert "Spring &amp; more" in browser.get(address).content.decode()
    for typed in ("", "logo"):
        assert browser.post(address, {"typed": typed}).status_code == 422
        assert MediaFile.objects.count() == 1
    assert browser.post(address, {"typed": "logo.png"}).status_code == 302
    assert MediaFile.objects.count() == 0


def test_who_may_only_look_uploads_and_deletes_nothing(browser: Client, owner: User, workspace: Workspace) -> None:
    file = actions.store_media(name="logo.png", content=png())
    Membership.objects.filter(user=owner).update(role=Role.ANALYST)
    page = browser.get(f"/w/{workspace.slug}/media/").content.decode()
    assert "logo.png" in page
    assert 'type="file"' not in page
    assert upload(browser, workspace, ("more.png", png(8, 8))).status_code == 403
    assert browser.post(f"/w/{workspace.slug}/media/{file.pk}/delete/").status_code == 403
    assert MediaFile.objects.count() == 1


def test_a_forged_form_uploads_nothing(owner: User, workspace: Workspace) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(owner)
    assert upload(strict, workspace, ("logo.png", png())).status_code == 403
    assert MediaFile.objects.count() == 0


def test_a_rival_s_files_are_not_there(browser: Client, workspace: Workspace, rival: Workspace) -> None:
    with tenancy.workspace(rival.pk):
        theirs = actions.store_media(name="theirs.png", content=png())
    assert "theirs.png" not in browser.get(f"/w/{workspace.slug}/media/").content.decode()
    assert browser.get(f"/w/{workspace.slug}/media/{theirs.pk}/delete/").status_code == 404
    assert browser.post(f"/w/{workspace.slug}/media/{theirs.pk}/delete/", {"typed": "theirs.png"}).status_code == 404
    assert browser.get(f"/w/{rival.slug}/media/").status_code == 404
    with tenancy.workspace(rival.pk):
        assert MediaFile.objects.count() == 1
