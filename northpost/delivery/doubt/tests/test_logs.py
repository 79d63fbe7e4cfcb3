"""Postfix's and Exim's logs, line by line as they write them."""

from __future__ import annotations

import gzip
from pathlib import Path

from northpost.delivery.doubt.logs import Entry, LogReader, log_lines

POSTFIX = """\
Nov 22 10:00:00 mail postfix/smtpd[100]: 4AB12C0D3F: client=app.firm.example[10.0.0.5]
Nov 22 10:00:00 mail postfix/cleanup[101]: 4AB12C0D3F: message-id=<one@firm.example>
Nov 22 10:00:00 mail postfix/qmgr[50]: 4AB12C0D3F: from=<bounce+x1@firm.example>, size=31007, nrcpt=1 (queue active)
Nov 22 10:00:01 mail postfix/smtp[102]: 4AB12C0D3F: to=<a@people.example>, relay=mx.people.example[192.0.2.1]:25, \
delay=1.1, delays=0.1/0/0.5/0.5, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 7F3)
Nov 22 10:00:01 mail postfix/qmgr[50]: 4AB12C0D3F: removed
Nov 22 10:00:02 mail postfix/cleanup[101]: 4AB12C0D40: message-id=<two@firm.example>
Nov 22 10:00:02 mail postfix/smtpd[100]: lost connection after DATA (12000 bytes) from app.firm.example[10.0.0.5]
Nov 22 10:00:03 mail postfix/cleanup[101]: 3XyZ9k2Q1bzN: message-id=<three@firm.example>
Nov 22 10:00:03 mail postfix/qmgr[50]: 3XyZ9k2Q1bzN: from=<bounce+x3@firm.example>, size=31007, nrcpt=1 (queue active)
Nov 22 10:00:04 mail postfix-out/smtp[102]: 3XyZ9k2Q1bzN: to=<c@people.example>, \
relay=mx.people.example[192.0.2.1]:25, \
delay=1, delays=0/0/1/0, dsn=5.1.1, status=bounced (host mx.people.example[192.0.2.1] said: \
550 5.1.1 <c@people.example>: User unknown (in reply to RCPT TO command))
2026-11-22T10:00:05.123456+00:00 mail postfix/qmgr[50]: 4AB12C0D41: from=<bounce+x4@firm.example>, size=9, nrcpt=1 \
(queue active)
2026-11-22T10:00:06.123456+00:00 mail postfix/smtp[102]: 4AB12C0D41: to=<d@people.example>, relay=none, delay=30, \
delays=0/0/30/0, dsn=4.4.1, status=deferred (connect to mx.people.example[192.0.2.1]:25: Connection timed out)
Nov 22 10:00:07 mail postfix/cleanup[101]: 4AB12C0D42: message-id=<stranger@other.example>
Nov 22 10:00:07 mail postfix/smtp[102]: 4AB12C0D42: to=<e@people.example>, relay=x, delay=1, delays=0, dsn=2.0.0, \
status=sent (250 ok)
"""
EXIM = """\
2026-11-22 10:00:00 1rABCD-000001-1X <= bounce+x1@firm.example H=app [10.0.0.5] P=esmtps S=31007 id=one@firm.example
2026-11-22 10:00:01 1rABCD-000001-1X => a@people.example R=dnslookup T=remote_smtp H=mx [192.0.2.1] C="250 2.0.0 OK"
2026-11-22 10:00:01 1rABCD-000001-1X Completed
2026-11-22 10:00:02.123 +0000 [77] 1rABCD-00000000Ab1-1Y <= bounce+x3@firm.example H=app S=31 id=three@firm.example
2026-11-22 10:00:03.123 +0000 [77] 1rABCD-00000000Ab1-1Y ** c@people.example R=dnslookup T=remote_smtp \
H=mx [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<c@people.example>: 550 5.1.1 User unknown
2026-11-22 10:00:04 1rABCD-000003-1Z <= bounce+x4@firm.example H=app S=31 id=four@firm.example
2026-11-22 10:00:05 1rABCD-000003-1Z == d@people.example R=dnslookup T=remote_smtp defer (110): Connection timed out
2026-11-22 10:00:06 1rABCD-000004-1A <= stranger@other.example H=app S=31 id=stranger@other.example
2026-11-22 10:00:06 1rABCD-000004-1A => e@people.example R=dnslookup T=remote_smtp C="250 OK"
"""
NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "bounce+x1": 1, "bounce+x3": 3, "bounce+x4": 4}


def read(text: str) -> dict[int, Entry]:
    reader = LogReader(NUMBERS.get)
    reader.read(text.splitlines())
    return reader.entries


def test_postfix_says_what_became_of_each():
    found = read(POSTFIX)
    # Two was broken off before its end: the server never had it, and the log proves nothing.
    assert {number: entry.fate for number, entry in found.items()} == {1: "sent", 3: "refused", 4: "taken"}
    assert (found[1].code, found[1].enhanced, found[1].text) == (250, "2.0.0", "250 2.0.0 Ok: queued as 7F3")
    assert (found[3].code, found[3].enhanced) == (550, "5.1.1")
    assert "User unknown" in found[3].text
    assert found[4].enhanced == "4.4.1"


def test_exim_says_what_became_of_each():
    found = read(EXIM)
    assert {number: entry.fate for number, entry in found.items()} == {1: "sent", 3: "refused", 4: "taken"}
    assert (found[3].code, found[3].enhanced) == (550, "5.1.1")


def test_being_put_off_unsays_nothing():
    later = "2026-11-22 10:00:09 1rABCD-000001-1X == a@people.example R=x T=y defer (110): Connection timed out\n"
    assert read(EXIM + later)[1].fate == "sent"


def test_what_only_looks_like_a_line_is_passed_over():
    reader = LogReader(NUMBERS.get)
    reader.read(["", "\0", " postfix/smtp[1]: ", "x" * 100_000, "<= id=one@x", POSTFIX.splitlines()[3]])
    # The last one is a true line, of a queue number that was never ours.
    assert reader.entries == {}


def test_a_log_that_was_put_by_compressed_is_read_too(tmp_path: Path):
    plain, packed = tmp_path / "mail.log", tmp_path / "mail.log.1.gz"
    text = POSTFIX.encode() + b"\xff\xfe not utf-8\n" + b"y" * 70_000 + b"\n"
    plain.write_bytes(text)
    packed.write_bytes(gzip.compress(text))
    assert list(log_lines(plain)) == list(log_lines(packed))
    assert len(max(log_lines(plain), key=len)) <= 16_384
    assert read("\n".join(log_lines(packed)))[1].fate == "sent"
