"""Files of mails at their public addresses: pictures are shown, everything else is a download, and nothing runs."""

from __future__ import annotations

import io

import pytest
from django.test import Client
from PIL import Image

from northpost.content import actions
from northpost.content.models import MediaFile
from northpost.content.queries import media_path
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (4, 4)).save(out, "PNG")
    return out.getvalue()


def address(file: MediaFile, *, workspace_id: int | None = None, suffix: str = "") -> str:
    suffix = suffix or file.path.rpartition(".")[2]
    return f"/m/f/{file.sha256}-{workspace_id or file.workspace_id}.{suffix}"


def test_a_picture_is_shown_to_anybody_and_kept_by_the_browser(workspace: Workspace) -> None:
    file = actions.store_media(name="лого.png", content=picture())
    answer = Client().get(address(file))
    assert answer.content == media_path(file).read_bytes()
    assert answer["Content-Type"] == "image/png"
    assert answer["Content-Disposition"].startswith("inline")
    assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer["X-Content-Type-Options"] == "nosniff"
    again = Client().get(address(file), headers={"if-none-match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("sign.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "octet-stream"),
        ("page.html", b"<!doctype html><script>alert(1)</script>", "octet-stream"),
        ("picture.png", b"<script>alert(1)</script>", "octet-stream"),
        ("terms.pdf", b"%PDF-1.7\n", "pdf"),
    ],
)
def test_what_is_no_picture_is_a_download(workspace: Workspace, name: str, content: bytes, kind: str) -> None:
    file = actions.store_media(name=name, content=content)
    answer = Client().get(address(file))
    assert answer["Content-Type"] == f"application/{kind}"
    assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_another_address_finds_nothing(workspace: Workspace, rival: Workspace) -> None:
    file = actions.store_media(name="logo.png", content=picture())
    client = Client()
    assert client.get(address(file, workspace_id=rival.pk)).status_code == 404
    assert client.get(address(file, workspace_id=10**30)).status_code == 404
    assert client.get(address(file, suffix="svg")).status_code == 404
    changed = ("0" if file.sha256[0] != "0" else "1") + file.sha256[1:]
    assert client.get(f"/m/f/{changed}-{workspace.pk}.png").status_code == 404
    assert client.get(f"/m/f/../../secret_key-{workspace.pk}.png").status_code == 404
    assert client.post(address(file)).status_code == 405


def test_a_file_that_is_gone_from_the_disk_is_not_found(workspace: Workspace) -> None:
    file = actions.store_media(name="logo.png", content=picture())
    media_path(file).unlink()
    assert Client().get(address(file)).status_code == 404
