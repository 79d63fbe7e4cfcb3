"""Uploaded files: judged by their bytes, kept under names of our own, bounded, and never shown if they could act."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from northpost.content import actions, queries
from northpost.content.errors import FileInUse, FileProblem, NotHere
from northpost.content.models import MediaFile
from northpost.content.pictures import FILE_LIMIT
from northpost.core import tenancy
from northpost.team.models import User, Workspace

pytestmark = pytest.mark.django_db
MJML = "<mjml><mj-body><mj-section><mj-column><mj-image src='{}' /></mj-column></mj-section></mj-body></mjml>"


@pytest.fixture(autouse=True)
def media_dir(workspace: Workspace, tmp_path: Path, settings: pytest.FixtureRequest) -> Path:
    settings.NORTHPOST_DATA_DIR = tmp_path  # type: ignore[attr-defined]
    return tmp_path / "media"


def picture(format_name: str = "PNG", size: tuple[int, int] = (40, 20), **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "#0f5c63").save(out, format=format_name, **options)
    return out.getvalue()


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("format_name", "content_type", "suffix"),
    [
        ("PNG", "image/png", ".png"),
        ("JPEG", "image/jpeg", ".jpg"),
        ("GIF", "image/gif", ".gif"),
        ("WEBP", "image/webp", ".webp"),
    ],
)
def test_a_picture_is_kept_under_a_name_of_ours(
    format_name: str, content_type: str, suffix: str, media_dir: Path, workspace: Workspace, owner: User
) -> None:
    stored = actions.store_media(name="../../Лого\r\n.html", content=picture(format_name), by=owner)
    assert (stored.name, stored.content_type, stored.width, stored.height) == ("Лого.html", content_type, 40, 20)
    assert stored.path.startswith(f"{workspace.pk}/{stored.sha256[:2]}/{stored.sha256}-")
    assert stored.path.endswith(suffix)
    assert files(media_dir) == [queries.media_path(stored)]
    content = queries.media_path(stored).read_bytes()
    assert len(content) == stored.size
    assert Image.open(io.BytesIO(content)).size == (40, 20)
    assert queries.shows_inline(stored)
    assert queries.media_by_hash(sha256=stored.sha256) == stored
    assert list(queries.list_media()) == [stored]


def test_a_picture_keeps_nothing_but_the_picture(media_dir: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    exif[0x0112] = 6  # lies on its side
    content = picture("JPEG", exif=exif.tobytes(), comment=b"<script>") + b"<script>alert(1)</script>"
    stored = actions.store_media(name="a.jpg", content=content)
    assert (stored.width, stored.height) == (20, 40)
    kept = queries.media_path(stored).read_bytes()
    assert b"taken at home" not in kept
    assert b"<script" not in kept


def test_a_moving_picture_still_moves() -> None:
    out = io.BytesIO()
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "green", "blue")]
    frames[0].save(out, format="GIF", save_all=True, append_images=frames[1:], duration=70, loop=0)
    stored = actions.store_media(name="a.gif", content=out.getvalue())
    with Image.open(queries.media_path(stored)) as kept:
        assert (kept.n_frames, kept.info["duration"], kept.info["loop"]) == (3, 70, 0)


def test_transparency_stays() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (4, 4), (1, 2, 3, 0)).save(out, format="PNG")
    stored = actions.store_media(name="a.png", content=out.getvalue())
    with Image.open(queries.media_path(stored)) as kept:
        assert kept.convert("RGBA").getpixel((0, 0))[3] == 0


def test_the_same_content_is_the_same_file(media_dir: Path) -> None:
    first = actions.store_media(name="a.png", content=picture())
    assert actions.store_media(name="b.png", content=picture()) == first
    assert len(files(media_dir)) == 1


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "application/octet-stream"),
        (b"<!doctype html><script>alert(1)</script>", "application/octet-stream"),
        (b"%PDF-1.7 ...", "application/pdf"),
        (b"plain words", "application/octet-stream"),
    ],
)
def test_what_could_act_in_a_browser_is_for_download_only(content: bytes, content_type: str) -> None:
    stored = actions.store_media(name="picture.png", content=content)
    assert (stored.content_type, stored.width, stored.height) == (content_type, None, None)
    assert not queries.shows_inline(stored)
    assert Path(stored.path).suffix in (".bin", ".pdf")
    assert queries.media_path(stored).read_bytes() == content


def huge_png() -> bytes:
    """A few bytes that claim to be 50,000 by 50,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def long_gif() -> bytes:
    out = io.BytesIO()
    frames = [Image.new("RGB", (2, 2), (n, n, n)) for n in range(201)]
    frames[0].save(out, format="GIF", save_all=True, append_images=frames[1:], duration=10)
    return out.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x" * (FILE_LIMIT + 1),
        b"\x89PNG\r\n\x1a\n broken",
        picture()[:60],
        picture("JPEG")[:200],
        b"GIF89a",
        b"RIFF\0\0\0\0WEBPVP8 ",
        huge_png(),
        long_gif(),
        picture("PNG", (6000, 5000)),
    ],
    ids=["empty", "big", "broken", "cut png", "cut jpeg", "cut gif", "cut webp", "bomb", "many frames", "pixels"],
)
def test_what_can_t_be_kept_leaves_nothing(content: bytes, media_dir: Path) -> None:
    with pytest.raises(FileProblem) as caught:
        actions.store_media(name="a.png", content=content)
    assert caught.value.message
    assert MediaFile.objects.count() == 0
    assert files(media_dir) == []


def test_an_unwritable_directory_is_said(media_dir: Path) -> None:
    media_dir.write_text("a file in the way")
    with pytest.raises(FileProblem):
        actions.store_media(name="a.png", content=picture())
    assert MediaFile.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_deleting_takes_row_and_bytes(media_dir: Path) -> None:
    stored = actions.store_media(name="a.png", content=picture())
    actions.delete_media(media_id=stored.pk)
    assert files(media_dir) == []
    with pytest.raises(NotHere):
        queries.media(media_id=stored.pk)
    with pytest.raises(NotHere):
        actions.delete_media(media_id=stored.pk)


@pytest.mark.django_db(transaction=True)
def test_a_file_that_a_template_shows_is_kept_unless_one_insists(media_dir: Path) -> None:
    stored = actions.store_media(name="a.png", content=picture())
    template = actions.create_template(languages=["en"], name="Spring")
    actions.save_version(
        template_id=template.pk,
        language="en",
        subject="s",
        preheader="",
        mjml=MJML.format(f"https://shop.example/media/{stored.sha256}.png"),
    )
    with pytest.raises(FileInUse) as caught:
        actions.delete_media(media_id=stored.pk)
    assert caught.value.templates == ["Spring"]
    assert len(files(media_dir)) == 1
    actions.delete_media(media_id=stored.pk, even_if_shown=True)
    assert files(media_dir) == []


def test_another_workspace_sees_and_deletes_nothing(rival: Workspace, media_dir: Path) -> None:
    stored = actions.store_media(name="a.png", content=picture())
    with tenancy.workspace(rival.pk):
        assert list(queries.list_media()) == []
        with pytest.raises(NotHere):
            queries.media_by_hash(sha256=stored.sha256)
        with pytest.raises(NotHere):
            actions.delete_media(media_id=stored.pk)
        theirs = actions.store_media(name="a.png", content=picture())
        assert theirs.path != stored.path
    assert queries.media_path(stored).exists()
