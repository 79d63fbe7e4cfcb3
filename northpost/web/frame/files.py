"""Files as answers, handed to the server piece by piece.

Django reads the whole of a file into memory before an ASGI server gets its first byte of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, cast

from django.http import FileResponse, HttpRequest
from whitenoise.middleware import WhiteNoiseFileResponse, WhiteNoiseMiddleware


class _InPieces(FileResponse):
    block_size = 64 * 1024

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = cast(Iterator[bytes], self.streaming_content)
        while piece := await asyncio.to_thread(next, pieces, b""):
            yield piece


class Download(_InPieces):
    """A file for the reader to keep, and for no cache: it is somebody's."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, as_attachment=True, **kwargs)
        self["Cache-Control"] = "no-store"


def download(filename: str, write: Callable[[Path], None]) -> Download:
    """What ``write`` puts into the file whose path it is given: on the disk, so that memory stays small, and gone once
    it has been sent."""
    with NamedTemporaryFile(suffix=Path(filename).suffix, delete=False) as kept:
        path = Path(kept.name)
    try:
        write(path)
        stream = path.open("rb")
    finally:
        path.unlink(missing_ok=True)
    return Download(stream, filename=filename)


class _StaticFile(_InPieces, WhiteNoiseFileResponse):
    pass


class StaticFiles(WhiteNoiseMiddleware):
    """The pages' own files: styles, scripts, fonts, pictures."""

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> FileResponse:
        made = WhiteNoiseMiddleware.serve(static_file, request)
        answer = _StaticFile(made.file_to_stream or (), status=made.status_code)
        answer.headers = made.headers
        return answer
