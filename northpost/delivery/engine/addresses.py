"""The addresses on our side that a message carries: each bound by a signature to message and purpose."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from django.conf import settings

from northpost.core import signing

OPEN, CLICK, LEAVE, VIEW, BOUNCE, MESSAGE_ID = "open", "click", "leave", "view", "bounce", "message-id"
_IDS = struct.Struct(">qqq")


@dataclass(frozen=True)
class ClickTarget:
    """Where a click came from; ``url`` only where the address was the person's own (else the link's row has it)."""

    workspace_id: int
    message_id: int
    link_id: int
    url: str


def open_url(workspace_id: int, message_id: int) -> str:
    return f"{settings.NORTHPOST_URL}/m/o/{signing.sign_ids(OPEN, workspace_id, message_id)}.gif"


def click_url(workspace_id: int, message_id: int, link_id: int, url: str = "") -> str:
    payload = _IDS.pack(workspace_id, message_id, link_id) + url.encode()
    return f"{settings.NORTHPOST_URL}/m/c/{signing.sign(CLICK, payload)}"


def unsubscribe_url(workspace_id: int, message_id: int) -> str:
    return f"{settings.NORTHPOST_URL}/m/u/{signing.sign_ids(LEAVE, workspace_id, message_id)}"


def web_version_url(workspace_id: int, message_id: int) -> str:
    return f"{settings.NORTHPOST_URL}/m/v/{signing.sign_ids(VIEW, workspace_id, message_id)}"


def return_path(workspace_id: int, message_id: int, domain: str) -> str:
    """A return path of the message's own (VERP); its token proves that a bounce is one of ours."""
    return f"bounce+{signing.sign_ids(BOUNCE, workspace_id, message_id)}@{domain}"


def message_id_header(workspace_id: int, message_id: int, domain: str) -> str:
    """The same for every try, so that a server that got it twice can tell."""
    return f"<{signing.sign_ids(MESSAGE_ID, workspace_id, message_id)}@{domain}>"


def read_click(token: str) -> ClickTarget:
    """Raises BadToken."""
    payload = signing.verify(CLICK, token)
    if len(payload) < _IDS.size:
        raise signing.BadToken("a token of another kind")
    workspace_id, message_id, link_id = _IDS.unpack_from(payload)
    return ClickTarget(workspace_id, message_id, link_id, payload[_IDS.size :].decode())


def read_message(purpose: str, token: str) -> tuple[int, int]:
    """(workspace, message) of an OPEN, LEAVE, VIEW or BOUNCE token. Raises BadToken."""
    workspace_id, message_id = signing.verify_ids(purpose, token, 2)
    return workspace_id, message_id
