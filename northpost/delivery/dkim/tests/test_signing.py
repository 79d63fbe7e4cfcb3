"""Every signature is verified by another implementation, dkimpy."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import dkim
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from northpost.content.mime import header
from northpost.delivery.dkim import Algorithm, DkimKeyError, Signer, SigningKey, key_record, new_private_key, public_key
from northpost.delivery.dkim.canonical import relaxed_field, simple_body, split_fields, with_crlf
from northpost.delivery.transport.wire import dot_stuff

AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
PEM = {algorithm: new_private_key(algorithm) for algorithm in Algorithm}
OTHER = new_private_key(Algorithm.RSA)
# How quickly a busy machine draws examples says nothing about what is tested.
CALMLY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
BOTH = (Algorithm.RSA, Algorithm.ED25519)


def signer(*algorithms: Algorithm) -> Signer:
    return Signer("firm.example", [SigningKey.read(f"np-{each.value}", each, PEM[each]) for each in algorithms])


def published(pems: dict[Algorithm, str]) -> Callable[..., bytes | None]:
    """What dkimpy asks the DNS for."""
    records = {
        f"np-{each.value}._domainkey.firm.example.".encode(): key_record(public_key(pem, each), each).encode()
        for each, pem in pems.items()
    }
    return lambda name, timeout=5: records.get(name if isinstance(name, bytes) else name.encode())


def verdicts(message: bytes, pems: dict[Algorithm, str] = PEM) -> list[bool]:
    """dkimpy's word on each signature; for what it can't even read it raises, which is a no."""
    count = len(re.findall(rb"(?im)^dkim-signature:", message.partition(b"\r\n\r\n")[0]))
    found = []
    for number in range(count):
        try:
            found.append(bool(dkim.DKIM(message).verify(idx=number, dnsfunc=published(pems))))
        except dkim.DKIMException:
            found.append(False)
    return found


def mail(
    subject: str = "Скидка 20% на всичко до петък, само за нашите постоянни клиенти 🎁", text: str = "Hello"
) -> bytes:
    head = [
        header("Date", "Sun, 22 Nov 2026 09:30:00 +0000"),
        header("From", "=?utf-8?B?0JLQtdGA0LA=?= <news@firm.example>"),
        header("To", "ivan@people.example"),
        header("Subject", subject),
        header("Message-ID", "<1@firm.example>"),
        header("List-Unsubscribe", "<https://mail.firm.example/m/u/" + "a" * 90 + ">"),
        header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        header("Feedback-ID", "campaign1:w1:campaign:northpost"),
        b"MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n",
    ]
    return b"".join((*head, b"\r\n", f"<html>\r\n  <body>\t<p>{text}</p>  \r\n.dot\r\n</body></html>\r\n".encode()))


@pytest.mark.parametrize("algorithms", [(Algorithm.RSA,), (Algorithm.ED25519,), BOTH])
@pytest.mark.parametrize("subject", ["Hello", "Здравей, Иване! " * 12, "a " * 200, "Ünïcode 🎁"])
def test_another_implementation_verifies_it(algorithms: tuple[Algorithm, ...], subject: str) -> None:
    message = mail(subject)
    signed = signer(*algorithms).sign(message, at=AT)
    assert signed.endswith(message)
    assert verdicts(signed) == [True] * len(algorithms)


def test_the_fields_are_well_formed() -> None:
    head = signer(*BOTH).sign(mail(), at=AT).partition(b"\r\n\r\n")[0].decode("ascii")
    lines = head.split("\r\n")
    own = lines[: next(number for number, line in enumerate(lines) if line.startswith("Date:"))]
    assert max(map(len, own)) <= 78
    assert own[0] == "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/simple;"
    assert own[1] == " d=firm.example; s=np-rsa; t=1795339800;"
    assert sum(line.startswith("DKIM-Signature: v=1; a=ed25519-sha256;") for line in own) == 1


def signed_names(message: bytes) -> list[str]:
    found = re.search(rb"h=([^;]+);", message)
    assert found is not None
    return re.sub(rb"\s", b"", found[1]).decode().split(":")


def test_what_providers_ask_for_is_signed_and_what_must_be_single_cannot_be_doubled() -> None:
    names = signed_names(signer(Algorithm.RSA).sign(mail(), at=AT))
    assert {"list-unsubscribe", "list-unsubscribe-post", "feedback-id", "mime-version", "content-type"} <= set(names)
    for once in ("from", "to", "subject", "date", "message-id", "list-unsubscribe", "list-unsubscribe-post"):
        assert names.count(once) == 2, once
    assert names.count("reply-to") == 1


@pytest.mark.parametrize(
    "field", ["Subject: Win", "From: boss@firm.example", "To: all@firm.example", "Reply-To: x@y.example"]
)
def test_a_field_added_in_front_breaks_it(field: str) -> None:
    signed = signer(*BOTH).sign(mail(), at=AT)
    assert verdicts(field.encode() + b"\r\n" + signed) == [False, False]


def test_one_changed_byte_breaks_it() -> None:
    signed = signer(Algorithm.RSA).sign(mail(), at=AT)
    head = signed.index(b"\r\n\r\n")
    body = signed[head:]
    for place in (
        head + body.index(b"Hello"),
        signed.index(b"Subject: ") + 12,
        signed.index(b"ivan@"),
        len(signed) - 6,
    ):
        changed = bytearray(signed)
        changed[place] ^= 1
        assert verdicts(bytes(changed)) == [False], place


def test_another_key_does_not_verify_it() -> None:
    signed = signer(Algorithm.RSA).sign(mail(), at=AT)
    assert verdicts(signed, PEM | {Algorithm.RSA: OTHER}) == [False]


def test_what_a_relay_may_do_does_not_break_it() -> None:
    """Fields folded anew or spelled otherwise, and empty lines at the end."""
    signed = signer(*BOTH).sign(mail(), at=AT)
    assert verdicts(signed.replace(b"Feedback-ID: campaign1", b"feedback-id:\r\n\t campaign1")) == [True, True]
    assert verdicts(signed + b"\r\n\r\n") == [True, True]
    # Nothing else of a body that has no blanks at its line ends.
    assert verdicts(signed.replace(b"\r\n.dot\r\n", b"\r\n.dot \r\n")) == [False, False]


def test_dots_that_the_transport_doubles_are_signed_as_they_will_be_received() -> None:
    message = mail(text="first\r\n.second\r\n..third\r\n.")
    signed = signer(*BOTH).sign(message, at=AT)
    stuffed = dot_stuff(signed)
    assert stuffed != signed
    assert verdicts(stuffed.replace(b"\r\n..", b"\r\n.")) == [True, True]


def test_what_is_ready_is_signed_as_it_is() -> None:
    assert signer(Algorithm.RSA).sign(mail(), at=AT, ready=True) == signer(Algorithm.RSA).sign(mail(), at=AT)


def test_bare_line_ends_are_signed_as_the_transport_will_write_them() -> None:
    message = b"From: a@firm.example\nSubject: x\n\nfirst\nsecond\r"
    signed = signer(Algorithm.RSA).sign(message, at=AT)
    assert dot_stuff(signed) == signed
    assert verdicts(signed) == [True]


@pytest.mark.parametrize("body", [b"", b"\r\n", b"\r\n\r\n\r\n", b" \r\n\t\r\n", b"x"])
def test_empty_bodies(body: bytes) -> None:
    message = b"From: a@firm.example\r\nSubject: x\r\n\r\n" + body
    signed = signer(*BOTH).sign(message, at=AT)
    assert verdicts(dot_stuff(signed)) == [True, True]


def test_without_keys_nothing_is_changed() -> None:
    assert Signer("firm.example", []).sign(mail(), at=AT) == mail()


def test_what_is_no_key_is_refused() -> None:
    for algorithm, text in ((Algorithm.RSA, "nonsense"), (Algorithm.RSA, PEM[Algorithm.ED25519])):
        with pytest.raises(DkimKeyError):
            SigningKey.read("np", algorithm, text)
    assert "PRIVATE" not in repr(SigningKey.read("np", Algorithm.RSA, PEM[Algorithm.RSA]))


PIECES = st.lists(
    st.sampled_from([b" ", b"\t", b"\r\n", b"a", b".", b"\xd0\x90", b"=20", b"  ", b"\r\n\r\n"]), max_size=40
)


@CALMLY
@given(PIECES)
def test_the_simple_body_is_dkimpys(pieces: list[bytes]) -> None:
    body = b"".join(pieces) + b"\r\n"
    assert simple_body(body) == dkim.canonicalization.Simple.canonicalize_body(body)


@CALMLY
@given(st.lists(st.sampled_from([b" ", b"\t", b"\r\n ", b"\r\n\t", b"a", b":", b"=?utf-8?B?0JA=?="]), max_size=20))
def test_the_relaxed_field_is_dkimpys(pieces: list[bytes]) -> None:
    value = b"".join(pieces)
    [(name, theirs)] = dkim.canonicalization.Relaxed.canonicalize_headers([(b"SubJect ", value + b"\r\n")])
    assert relaxed_field(b"SubJect ", value) + b"\r\n" == name + b":" + theirs


@CALMLY
@given(
    st.lists(
        st.tuples(st.sampled_from([b"From", b"to", b"X-Y"]), st.sampled_from([b" a", b" a\r\n b", b""])), max_size=6
    )
)
def test_fields_are_split_where_they_begin(fields: list[tuple[bytes, bytes]]) -> None:
    head = b"\r\n".join(name + b":" + value for name, value in fields)
    assert split_fields(head) == [(name.lower(), value) for name, value in fields]


@CALMLY
@given(st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a"]), max_size=12))
def test_line_ends_are_those_of_the_transport(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    assert with_crlf(data).removesuffix(b"\r\n") == dot_stuff(data).removesuffix(b"\r\n")
