"""What a person gets, byte for byte, against a message written the slow and obvious way by Python's own library."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from northpost.content import library
from northpost.content.compile import RenderedMail, compile_mail
from northpost.content.sample import sample_context
from northpost.core.addresses import AddressError, normalise
from northpost.delivery import addresses
from northpost.delivery.engine.compose import BadAddress, Prepared, compose, prepare, recipient_of, render
from northpost.delivery.sources import Mailing
from northpost.delivery.tests import rig
from northpost.delivery.transport.wire import dot_stuff

NOW = datetime(2026, 3, 5, 9, 7, 1, tzinfo=UTC)
SHARED = {
    "company": {
        "name": "Кафе & Co.",
        "address": "1 Main Street, Sofia",
        "site": "https://shop.example",
        "logo_url": "",
    },
    "campaign": {"name": "Пролет"},
}
PEOPLE: list[dict[str, object]] = [
    {"first_name": "Ann", "email": "ann@mail.example"},
    {"first_name": "Мария-Антоанета", "last_name": "О'Нийл", "email": "maria@mail.example"},
    {"first_name": "👩‍👩‍👧 .", "email": "e@mail.example"},
    {"first_name": "", "last_name": None, "email": "b@mail.example"},
    {"email": "c@mail.example"},
    {"first_name": ".\r\n.\r\nFrom x", "email": "d@mail.example"},
    {"first_name": "x" * 2_000, "last_name": "ъ" * 700, "email": "f@mail.example"},
    {"first_name": "a\r\nBcc: all@rival.example", "email": "g@mail.example"},
]


def prepared(kind: str = "newsletter", language: str = "en", **changes: object) -> Prepared:
    source = library.load(kind, language)
    compiled = compile_mail(
        mjml=source.mjml, subject=source.subject, preheader=source.preheader, text=None, language=language
    )
    mailing = rig.mailing(**({"contents": {language: compiled}, "language": language, "shared": SHARED} | changes))
    links = {link.url: number for number, link in enumerate(compiled.links, start=1)}
    return prepare(mailing, workspace_id=3, source_kind="campaign", source_id=7, link_ids=links)


def context(language: str, who: Mapping[str, object], *, more: bool) -> dict[str, object]:
    sample = sample_context(language)
    extra = {"products": sample["products"], "order": sample["order"]} if more else {}
    return SHARED | extra | {"contact": dict(who)}


def written_slowly(mailing: Mailing, message_id: int, recipient: str, mail: RenderedMail) -> EmailMessage:
    """The same message by email.message, from what was rendered as a whole."""
    message = EmailMessage(policy=email.policy.SMTP)
    message["Date"] = format_datetime(NOW)
    message["From"] = "Магазин Example <news@shop.example>"
    message["To"] = recipient
    message["Subject"] = mail.subject
    message["Message-ID"] = addresses.message_id_header(3, message_id, "shop.example")
    message["Reply-To"] = "help@shop.example"
    if not mailing.transactional:
        message["List-Unsubscribe"] = f"<{addresses.unsubscribe_url(3, message_id)}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message["List-Id"] = '"Shop news" <marketing.w3.shop.example>'
        message["Precedence"] = "bulk"
    message["Feedback-ID"] = f"campaign7:w3:{mailing.mail_type}:northpost"
    message.set_content(mail.text, cte="quoted-printable")
    message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    return message


def read(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=email.policy.SMTP)
    assert isinstance(message, EmailMessage)
    assert message.defects == []
    return message


def crlf(text: str) -> bytes:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n").encode()


def contents(message: EmailMessage) -> list[tuple[str, str, bytes]]:
    return [
        (part.get_content_type(), part.get_content_charset() or "", crlf(part.get_content()))
        for part in message.iter_parts()
    ]


@pytest.mark.parametrize("language", library.languages())
@pytest.mark.parametrize("kind", library.kinds())
def test_a_message_is_the_one_that_pythons_library_writes(kind: str, language: str):
    mailing = prepared(kind, language)
    for message_id, who in enumerate(PEOPLE * 2, start=1):
        given_context = context(language, who, more=message_id % 3 == 0)
        envelope = compose(
            mailing,
            message_id=message_id,
            email=str(who["email"]),
            language=language,
            context=given_context,
            now=NOW,
        )
        mail = render(mailing, message_id=message_id, language=language, context=given_context)
        slow = read(written_slowly(mailing.mailing, message_id, str(who["email"]), mail).as_bytes())
        quick = read(envelope.data)
        own = ("content-type", "mime-version")
        assert [(name, " ".join(str(value).split())) for name, value in quick.items() if name.lower() not in own] == [
            (name, " ".join(str(value).split())) for name, value in slow.items() if name.lower() not in own
        ]
        (text, html), (slow_text, slow_html) = contents(quick), contents(slow)
        assert text == slow_text
        assert (*html[:2], html[2] + b"\r\n") == slow_html  # the library ends every part in a line end of its own
        assert (text[2], html[2]) == (crlf(mail.text), crlf(mail.html))
        # It goes over the wire as it is.
        assert envelope.ready
        assert envelope.data.isascii()
        assert dot_stuff(envelope.data) == envelope.data
        assert envelope.sender == addresses.return_path(3, message_id, "shop.example")


def test_every_address_in_a_message_is_its_own_and_works():
    mailing = prepared()
    who = {"first_name": "Ann", "email": "ann@mail.example"}
    for message_id in (5, 6):
        envelope = compose(
            mailing, message_id=message_id, email="ann@mail.example", language="en",
            context=context("en", who, more=True), now=NOW,
        )  # fmt: skip
        message = read(envelope.data)
        html = message.get_body(("html",)).get_content()  # type: ignore[union-attr]
        base = f"{settings.NORTHPOST_URL}/m"
        clicks = [piece.partition('"')[0] for piece in html.split(f"{base}/c/")[1:]]
        assert len(clicks) == 6  # the shop's name, the button, three products, and the hidden one
        seen = [addresses.read_click(*click.split("/")) for click in clicks]
        assert {(target.workspace_id, target.message_id) for target in seen} == {(3, message_id)}
        assert [target.url for target in seen] == [
            "https://shop.example",
            "https://shop.example",
            *(product["url"] for product in sample_context("en")["products"]),
            "",
        ]
        assert seen[-1].link_id == 0
        assert f"{base}/u/" in html
        assert message["List-Unsubscribe"].strip("<>") == addresses.unsubscribe_url(3, message_id)
        opened = html.partition(f"{base}/o/")[2].partition(".gif")[0]
        assert addresses.read_message(addresses.OPEN, opened) == (3, message_id)


def test_without_tracking_and_way_out():
    mailing = prepared(track_opens=False, track_clicks=False, transactional=True)
    given_context = context("en", PEOPLE[0], more=True)
    envelope = compose(mailing, message_id=1, email="ann@mail.example", language="en", context=given_context, now=NOW)
    message = read(envelope.data)
    html = message.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert "/m/c/" not in html
    assert "/m/o/" not in html
    assert "List-Unsubscribe" not in message


def test_a_language_that_is_not_there_is_written_in_the_mailings_own():
    mailing = prepared(language="bg")
    texts = [
        compose(
            mailing,
            message_id=1,
            email="a@b.example",
            language=language,
            context=context("bg", PEOPLE[0], more=False),
            now=NOW,
        ).data
        for language in ("bg", "de")
    ]
    assert texts[0] == texts[1]
    assert list(mailing.letters) == [("bg", 0)]


@pytest.mark.parametrize(
    ("given_address", "recipient"),
    [
        ("ann@mail.example", "ann@mail.example"),
        ("Ann.Lee+x@mail.example", "Ann.Lee+x@mail.example"),
        ("ann@MAIL.example", "ann@mail.example"),
        ("ann@пример.бг", "ann@xn--e1afmkfd.xn--90ae"),
        ("o'neil@mail.example", "o'neil@mail.example"),
    ],
)
def test_addresses_as_the_envelope_has_them(given_address: str, recipient: str):
    assert recipient_of(given_address) == recipient


@pytest.mark.parametrize("bad", ["", "a", "a@b", "a..b@c.example", ".a@c.example", "a@-c.example"])
def test_an_address_that_can_not_be_written_to(bad: str):
    with pytest.raises(BadAddress):
        recipient_of(bad)


@given(st.from_regex(r"\A[aB1.+_\-]{1,8}@[ab1.\-]{1,12}\Z") | st.text(max_size=20) | st.emails())
def test_a_quick_look_at_an_address_agrees_with_a_careful_one(text: str):
    try:
        careful = normalise(text)
    except AddressError:
        with pytest.raises(BadAddress):
            recipient_of(text)
        return
    assert recipient_of(text) == careful.envelope
