"""Writes of the content room: templates.py for templates and their versions, media.py for files."""

from northpost.content.actions.media import delete_media, store_media
from northpost.content.actions.templates import (
    archive_template,
    create_template,
    duplicate_template,
    rename_template,
    restore_template,
    save_version,
    use_version,
)

__all__ = [
    "archive_template",
    "create_template",
    "delete_media",
    "duplicate_template",
    "rename_template",
    "restore_template",
    "save_version",
    "store_media",
    "use_version",
]
