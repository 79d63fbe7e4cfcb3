"""DMARC aggregate reports: both schemas, every packing, and archives and XML that were made to hurt."""

from __future__ import annotations

import gzip
import io
import zipfile
from datetime import UTC, datetime

import pytest

from northpost.delivery.inbound.classify import DmarcMail, classify
from northpost.delivery.inbound.dmarc import MAX_XML, Record, UnreadableReport, read_report
from northpost.delivery.inbound.tests import letters


@pytest.mark.parametrize("packed", ["gz", "zip", "xml"])
def test_the_old_schema(packed: str):
    kind = classify(letters.dmarc(packed=packed)).kind
    assert isinstance(kind, DmarcMail)
    (xml,) = kind.reports
    report = read_report(xml)
    assert (report.organisation, report.key, report.domain) == ("google.com", "1234567890", "shop.example")
    assert (report.begins_at, report.ends_at) == (
        datetime(2026, 3, 1, tzinfo=UTC),
        datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC),
    )
    assert report.published == {"p": "none", "sp": "none", "pct": "100", "adkim": "r", "aspf": "r"}
    assert report.records == (
        Record(
            "192.0.2.1", 41, "none", True, False, "shop.example", "", (),
            {
                "dkim": [{"domain": "shop.example", "selector": "np1", "result": "pass"}],
                "spf": [{"domain": "bounce.relay.example", "scope": "", "result": "pass"}],
            },
        ),
        Record(
            "2001:db8::25", 2, "quarantine", False, False, "shop.example", "evil.example", ("forwarded",),
            {"dkim": [], "spf": [{"domain": "evil.example", "scope": "mfrom", "result": "softfail"}]},
        ),
    )  # fmt: skip


def test_the_new_schema():
    kind = classify(letters.dmarc(letters.NEW_SCHEMA, packed="zip")).kind
    assert isinstance(kind, DmarcMail)
    report = read_report(kind.reports[0])
    assert report.published == {
        "p": "reject", "sp": "quarantine", "np": "reject", "adkim": "s", "aspf": "s", "testing": "n", "fo": "0",
        "discovery_method": "treewalk",
    }  # fmt: skip
    assert [(row.source_ip, row.messages, row.dkim_aligned, row.spf_aligned) for row in report.records] == [
        ("192.0.2.9", 7, True, True)
    ]


def refused(raw: bytes) -> str:
    with pytest.raises(UnreadableReport) as error:
        kind = classify(raw).kind
        assert isinstance(kind, DmarcMail)
        read_report(kind.reports[0])
    return error.value.reason


def test_archives_that_grow_are_refused():
    bomb = gzip.compress(b"<feedback>" + b" " * (MAX_XML + 10))
    assert len(bomb) < 100_000
    assert refused(letters.dmarc(content=bomb, packed="raw")) == "too_large"
    assert refused(letters.dmarc(content=letters.zipped(b" " * (MAX_XML + 10)), packed="rawzip")) == "too_large"


def test_broken_and_locked_archives_are_refused():
    whole = gzip.compress(letters.OLD_SCHEMA.format(domain="shop.example").encode())
    assert refused(letters.dmarc(content=whole[: len(whole) // 2], packed="raw")) == "archive_broken"
    packed = letters.zipped(b"<feedback/>")
    assert refused(letters.dmarc(content=packed[:-30], packed="rawzip")) == "archive_broken"
    locked = bytearray(packed)
    for mark in (b"PK\x03\x04", b"PK\x01\x02"):
        place = locked.find(mark)
        locked[place + (6 if mark.endswith(b"\x04") else 8)] |= 1
    assert refused(letters.dmarc(content=bytes(locked), packed="rawzip")) == "archive_locked"


def test_a_zip_that_lies_about_its_size_is_held_as_well():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("report.xml", b" " * (MAX_XML + 10))
    lying = bytearray(stream.getvalue())
    place = lying.find(b"PK\x01\x02")
    lying[place + 24 : place + 28] = (100).to_bytes(4, "little")
    assert refused(letters.dmarc(content=bytes(lying), packed="rawzip")) in ("too_large", "archive_broken")


@pytest.mark.parametrize(
    ("xml", "reason"),
    [
        ('<!DOCTYPE feedback [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><feedback>&b;</feedback>', "xml_forbidden"),
        ('<!DOCTYPE feedback SYSTEM "http://127.0.0.1/x.dtd"><feedback/>', "xml_forbidden"),
        ("<feedback><record>", "xml_broken"),
        ("<feedback></feedback>", "no_report"),
        ("<feedback>" + "<a>" * 50 + "</a>" * 50 + "</feedback>", "too_deep"),
        ("<feedback><record>" + "<a/>" * 6000 + "</record></feedback>", "too_deep"),
        ("<other><feedback/></other>", "no_report"),
    ],
)
def test_xml_that_is_none_of_ours(xml: str, reason: str):
    assert refused(letters.dmarc(content=xml.encode(), packed="xml")) == reason


@pytest.mark.parametrize(
    ("before", "after"),
    [("<count>41</count>", "<count>many</count>"), ("192.0.2.1", "not an address"), ("<count>41", "<count>-41"),
     ("1772323200", "99999999999999999999")],
)  # fmt: skip
def test_values_that_are_none(before: str, after: str):
    xml = letters.OLD_SCHEMA.replace(before, after)
    assert refused(letters.dmarc(xml)) == "xml_values"


def test_other_archives_are_no_reports():
    raw = letters.dmarc(content=letters.zipped(b"<feedback/>", "photo.jpg"), packed="rawzip")
    assert not isinstance(classify(raw).kind, DmarcMail)
