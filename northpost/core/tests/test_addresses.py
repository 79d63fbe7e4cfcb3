"""What counts as an e-mail address, what its key is, and why the rest is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from northpost.core.addresses import Address, AddressError, Reason, is_address, normalise


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("maria@example.com", ("maria@example.com", "maria@example.com", False)),
        (" Maria.P+x@Example.COM\t", ("Maria.P+x@example.com", "maria.p+x@example.com", False)),
        ("ana@пример.бг", ("ana@пример.бг", "ana@xn--e1afmkfd.xn--90ae", False)),
        ("ana@XN--e1afmkfd.xn--90ae", ("ana@пример.бг", "ana@xn--e1afmkfd.xn--90ae", False)),
        ("Иван@пример.рф", ("Иван@пример.рф", "иван@xn--e1afmkfd.xn--p1ai", True)),
        ("a@faß.de", ("a@faß.de", "a@xn--fa-hia.de", False)),
        ("\ufeffx@example.org\u00a0", ("x@example.org", "x@example.org", False)),
    ],
)
def test_reads(text: str, expected: tuple[str, str, bool]) -> None:
    shown, key, needs_smtputf8 = expected
    assert normalise(text) == Address(shown, key, key.partition("@")[2], needs_smtputf8)


def test_unicode_spellings_of_one_mailbox_share_a_key() -> None:
    composed, decomposed = "jos\u00e9@example.com", "jose\u0301@EXAMPLE.com"
    assert normalise(composed).key == normalise(decomposed).key
    assert normalise(composed).envelope == "jos\u00e9@example.com"


def test_envelope_has_the_ascii_domain() -> None:
    assert normalise("Ana@пример.бг").envelope == "Ana@xn--e1afmkfd.xn--90ae"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Reason.EMPTY),
        ("   ", Reason.EMPTY),
        ("a@example.com\r\nBcc: b@example.com", Reason.CONTROL),
        ("a@example.com\n", Reason.CONTROL),
        ("a\x00b@example.com", Reason.CONTROL),
        ("a\u202eb@example.com", Reason.CONTROL),
        ("a b@example.com", Reason.SPACE),
        ("a@exam ple.com", Reason.SPACE),
        ("maria.example.com", Reason.NO_AT),
        ("a@b@example.com", Reason.MANY_AT),
        ("@example.com", Reason.NO_LOCAL),
        ("a@", Reason.NO_DOMAIN),
        ("a@localhost", Reason.DOMAIN_DOTLESS),
        ("a@example..com", Reason.DOMAIN_INVALID),
        ("a@-example.com", Reason.DOMAIN_INVALID),
        ("a@example.com.", Reason.DOMAIN_INVALID),
        ("a@[127.0.0.1]", Reason.DOMAIN_INVALID),
        ("a@127.0.0.1", Reason.DOMAIN_INVALID),
        ("a@example.c", Reason.DOMAIN_INVALID),
        ("a@exa_mple.com", Reason.DOMAIN_INVALID),
        ("a@xn--a.com", Reason.DOMAIN_INVALID),
        (".a@example.com", Reason.LOCAL_DOTS),
        ("a..b@example.com", Reason.LOCAL_DOTS),
        ('"ab"@example.com', Reason.LOCAL_CHARACTER),
        ("Maria <maria@example.com>", Reason.SPACE),
        ("<maria@example.com>", Reason.LOCAL_CHARACTER),
        ("a,b@example.com", Reason.LOCAL_CHARACTER),
        ("x" * 65 + "@example.com", Reason.LOCAL_TOO_LONG),
        ("ж" * 33 + "@example.com", Reason.LOCAL_TOO_LONG),
        ("x" * 60 + "@" + ("y" * 60 + ".") * 4 + "com", Reason.TOO_LONG),
        ("x" * 100_000, Reason.TOO_LONG),
    ],
)
def test_refuses_with_the_reason(text: str, reason: Reason) -> None:
    with pytest.raises(AddressError) as refused:
        normalise(text)
    assert refused.value.reason is reason
    assert str(refused.value)
    assert not is_address(text)


@given(st.text(max_size=60) | st.from_regex(r"[\w.%-]{1,20}@[\w.-]{1,30}", fullmatch=True))
def test_any_text_is_read_or_refused_and_reading_twice_changes_nothing(text: str) -> None:
    try:
        address = normalise(text)
    except AddressError:
        return
    assert normalise(address.text) == address
    assert normalise(address.key).key == address.key
    assert not set(address.text) & set("\r\n\0 ")
    assert address.domain.isascii()
