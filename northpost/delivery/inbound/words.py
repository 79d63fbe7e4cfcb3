"""The words of a mail that a person wrote: as plain text, and without what they quote."""

from __future__ import annotations

import re
from html import unescape

from northpost.delivery.inbound.parts import Part

MAX_TEXT = 20_000
_MAX_HTML = 200_000

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})\b[^<>]*>|<!--|<![^<>]*>")
_UNSHOWN = frozenset({"script", "style", "head", "title"})
_BREAKING = frozenset({"br", "p", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote"})
_BLANKS = re.compile(r"[ \t\u00a0]+")
_EMPTY_LINES = re.compile(r"\n\s*\n\s*")
# What programs write above the mail that is answered, alone on its line.
_QUOTES_BEGIN = re.compile(
    r"-{2,}\s*(?:original message|forwarded message|оригинално съобщение|първоначално съобщение|исходное сообщение"
    r"|пересылаемое сообщение|ursprüngliche nachricht|message d'origine)\s*-{2,}"
    r"|_{20,}"
    r"|(?:on|на|le|am)\s.{6,300}(?:wrote|написа|написал\(?а?\)?|schrieb|a écrit)\s*:"
    r"|.{6,300}(?:wrote|написа|пишет|написал\(?а?\)?)\s*:",
    re.IGNORECASE,
)


def text_of(mail: Part) -> str:
    """The first plain text that is no attachment, or else what the HTML says; at most 20,000 characters."""
    leaves = [part for part in mail.walk() if not part.parts and not part.is_attachment]
    for part in leaves:
        if part.kind == "text/plain" and (text := part.text(MAX_TEXT).strip()):
            return text
    for part in leaves:
        if part.kind == "text/html":
            return plain(part.text(_MAX_HTML))[:MAX_TEXT]
    return ""


def plain(html: str) -> str:
    """HTML as text, roughly: for reading, never for showing as HTML."""
    kept: list[str] = []
    unshown = ""
    place = 0
    for tag in _TAG.finditer(html):
        if tag.start() < place:
            continue
        if not unshown:
            kept.append(html[place : tag.start()])
        place = tag.end()
        name = (tag[2] or "").lower()
        if tag[0] == "<!--":
            end = html.find("-->", place)
            place = len(html) if end < 0 else end + 3
        elif unshown:
            unshown = "" if tag[1] and name == unshown else unshown
        elif name in _UNSHOWN and not tag[1]:
            unshown = name
        else:
            kept.append("\n" if name in _BREAKING else " ")
    if not unshown:
        kept.append(html[place:])
    text = _BLANKS.sub(" ", unescape("".join(kept)))
    return _EMPTY_LINES.sub("\n\n", text.replace("\x00", "")).strip()


def own_words(text: str) -> str:
    """Without the quotation below (or above): what the person wrote themselves. All of it if nothing else is left."""
    lines = text.split("\n")
    kept: list[str] = []
    for number, line in enumerate(lines):
        stripped = line.strip()
        if len(stripped) < 400 and _QUOTES_BEGIN.fullmatch(stripped) and _quotes_follow(lines, number):
            break
        if not stripped.startswith(">"):
            kept.append(line.rstrip())
    words = _EMPTY_LINES.sub("\n\n", "\n".join(kept)).strip()
    return words or text.strip()


def _quotes_follow(lines: list[str], number: int) -> bool:
    """Whether the rest is a quotation: somebody may well write "Ivan wrote:" in the middle of their own words."""
    if not lines[number].strip().endswith(":"):
        return True
    following = [line for line in lines[number + 1 : number + 6] if line.strip()]
    return bool(following) and following[0].lstrip().startswith(">")
