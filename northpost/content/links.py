"""Links in a mail: which there are, which are tracked, and what an address must look like to be one."""

from __future__ import annotations

import re
from dataclasses import dataclass

# A person's own way out is never counted: it must work, whatever happens to the tracking.
NOT_TRACKED = frozenset({"unsubscribe_url", "web_version_url", "preferences_url"})

_WEB = re.compile(r"https?://[^\s/]", re.IGNORECASE)
_HARMLESS = re.compile(r"(?:https?:|mailto:|tel:|sms:|#)", re.IGNORECASE)
_UNSAFE = re.compile("[\\s\x00-\x20\x7f\"'<>\\\\^`{|}]")
_LEADING_VALUE = re.compile(r"\{\{-?\s*([\w.]+)")


@dataclass(frozen=True, slots=True)
class Link:
    """A tracked link. position: from 0, as they appear; url: as written, with its Liquid; label: its text."""

    position: int
    url: str
    label: str


def is_web_address(url: str) -> bool:
    return _WEB.match(url) is not None


def clean_url(url: str) -> str:
    """An address safe to stand in an href: known scheme, nothing that could end the attribute or the line.

    What is none (javascript:, a bare word from somebody's field) becomes "#".
    """
    url = url.strip()
    if not _HARMLESS.match(url):
        return "#"
    return _UNSAFE.sub(lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "replace")), url)


def is_tracked(url: str) -> bool:
    """Whether the url template (with Liquid) leads to the web, as far as one can tell before that."""
    url = url.strip()
    value = _LEADING_VALUE.match(url)
    if value:
        return value[1].split(".")[0] not in NOT_TRACKED
    return is_web_address(url)
