"""Character references: HTML has names for thousands and lets an ampersand stand bare, XML knows five names. Pure."""

from __future__ import annotations

import re
from html.entities import html5

_AMPERSAND = re.compile(r"&(#\d{1,7};|#[xX][0-9a-fA-F]{1,6};|[A-Za-z][A-Za-z0-9]{1,31};)?")


def as_xml(text: str) -> str:
    """Bare ampersands escaped, HTML's named characters as numbers: XML knows only five names."""

    def replace(match: re.Match[str]) -> str:
        reference = match[1]
        if reference is None:
            return "&amp;"
        if reference[0] == "#":
            return _numeric(reference)
        if reference in ("amp;", "lt;", "gt;", "quot;", "apos;"):
            return match[0]
        characters = html5.get(reference)
        if characters is None:
            return f"&amp;{reference}"
        return "".join(f"&#{ord(character)};" for character in characters)

    return _AMPERSAND.sub(replace, text)


def _numeric(reference: str) -> str:
    digits = reference[1:-1]
    code = int(digits[1:], 16) if digits[0] in "xX" else int(digits)
    allowed = code in (9, 10, 13) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or 0x10000 <= code <= 0x10FFFF
    return f"&#{code};" if allowed else "&#65533;"


def attribute_value(value: str) -> str:
    """The same, fit to stand between double quotes."""
    return as_xml(value).replace('"', "&quot;").replace("<", "&lt;")
