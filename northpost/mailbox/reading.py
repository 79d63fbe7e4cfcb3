"""Reading a mail for the page: headers, text, HTML and the list of attachments, within bounds (RFC 5322, 2045-2047).

What arrives may have been made to hurt (thousands of nested parts, a header of megabytes), so the shape is measured
before it is parsed; what exceeds the bounds is shown by its headers alone, and can still be downloaded whole.
"""

import binascii
import re
from dataclasses import dataclass
from email.errors import HeaderParseError, MessageError
from email.header import decode_header
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from email.policy import compat32

MAX_HEAD = 128 * 1024
MAX_HEADERS = 300
MAX_VALUE = 4000
MAX_BOUNDARIES = 30
MAX_DELIMITERS = 500
MAX_EMBEDDED = 5
MAX_TEXT = 1024 * 1024
MAX_SUBJECT = 500

_SUBJECT = re.compile(rb"^subject:[ \t]*([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)", re.IGNORECASE | re.MULTILINE)
_NOT_SHOWN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part that is not shown as text. `size` in bytes, decoded."""

    name: str
    content_type: str
    size: int


@dataclass(frozen=True, slots=True)
class Parsed:
    """A mail taken apart. `html` is as sent and must be shown in a sandbox; `too_complex`: only headers were read."""

    headers: tuple[tuple[str, str], ...]
    text: str
    html: str
    attachments: tuple[Attachment, ...]
    too_complex: bool = False

    def header(self, name: str) -> str:
        """The first header of that name, or nothing."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


def subject_of(raw: bytes) -> str:
    """The decoded subject, at most 500 characters; empty where there is none."""
    head = raw[:MAX_HEAD]
    end = head.find(b"\r\n\r\n")
    found = _SUBJECT.search(head if end < 0 else head[: end + 2])
    return decode_value(found[1][:MAX_VALUE].decode("utf-8", "replace"))[:MAX_SUBJECT] if found else ""


def decode_value(value: str) -> str:
    """A header's value as people read it: encoded words decoded, folds undone, no control characters."""
    value = _SPACES.sub(" ", value[:MAX_VALUE]).strip()
    if "=?" in value:
        try:
            parts = decode_header(value)
        except (HeaderParseError, binascii.Error, ValueError):
            parts = [(value, None)]
        value = "".join(_decode(part, charset) if isinstance(part, bytes) else part for part, charset in parts)
    return _NOT_SHOWN.sub("\ufffd", value)


def parse(raw: bytes) -> Parsed:
    """Take a mail apart; never raises for what is in it."""
    headers = _read_headers(raw)
    if _too_complex(raw):
        return Parsed(headers, "", "", (), too_complex=True)
    try:
        message = BytesParser(policy=compat32).parsebytes(raw)
        texts: dict[str, str] = {}
        attachments: list[Attachment] = []
        for part in message.walk():
            _sort_part(part, texts, attachments)
    except (MessageError, ValueError, LookupError, RecursionError):
        return Parsed(headers, "", "", (), too_complex=True)
    return Parsed(headers, texts.get("text/plain", ""), texts.get("text/html", ""), tuple(attachments))


def _read_headers(raw: bytes) -> tuple[tuple[str, str], ...]:
    end = raw.find(b"\r\n\r\n", 0, MAX_HEAD)
    head = raw[: end if end >= 0 else MAX_HEAD]
    lines = head.split(b"\r\n", MAX_HEADERS)[:MAX_HEADERS]
    try:
        message = BytesHeaderParser(policy=compat32).parsebytes(b"\r\n".join(lines))
        return tuple((name, decode_value(str(value))) for name, value in message.items())
    except (MessageError, ValueError):
        return ()


def _too_complex(raw: bytes) -> bool:
    """Whether the mail's shape could cost more to parse than any honest mail does."""
    lowered = raw.lower()
    return (
        lowered.count(b"boundary") > MAX_BOUNDARIES
        or lowered.count(b"\n--") > MAX_DELIMITERS
        or lowered.count(b"message/") > MAX_EMBEDDED
        or (raw.find(b"\r\n\r\n", 0, MAX_HEAD) < 0 and len(raw) > MAX_HEAD)
    )


def _sort_part(part: Message, texts: dict[str, str], attachments: list[Attachment]) -> None:
    if part.is_multipart():
        return
    kind = part.get_content_type()
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    if kind in ("text/plain", "text/html") and kind not in texts and part.get_content_disposition() != "attachment":
        charset = part.get_content_charset() or "utf-8"
        texts[kind] = _NOT_SHOWN.sub("\ufffd", _decode(content[:MAX_TEXT], charset).replace("\r\n", "\n"))
    else:
        name = part.get_filename() or ""
        attachments.append(Attachment(decode_value(str(name))[:200], kind, len(content)))


def _decode(content: bytes, charset: str | None) -> str:
    try:
        return content.decode(charset or "utf-8", "replace")
    except (LookupError, ValueError):
        return content.decode("utf-8", "replace")
