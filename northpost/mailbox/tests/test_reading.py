"""A mail is taken apart for the page, and one made to hurt is not."""

from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from northpost.mailbox.reading import Attachment, decode_value, parse, subject_of


def test_text_html_attachments_and_headers():
    message = EmailMessage()
    message["Subject"] = "Здравейте и добре дошли"
    message["From"] = "Магазин <shop@shop.example>"
    message["List-Unsubscribe"] = "<https://shop.example/u/1>"
    message.set_content("Добър ден\n")
    message.add_alternative("<p>Добър ден</p>\n", subtype="html")
    message.add_attachment(b"%PDF-", maintype="application", subtype="pdf", filename="фактура.pdf")
    raw = message.as_bytes().replace(b"\n", b"\r\n")
    parsed = parse(raw)
    assert (parsed.text, parsed.html) == ("Добър ден\n", "<p>Добър ден</p>\n")
    assert parsed.attachments == (Attachment("фактура.pdf", "application/pdf", 5),)
    assert parsed.header("subject") == "Здравейте и добре дошли" == subject_of(raw)
    assert parsed.header("From") == "Магазин <shop@shop.example>"
    assert parsed.header("list-unsubscribe") == "<https://shop.example/u/1>"
    assert parsed.header("absent") == ""
    assert not parsed.too_complex


@pytest.mark.parametrize(
    ("raw", "subject"),
    [
        (b"", ""),
        (b"Subject:\r\n\r\n", ""),
        (b"To: x\r\nSUBJECT: one\r\n two\r\n\r\nSubject: three\r\n", "one two"),
        (b"To: x\r\n\r\nSubject: in the body\r\n", ""),
        (b"Subject: =?utf-8?B?0J/RgNC40LLQtdGC?=\r\n\r\n", "Привет"),
        (b"Subject: =?no-such?B?AAA=?= =?utf-8?Q?a=00b?=\r\n\r\n", "\ufffd\ufffda\ufffdb"),
        ("Subject: сурово\r\n\r\n".encode(), "сурово"),
        (b"Subject: " + b"x" * 9000 + b"\r\n\r\n", "x" * 500),
    ],
)
def test_subjects(raw, subject):
    assert subject_of(raw) == subject


@pytest.mark.parametrize(
    "raw",
    [
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(2000)),
        b"Content-Type: message/rfc822\r\n\r\n" * 5000,
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 100_000,
        b"X: " + b"y" * 500_000,
        b"X: y\r\n" * 100_000,
    ],
    ids=["nested", "embedded", "many parts", "one header", "many headers"],
)
def test_a_mail_made_to_hurt_is_shown_by_its_headers_only(raw):
    parsed = parse(raw)
    assert parsed.too_complex
    assert (parsed.text, parsed.html, parsed.attachments) == ("", "", ())
    assert len(parsed.headers) <= 300
    assert all(len(value) <= 4000 for _, value in parsed.headers)


def test_long_text_is_cut_and_unknown_charsets_are_survived():
    raw = b'Content-Type: text/plain; charset="no-such"\r\n\r\n' + b"x" * 2_000_000
    assert parse(raw).text == "x" * 1024 * 1024
    assert parse(b"Content-Type: text/html; charset=utf-16\r\n\r\n\xff").html == "\ufffd"
    assert parse(b"Content-Transfer-Encoding: base64\r\n\r\n!!!!").text == ""


@given(raw=st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
def test_any_bytes_can_be_read(raw):
    for given_bytes in (raw, b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + raw + b"\r\n--b--\r\n"):
        parsed = parse(given_bytes)
        shown = parsed.text + parsed.html + subject_of(given_bytes) + "".join(value for _, value in parsed.headers)
        assert "\x00" not in shown
        shown.encode()


@given(value=st.text(max_size=100) | st.text(alphabet="=?utf-8BQ_ ", max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_header_can_be_shown(value):
    assert "\x00" not in decode_value(value)
    decode_value(value).encode()
