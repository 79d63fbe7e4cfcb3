"""DMARC aggregate reports: RFC 7489 appendix C, and the newer schema of its successor (namespace dmarc-2.0).

They come as XML, mostly gzipped or zipped. Sizes are held while unpacking, so that a few kilobytes which claim to be
gigabytes cost megabytes; the XML is read with entities and DTDs refused (defusedxml), record by record.
"""

from __future__ import annotations

import gzip
import io
import ipaddress
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from northpost.delivery.inbound.parts import Part

MAX_XML = 16 * 1024 * 1024
MAX_RECORDS = 20_000
MAX_REPORTS = 5
MAX_RESULTS = 20
MAX_DEPTH = 12
MAX_ELEMENTS = 5_000  # in one record, or around them
_MOST = 2**53
_HEAD = 4096

_PACKED = frozenset(
    {
        *(
            "application/gzip",
            "application/x-gzip",
            "application/zip",
            "application/x-zip-compressed",
            "application/x-zip",
        ),
        *("text/xml", "application/xml", "application/octet-stream", "application/dmarc+xml", "application/dmarc+gzip"),
    }
)


class UnreadableReport(ValueError):
    """The archive or the XML can't be read, or is made to do harm. Permanent; ``reason`` is stable."""

    retryable = False

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Record:
    """So many ``messages`` from one server, and how they fared; see models.DmarcRow."""

    source_ip: str
    messages: int
    disposition: str
    dkim_aligned: bool
    spf_aligned: bool
    header_from: str
    envelope_from: str
    reasons: tuple[str, ...]
    auth: dict[str, list[dict[str, str]]] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Report:
    """One organisation's account of one domain and one span of time. ``published``: the policy found, by its tags."""

    organisation: str
    key: str
    domain: str
    begins_at: datetime
    ends_at: datetime
    published: dict[str, str] = field(hash=False)
    records: tuple[Record, ...]


def reports_in(mail: Part) -> list[bytes]:
    """The XML of the aggregate reports that a mail carries; none: it carries none. Raises UnreadableReport."""
    found: list[bytes] = []
    says_so = "report domain:" in mail.header("subject").lower()
    for part in mail.walk():
        if part.parts or part.kind not in _PACKED or len(found) >= MAX_REPORTS:
            continue
        name = part.filename.lower()
        named = name.endswith((".xml", ".xml.gz", ".gz", ".zip")) and "!" in name
        plain = part.kind in ("text/xml", "application/xml", "application/dmarc+xml") or name.endswith(".xml")
        if not (says_so or named or plain):
            continue
        xml = unpack(part.content())
        if xml is not None and b"<feedback" in xml[:_HEAD]:
            found.append(xml)
    return found


def unpack(content: bytes) -> bytes | None:
    """The XML in a gzip or zip file, or as it is; None for what is none of these. Raises UnreadableReport."""
    if content.startswith(b"\x1f\x8b"):
        return _gunzip(content)
    if content.startswith(b"PK\x03\x04"):
        return _unzip(content)
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return _held(content)
    return None


def read_report(xml: bytes) -> Report:
    """Raises UnreadableReport."""
    try:
        return _read(xml)
    except (ParseError, DefusedXmlException) as error:
        raise UnreadableReport("xml_broken" if isinstance(error, ParseError) else "xml_forbidden") from error
    except (ValueError, OverflowError, LookupError) as error:
        if isinstance(error, UnreadableReport):
            raise
        raise UnreadableReport("xml_values") from error


def _held(content: bytes) -> bytes:
    if len(content) > MAX_XML:
        raise UnreadableReport("too_large")
    return content


def _gunzip(content: bytes) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            return _held(file.read(MAX_XML + 1))
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableReport("archive_broken") from error


def _unzip(content: bytes) -> bytes | None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [info for info in archive.infolist()[:100] if info.filename.lower().endswith(".xml")]
            if not names:
                return None
            if names[0].flag_bits & 1:
                raise UnreadableReport("archive_locked")
            with archive.open(names[0]) as file:
                return _held(file.read(MAX_XML + 1))
    except (zipfile.BadZipFile, OSError, EOFError, zlib.error, NotImplementedError, ValueError, RuntimeError) as error:
        if isinstance(error, UnreadableReport):
            raise
        raise UnreadableReport("archive_broken") from error


def _read(xml: bytes) -> Report:
    parts: dict[str, Element] = {}
    records: list[Record] = []
    for element in _elements(xml):
        name = _name(element)
        if name == "record":
            records.append(_record(element))
            if len(records) > MAX_RECORDS:
                raise UnreadableReport("too_many_records")
        else:
            parts.setdefault(name, element)
    meta, policy = parts.get("report_metadata"), parts.get("policy_published")
    if meta is None or policy is None:
        raise UnreadableReport("no_report")
    span = _child(meta, "date_range")
    organisation, key = _text(meta, "org_name"), _text(meta, "report_id")
    domain = _text(policy, "domain").lower().rstrip(".")
    if not domain or not key or span is None:
        raise UnreadableReport("no_report")
    tags = ("p", "sp", "np", "pct", "t", "testing", "adkim", "aspf", "fo", "discovery_method")
    published = {tag: said for tag in tags if (said := _text(policy, tag, 20).lower())}
    begins, ends = _moment(_text(span, "begin")), _moment(_text(span, "end"))
    return Report(organisation or "?", key, domain[:253], begins, max(begins, ends), published, tuple(records))


def _elements(xml: bytes) -> Iterator[Element]:
    """What stands directly in <feedback>, each once it is whole; what was read is let go."""
    depth = elements = 0
    root: Element | None = None
    for event, element in iterparse(io.BytesIO(xml), events=("start", "end"), forbid_dtd=True):
        if event == "start":
            depth, elements = depth + 1, elements + 1
            if depth > MAX_DEPTH or elements > MAX_ELEMENTS:
                raise UnreadableReport("too_deep")
            if root is None:
                root = element
                if _name(root) != "feedback":
                    raise UnreadableReport("no_report")
            continue
        depth -= 1
        if depth == 1 and root is not None:
            yield element
            if _name(element) == "record":
                root.clear()
                elements = 0


def _record(element: Element) -> Record:
    row = _child(element, "row")
    if row is None:
        raise UnreadableReport("no_report")
    judged = _child(row, "policy_evaluated")
    identifiers = _child(element, "identifiers")
    results = _child(element, "auth_results")
    messages = int(_text(row, "count") or "0")
    if not 0 <= messages < _MOST:
        raise UnreadableReport("xml_values")
    return Record(
        source_ip=str(ipaddress.ip_address(_text(row, "source_ip"))),
        messages=messages,
        disposition=_text(judged, "disposition", 20).lower(),
        dkim_aligned=_text(judged, "dkim").lower() == "pass",
        spf_aligned=_text(judged, "spf").lower() == "pass",
        header_from=_text(identifiers, "header_from", 253).lower(),
        envelope_from=_text(identifiers, "envelope_from", 253).lower(),
        reasons=tuple(_text(reason, "type", 40).lower() for reason in _children(judged, "reason")[:MAX_RESULTS]),
        auth={
            "dkim": _results(results, "dkim", ("domain", "selector", "result")),
            "spf": _results(results, "spf", ("domain", "scope", "result")),
        },
    )


def _results(element: Element | None, name: str, wanted: tuple[str, ...]) -> list[dict[str, str]]:
    return [{key: _text(one, key, 253).lower() for key in wanted} for one in _children(element, name)[:MAX_RESULTS]]


def _moment(text: str) -> datetime:
    """Seconds since 1970, as the schema has it; a few write a date instead."""
    if text.isascii() and text.isdigit():
        return datetime.fromtimestamp(int(text), UTC)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _name(element: Element) -> str:
    """Without the namespace, which only some write."""
    return str(element.tag).rpartition("}")[2].lower()


def _children(element: Any, name: str) -> list[Element]:
    return [child for child in element if _name(child) == name] if element is not None else []


def _child(element: Any, name: str) -> Element | None:
    return next(iter(_children(element, name)), None)


def _text(element: Any, name: str, most: int = 200) -> str:
    child = _child(element, name)
    text = "".join(child.itertext()).strip() if child is not None else ""
    return "".join(character for character in text[:most] if character.isprintable())
