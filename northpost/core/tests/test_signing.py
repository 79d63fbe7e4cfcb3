"""A token is what we made, for the purpose that we made it for, to the byte."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from northpost.core import signing

ids = st.lists(st.integers(min_value=-(2**63), max_value=2**63 - 1), min_size=1, max_size=4)


@given(ids)
def test_numbers_come_back(numbers: list[int]):
    token = signing.sign_ids("click", *numbers)
    assert signing.verify_ids("click", token, len(numbers)) == tuple(numbers)


@given(ids, st.integers(min_value=0), st.characters(codec="ascii"))
def test_one_changed_character_is_refused(numbers: list[int], place: int, other: str):
    token = signing.sign_ids("click", *numbers)
    place %= len(token)
    changed = token[:place] + other + token[place + 1 :]
    if changed == token:
        return
    with pytest.raises(signing.BadToken):
        signing.verify_ids("click", changed, len(numbers))


@given(st.text())
def test_any_other_text_is_refused(text: str):
    with pytest.raises(signing.BadToken):
        signing.verify("click", text)


def test_a_token_serves_one_purpose():
    token = signing.sign_ids("unsubscribe", 1, 2)
    with pytest.raises(signing.BadToken):
        signing.verify_ids("click", token, 2)


def test_a_token_of_another_shape_is_refused():
    with pytest.raises(signing.BadToken, match="another kind"):
        signing.verify_ids("click", signing.sign_ids("click", 1, 2, 3), 2)


def test_a_signature_has_128_bits():
    assert signing.MAC_BYTES * 8 >= 128


def test_a_secret_is_sealed_and_opened():
    sealed = signing.seal("пароль")
    assert "пароль" not in sealed
    assert signing.unseal(sealed) == "пароль"


def test_a_secret_sealed_under_another_key_says_so(settings):
    sealed = signing.seal("secret")
    settings.SECRET_KEY = "another"
    with pytest.raises(signing.BadToken, match="another SECRET_KEY"):
        signing.unseal(sealed)


def test_a_keyed_hash_needs_the_key(settings):
    before = signing.keyed_hash("suppression", "vera@firm.example")
    settings.SECRET_KEY = "another"
    assert signing.keyed_hash("suppression", "vera@firm.example") != before


def test_a_keyed_hash_is_blake2b_under_the_purposes_own_key():
    assert signing.keyed("open")(b"x") == hashlib.blake2b(b"x", key=signing.key_for("open")).digest()
    assert len(signing.keyed("open")(b"")) == 64
    assert signing.keyed("open")(b"x") != signing.keyed("leave")(b"x")


def test_it_changes_with_the_secret(settings):
    before = signing.keyed("open")(b"x")
    settings.SECRET_KEY = "another"
    assert signing.keyed("open")(b"x") != before
