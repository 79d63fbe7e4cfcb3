"""Headers read back as what went in, and nobody writes headers of their own into a message."""

from __future__ import annotations

import email
import email.policy
from email.header import decode_header, make_header
from email.message import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from northpost.content.bound.quoted import quoted
from northpost.content.errors import HeaderInjection, InvalidHeader
from northpost.content.mime import address_header, frame, header

BOUNDARY = b"ca0df2c95aa144c1d0ff2ff3c8f967fd"
WORDS = st.lists(
    st.one_of(
        st.sampled_from(["Здравейте", "Привет", "🎁", "👩‍👩‍👧", ".", "..dot", "From ", "=?utf-8?B?eA==?=", "", "=20"]),
        st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=30),
        st.just("x" * 300),
    ),
    max_size=12,
)
SUBJECT = st.builds(" ".join, WORDS).map(lambda s: "".join(c for c in s if c not in "\r\n\0"))


def build(*headers: tuple[str, str], text: str = "a", html: str = "<p>a</p>") -> bytes:
    around = frame("m1")
    first = b"".join(header(name, value) for name, value in headers or [("Subject", "Hi")])
    parts = [b"".join(piece for piece in quoted(part, last=True) if isinstance(piece, bytes)) for part in (text, html)]
    return b"".join((first, around.headers, around.before_text, parts[0], around.before_html, parts[1], around.end))


def read(raw: bytes) -> Message:
    return email.message_from_bytes(raw, policy=email.policy.compat32)


@given(subject=SUBJECT)
def test_what_went_in_comes_out(subject: str) -> None:
    raw = build(("Subject", subject), ("X-Id", "7"))
    message = read(raw)
    assert str(make_header(decode_header(message["Subject"].replace("\r\n", "")))) == subject.strip(" \t")
    assert message["X-Id"] == "7"
    head, _, _body = raw.partition(b"\r\n\r\n")
    assert all(len(line) <= 998 for line in head.split(b"\r\n"))
    assert raw.isascii()
    assert raw.replace(b"\r\n", b"").count(b"\n") == 0 == raw.replace(b"\r\n", b"").count(b"\r")


def test_bytes_are_exact() -> None:
    assert build(text="Цена: 5 €\n.\nFrom me \n") == (
        b"Subject: Hi\r\n"
        b'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="=_' + BOUNDARY + b'"\r\n'
        b"\r\n--=_" + BOUNDARY + b"\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        b"=D0=A6=D0=B5=D0=BD=D0=B0: 5 =E2=82=AC\r\n=2E\r\n=46rom me=20\r\n\r\n--=_" + BOUNDARY + b"\r\n"
        b"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        b"<p>a</p>\r\n--=_" + BOUNDARY + b"--\r\n"
    )


@pytest.mark.parametrize("bad", ["a\r\nBcc: x@example.com", "a\nb", "a\rb", "a\0b", "\n"])
def test_injection_is_refused_in_values_names_and_addresses(bad: str) -> None:
    with pytest.raises(HeaderInjection):
        header("Subject", bad)
    with pytest.raises(HeaderInjection):
        header(bad, "x")
    with pytest.raises(HeaderInjection):
        address_header(bad, "a@example.com")
    with pytest.raises(HeaderInjection):
        address_header("A", f"{bad}@example.com")


@pytest.mark.parametrize("name", ["", "Sub ject", "Sub:ject", "Тема", "Content-Type", "mime-version"])
def test_a_bad_header_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidHeader):
        header(name, "x")


def test_long_ascii_headers_fold_at_78_and_keep_their_spaces() -> None:
    value = "  ".join(["word"] * 40)
    raw = build(("Subject", value))
    head = raw.partition(b"MIME-Version")[0]
    assert all(len(line) <= 78 for line in head.split(b"\r\n"))
    assert read(raw)["Subject"].replace("\r\n", "") == value


def test_long_cyrillic_headers_fold_at_78() -> None:
    raw = build(("Subject", "Пролетно намаление " * 20))
    head = raw.partition(b"MIME-Version")[0]
    assert all(len(line) <= 78 for line in head.split(b"\r\n"))


@pytest.mark.parametrize(
    ("name", "address", "header"),
    [
        ("", "a@example.com", "a@example.com"),
        ("Mila Shop", "a@example.com", "Mila Shop <a@example.com>"),
        ("Mila, Ltd.", "a@example.com", '"Mila, Ltd." <a@example.com>'),
        ('Mi"la\\', "a@example.com", '"Mi\\"la\\\\" <a@example.com>'),
        ("Мила", "a@example.com", "=?utf-8?B?0JzQuNC70LA=?= <a@example.com>"),
        ("Mila", "a@пример.бг", "Mila <a@xn--e1afmkfd.xn--90ae>"),
    ],
)
def test_address_headers(name: str, address: str, header: str) -> None:
    assert address_header(name, address) == header
    raw = build(("From", header))
    assert read(raw)["From"] == header


@pytest.mark.parametrize(
    "address", ["", "a", "@example.com", "иван@example.com", "a b@example.com", "a@exa mple.com", "a@"]
)
def test_an_address_no_header_can_carry_is_refused(address: str) -> None:
    with pytest.raises(InvalidHeader):
        address_header("A", address)


def test_a_long_cyrillic_sender_folds_and_reads_back() -> None:
    name = "Магазин за електроника и домакински уреди „Пример“ – София, Пловдив, Варна и Бургас"
    raw = build(("From", address_header(name, "shop@example.com")))
    folded = read(raw)["From"]
    assert all(len(line) <= 78 for line in folded.split("\r\n"))
    assert str(make_header(decode_header(folded.replace("\r\n", "")))) == f"{name} <shop@example.com>"


def test_a_raw_name_in_from_is_refused_rather_than_mangled() -> None:
    with pytest.raises(InvalidHeader):
        build(("From", "Мила <a@example.com>"))
