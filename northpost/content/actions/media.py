"""Files for mails: kept under names made here, from their content, in the data directory."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import tempfile
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext as _

from northpost.content.errors import FileInUse, FileProblem, NotHere
from northpost.content.models import MediaFile
from northpost.content.pictures import ready_file
from northpost.content.queries import media_path, media_root, templates_showing
from northpost.core import clock, tenancy
from northpost.team.actions import record
from northpost.team.models import User


def store_media(*, name: str, content: bytes, by: User | None = None) -> MediaFile:
    """Keep a file; the same content again is the same file. ``name`` is for people, and never touches the disk.

    Pictures (PNG, JPEG, GIF, WebP) are written anew; anything else is kept as it is, for download only. Raises
    FileProblem.
    """
    readied = ready_file(content)
    digest = hashlib.sha256(readied.content).hexdigest()
    workspace_id = tenancy.require_workspace()
    # The end is random so that deleting the file and storing it again at the same moment don't meet on disk.
    path = f"{workspace_id}/{digest[:2]}/{digest}-{secrets.token_hex(4)}.{readied.suffix}"
    stored = MediaFile.objects.filter(sha256=digest).first()
    if stored is not None:
        return stored
    _write(media_root() / path, readied.content)
    with transaction.atomic():
        stored, made = MediaFile.objects.get_or_create(
            sha256=digest,
            defaults={
                "name": _shown_name(name, readied.suffix),
                "path": path,
                "content_type": readied.content_type,
                "size": len(readied.content),
                "width": readied.width,
                "height": readied.height,
                "created_by_id": by.pk if by else None,
                "created_at": clock.now(),
            },
        )
        if made:
            record(user=by, verb="uploaded", noun="file", noun_id=stored.pk, detail={"name": stored.name})
    if not made:
        (media_root() / path).unlink(missing_ok=True)
    return stored


def delete_media(*, media_id: int, even_if_shown: bool = False, by: User | None = None) -> None:
    """Remove a file for good. Mails already sent lose the picture too.

    Raises NotHere, and FileInUse if a template shows it, unless even_if_shown.
    """
    with transaction.atomic():
        found = MediaFile.objects.select_for_update().filter(pk=media_id).first()
        if found is None:
            raise NotHere(media_id)
        if not even_if_shown:
            names = templates_showing(found)
            if names:
                raise FileInUse(names)
        path = media_path(found)
        found.delete()
        record(user=by, verb="deleted", noun="file", noun_id=media_id, detail={"name": found.name})
        # Only a committed deletion takes the bytes: a file without a row is litter, a row without a file is a hole.
        transaction.on_commit(lambda: path.unlink(missing_ok=True))


def _write(path: Path, content: bytes) -> None:
    """All of the file or none of it, whatever crashes."""
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".upload-")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            Path(temporary or path).unlink()
        raise FileProblem(_("The file could not be stored: %(reason)s.") % {"reason": error.strerror}) from error


def _shown_name(name: str, suffix: str) -> str:
    """A name to show: the last part of a path, without characters that would break a line or a header."""
    name = name.replace("\\", "/").rpartition("/")[2]
    name = " ".join("".join(character for character in name if character.isprintable()).split())
    return name[-200:] or _("file") + f".{suffix}"
