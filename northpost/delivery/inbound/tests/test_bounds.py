"""Mail that was made to hurt: refused or read, in time and memory that have a ceiling, and never an error of ours."""

from __future__ import annotations

import base64
import time
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from northpost.delivery.inbound.classify import Reply, classify
from northpost.delivery.inbound.dmarc import UnreadableReport, read_report
from northpost.delivery.inbound.parts import MAX_BYTES, MAX_DEPTH, MAX_PARTS, Part, Unreadable, read_parts
from northpost.delivery.inbound.tests import letters

SAMPLES = [
    letters.dsn(kept=letters.original()),
    letters.filled(letters.QMAIL, kept=letters.original()),
    letters.filled(letters.EXIM, kept=letters.original()),
    letters.filled(letters.EXCHANGE, kept=letters.original()),
    letters.filled(letters.ARF, kept=letters.original(), kind="abuse"),
    letters.filled(letters.JMRP, kept=letters.original()),
    letters.reply(),
    letters.dmarc(),
    letters.dmarc(letters.NEW_SCHEMA, packed="zip"),
    letters.dmarc(packed="xml"),
]


def nested(depth: int) -> bytes:
    head = "".join(f'Content-Type: multipart/mixed; boundary="b{level}"\n\n--b{level}\n' for level in range(depth))
    return (f"Subject: bomb\n{head}\nhello").encode()


def flat(parts: int) -> bytes:
    return b'Content-Type: multipart/mixed; boundary="b"\n\n' + b"--b\n\nhello\n" * parts + b"--b--\n"


def test_shapes_up_to_the_bounds_are_read_and_beyond_refused():
    assert read_parts(nested(MAX_DEPTH)).parts
    with pytest.raises(Unreadable, match="too_deep"):
        read_parts(nested(MAX_DEPTH + 1))
    assert len(read_parts(flat(MAX_PARTS - 1)).parts) == MAX_PARTS - 1
    with pytest.raises(Unreadable, match="too_many_parts"):
        read_parts(flat(MAX_PARTS))
    with pytest.raises(Unreadable, match="too_many_parts"):
        read_parts(flat(200_000))
    with pytest.raises(Unreadable, match="too_many_headers"):
        read_parts(b"X: y\n" * 1000 + b"\nhello")
    with pytest.raises(Unreadable, match="headers_too_long"):
        read_parts(b"X: " + b"y" * 1_000_000)
    with pytest.raises(Unreadable, match="no_headers"):
        read_parts(b"\nhello")
    with pytest.raises(Unreadable, match="no_headers"):
        read_parts(b"")


BOMBS = {
    "lines": b"Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n" + b"\n" * 5_000_000,
    "near boundaries": b"Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n"
    + b"--bb\n" * 150
    + b"x" * 5_000_000,
    "quotation marks": b'Content-Type: multipart/mixed; a="' + b';a="' * 60_000 + b"\n\nhello",
    "backslashes": b'Content-Type: text/plain; a="' + b"\\" * 250_001 + b"\n\nhello",
    "encoded words": b"Subject: " + b"=?utf-8?q?" * 20_000 + b"\n\nhello",
    "tags": b"Subject: x\nContent-Type: text/html\n\n" + b"<script" * 700_000,
    "comments": b"Subject: x\nContent-Type: text/html\n\n" + b"<!--" * 1_000_000,
    "entities": b"Subject: x\nContent-Type: text/html\n\n" + b"&" * 5_000_000,
    "blanks": b"Subject: x\n\na" + b"\n " * 2_000_000 + b"b",
    "punycode": b"Subject: x\nContent-Type: text/plain; charset=punycode\n\n" + b"a-" * 1_000_000,
    "quotes": b"Subject: x\n\n" + b"a wrote:\n" * 500_000,
    "folds": b"Subject: x" + b"\n y" * 80_000 + b"\n\nhello",
    "status": b"Subject: x\nContent-Type: message/delivery-status\n\n" + b"Final-Recipient: rfc822; a@b\n\n" * 100_000,
    "angles": b"From: " + b"<" * 200_000 + b"\n\nhello",
    "message ids": b"References: " + b"<aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@b>" * 5_000 + b"\n\nhello",
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_cost_little(name: str):
    raw = BOMBS[name]
    tracemalloc.start()
    try:
        began = time.process_time()
        try:
            classify(raw)
        except Unreadable as refused:
            assert refused.reason
        # It takes a tenth of a second; what grows with the square of the size takes minutes.
        assert time.process_time() - began < 15
        assert tracemalloc.get_traced_memory()[1] < 20 * MAX_BYTES
    finally:
        tracemalloc.stop()


def test_what_is_too_long_is_cut():
    found = classify(b"Subject: x\nFrom: a@b.example\n\n" + b"hello\n" * 5_000_000).kind
    assert isinstance(found, Reply)
    assert len(found.text) <= 20_000


def check(raw: bytes) -> None:
    try:
        reading = classify(raw)
    except (Unreadable, UnreadableReport) as refused:
        assert refused.reason
        assert not refused.retryable
    else:
        assert len(reading.subject) <= 300
        assert "\x00" not in reading.subject + reading.sender_key
        if isinstance(reading.kind, Reply):
            assert "\x00" not in reading.kind.text
            reading.kind.text.encode()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=3000))
def test_no_bytes_at_all_raise_anything_else(raw: bytes):
    check(raw)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(SAMPLES), st.data())
def test_no_damage_to_a_real_mail_does(sample: bytes, data: st.DataObject):
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(sample)))
        end = min(len(sample), start + data.draw(st.integers(0, 200)))
        put = data.draw(
            st.one_of(
                st.binary(max_size=40),
                st.sampled_from(
                    [b"\n\n", b"--", b'"', b"\r", b"\x00", b"boundary=", b"base64", b"=?utf-8?b?", b"<!--"]
                ),
            )
        )
        sample = sample[:start] + put + sample[end:]
    check(sample)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_xml_does(data: st.DataObject):
    xml = data.draw(st.sampled_from([letters.OLD_SCHEMA, letters.NEW_SCHEMA])).format(domain="shop.example").encode()
    start = data.draw(st.integers(0, len(xml)))
    xml = xml[:start] + data.draw(st.binary(max_size=30)) + xml[start + data.draw(st.integers(0, 60)) :]
    try:
        read_report(xml)
    except UnreadableReport as refused:
        assert refused.reason


@given(st.binary(max_size=500))
def test_base64_is_undone_whatever_stands_between(content: bytes):
    body = base64.encodebytes(content).replace(b"A", b"A \x00-")
    part = Part((("content-transfer-encoding", "BASE64"),), "text/plain", {}, body, ())
    assert part.content() == content
