"""What a request under /m/o/ or /m/c/ asks for, from its path alone."""

from __future__ import annotations

from typing import NamedTuple

from northpost.core import signing
from northpost.delivery import addresses
from northpost.delivery.models import HitKind

OPENED, CLICKED, PICTURE = "/m/o/", "/m/c/", ".gif"
# Longer than any address of ours that a mail can hold.
LONGEST = 8000
HIDDEN_LINK = 0


class Asked(NamedTuple):
    """An opening (``link_id`` None) or a click; ``url`` only where the address was the person's own."""

    kind: HitKind
    workspace_id: int
    message_id: int
    link_id: int | None = None
    url: str = ""


def read(path: str) -> Asked | None:
    """None for anything but an address that we signed: one changed byte, and there is nothing."""
    if len(path) > LONGEST:
        return None
    try:
        if path.startswith(CLICKED):
            link, _slash, person = path[len(CLICKED) :].partition("/")
            click = addresses.read_click(link, person)
            if "\0" in click.url:
                return None
            return Asked(HitKind.CLICK, click.workspace_id, click.message_id, click.link_id, click.url)
        if path.startswith(OPENED) and path.endswith(PICTURE):
            workspace_id, message_id = addresses.read_message(addresses.OPEN, path[len(OPENED) : -len(PICTURE)])
            return Asked(HitKind.OPEN, workspace_id, message_id)
    except (signing.BadToken, UnicodeDecodeError):
        pass
    return None
