"""What openings and clicks are answered with, made once: the same few messages go to everybody.

A reply is what ASGI calls the start of a response and its body; servers read them and change nothing.
"""

from __future__ import annotations

import base64
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import translation
from django.utils.encoding import iri_to_uri
from django.utils.translation import gettext as _

Message = MutableMapping[str, Any]
Headers = list[tuple[bytes, bytes]]
Reply = tuple[Message, Message]

PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
NOT_KEPT = (b"cache-control", b"no-store, private")
LATER = (b"retry-after", b"30")


def reply(status: int, headers: Headers, body: bytes = b"") -> Reply:
    always: Headers = [NOT_KEPT]
    if settings.SECURE_HSTS_SECONDS:
        always.append((b"strict-transport-security", b"max-age=%d" % settings.SECURE_HSTS_SECONDS))
    length = [] if status == 204 else [(b"content-length", b"%d" % len(body))]
    start = {"type": "http.response.start", "status": status, "headers": [*always, *headers, *length]}
    return start, {"type": "http.response.body", "body": body}


def headless(answer: Reply) -> Reply:
    """The same to a HEAD."""
    start, body = answer
    return start, {**body, "body": b""}


def leading_to(url: str) -> Reply | None:
    """A Location that no character breaks out of; None for what a browser should not be sent to."""
    if urlsplit(url).scheme.lower() not in ("http", "https"):
        return None
    return reply(302, [(b"location", str(iri_to_uri(url)).encode("ascii"))])


def unavailable(*, picture: bool) -> Reply:
    if picture:
        return reply(503, [LATER])
    lines = []
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            lines.append(_("This link can't be followed just now. Please try it again in a minute."))
    return reply(503, [LATER, (b"content-type", b"text/plain; charset=utf-8")], "\n\n".join(lines).encode())
