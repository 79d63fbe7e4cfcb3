"""Files leave in pieces of bounded size, whatever their own is, and through the server's own way of asking."""

from __future__ import annotations

import asyncio
from io import BytesIO
from pathlib import Path

import pytest
from django.http import StreamingHttpResponse
from django.test import AsyncClient

import northpost.web
from northpost.web.frame.files import Download

LARGEST = 64 * 1024


async def pieces_of(answer: StreamingHttpResponse) -> list[bytes]:
    return [piece async for piece in answer]


@pytest.mark.parametrize("size", [0, 1, LARGEST, 5 * LARGEST + 1])
def test_a_download_comes_in_pieces(size: int):
    content = bytes(number % 251 for number in range(size))
    answer = Download(BytesIO(content), filename="people.csv")
    pieces = asyncio.run(pieces_of(answer))
    assert b"".join(pieces) == content
    assert [len(piece) for piece in pieces] == [LARGEST] * (size // LARGEST) + [size % LARGEST] * (size % LARGEST > 0)
    assert answer["Content-Disposition"] == 'attachment; filename="people.csv"'
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_the_pages_own_files_come_as_they_are():
    folder = Path(northpost.web.__file__).parent / "static"
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix in (".svg", ".js", ".css")]
    path = max(files, key=lambda each: each.stat().st_size)

    async def ask(**headers: str) -> tuple[StreamingHttpResponse, bytes]:
        answer = await AsyncClient().get(f"/static/{path.relative_to(folder)}", headers=headers)
        assert isinstance(answer, StreamingHttpResponse)
        return answer, b"".join(await pieces_of(answer))

    answer, content = asyncio.run(ask())
    assert (answer.status_code, content) == (200, path.read_bytes())
    assert answer["Content-Length"] == str(len(content))
    again, nothing = asyncio.run(ask(**{"if-modified-since": answer["Last-Modified"]}))
    assert (again.status_code, nothing) == (304, b"")
    assert "Content-Type" not in again
