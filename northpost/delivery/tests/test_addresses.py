"""An address of ours is what we made, for that message and purpose, to the byte."""

from __future__ import annotations

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from northpost.core import signing
from northpost.delivery import addresses
from northpost.delivery.addresses import (
    BOUNCE,
    CLICK,
    LEAVE,
    MESSAGE_ID,
    OPEN,
    TOKENS,
    VIEW,
    Addresses,
    ClickTarget,
    Origin,
)

PURPOSES = (OPEN, LEAVE, VIEW, BOUNCE, MESSAGE_ID)
HERE = Origin(3, "campaign", 7)
workspaces = st.integers(min_value=0, max_value=2**32 - 1)
messages = st.integers(min_value=1, max_value=2**63 - 1)


def tokens(workspace_id: int, message_id: int) -> dict[str, str]:
    return {
        OPEN: addresses.open_url(workspace_id, message_id).rpartition("/")[2].removesuffix(".gif"),
        LEAVE: addresses.unsubscribe_url(workspace_id, message_id).rpartition("/")[2],
        VIEW: addresses.web_version_url(workspace_id, message_id).rpartition("/")[2],
        BOUNCE: addresses.return_path(workspace_id, message_id, "a.example")[7:].partition("@")[0],
        MESSAGE_ID: addresses.message_id_header(workspace_id, message_id, "a.example")[1:].partition("@")[0],
    }


def click_token(origin: Origin) -> str:
    return halves(addresses.click_url(origin, 5, 1))[1]


def halves(url: str) -> tuple[str, str]:
    link, person = url.removeprefix(f"{settings.NORTHPOST_URL}/m/c/").split("/")
    return link, person


@given(workspaces, messages)
def test_a_token_is_read_back_for_its_purpose_alone(workspace_id: int, message_id: int):
    for made_for, token in tokens(workspace_id, message_id).items():
        assert addresses.read_message(made_for, token) == (workspace_id, message_id)
        for purpose in PURPOSES:
            if purpose != made_for:
                with pytest.raises(signing.BadToken):
                    addresses.read_message(purpose, token)


@given(workspaces, messages)
def test_all_parts_at_once_are_those_made_one_by_one(workspace_id: int, message_id: int):
    origin = Origin(workspace_id, "campaign", 7)
    parts = Addresses(origin).parts(message_id)
    made = tokens(workspace_id, message_id)
    link, person = halves(addresses.click_url(origin, message_id, 9))
    assert [token.decode() for token in parts.tokens] == [(made | {CLICK: person})[name] for name in TOKENS]
    assert (parts.bounce, link) == (made[BOUNCE], Addresses(origin).link(9))
    assert {len(token) for token in parts.tokens} == {addresses.PART}
    assert len(f"bounce+{parts.bounce}") <= 64  # RFC 5321, 4.5.3.1.1
    # No two prove anything with the same bytes.
    assert len({token[16:] for token in parts.tokens}) == 5


def test_another_secret_or_message_signs_differently(settings):
    before = tokens(3, 5)
    assert all(token != other for token, other in zip(before.values(), tokens(3, 6).values(), strict=True))
    assert all(token != other for token, other in zip(before.values(), tokens(4, 5).values(), strict=True))
    settings.SECRET_KEY = "another"
    for purpose, token in before.items():
        with pytest.raises(signing.BadToken):
            addresses.read_message(purpose, token)


@given(st.sampled_from(PURPOSES), st.integers(min_value=0), st.characters(codec="ascii"))
def test_one_changed_character_is_refused(purpose: str, place: int, other: str):
    token = tokens(3, 5)[purpose]
    place %= len(token)
    changed = token[:place] + other + token[place + 1 :]
    if changed == token or (purpose == BOUNCE and changed.lower() == token):
        return
    with pytest.raises(signing.BadToken):
        addresses.read_message(purpose, changed)


@given(st.sampled_from(PURPOSES), st.text() | st.text(alphabet="Aa0-_", min_size=40, max_size=56))
def test_any_other_text_is_refused(purpose: str, text: str):
    with pytest.raises(signing.BadToken):
        addresses.read_message(purpose, text)
    with pytest.raises(signing.BadToken):
        addresses.read_click(text, tokens(3, 5)[OPEN])
    with pytest.raises(signing.BadToken):
        addresses.read_click(Addresses(HERE).link(1), text)


def test_a_return_path_survives_a_server_that_changes_its_case():
    assert addresses.read_message(BOUNCE, tokens(3, 5)[BOUNCE].upper()) == (3, 5)


@given(messages, st.integers(min_value=0, max_value=2**48 - 1), st.text(alphabet=st.characters(codec="utf-8")))
def test_a_click_says_message_link_and_the_address_of_the_persons_own(message_id: int, link_id: int, url: str):
    link, person = halves(addresses.click_url(HERE, message_id, link_id, url))
    assert addresses.read_click(link, person) == ClickTarget(3, message_id, link_id, url)


@given(st.sampled_from(["", "https://shop.example/p"]), st.integers(min_value=0), st.characters(codec="ascii"))
def test_one_changed_character_of_a_click_is_refused(url: str, place: int, other: str):
    link, person = halves(addresses.click_url(HERE, 5, 9, url))
    both = link + person
    place %= len(both)
    changed = both[:place] + other + both[place + 1 :]
    if changed != both:
        with pytest.raises(signing.BadToken):
            addresses.read_click(changed[: len(link)], changed[len(link) :])


@pytest.mark.parametrize("other", [Origin(3, "campaign", 8), Origin(3, "journey", 7), Origin(4, "campaign", 7)])
@pytest.mark.parametrize("url", ["", "https://shop.example/p"])
def test_a_link_fits_the_people_of_its_own_mailing_alone(other: Origin, url: str):
    link = Addresses(HERE).link(9, url)
    assert addresses.read_click(link, click_token(HERE)) == ClickTarget(3, 5, 9, url)
    with pytest.raises(signing.BadToken):
        addresses.read_click(link, click_token(other))


@pytest.mark.parametrize("purpose", [OPEN, LEAVE, VIEW, MESSAGE_ID, BOUNCE])
def test_no_other_part_serves_as_a_click(purpose: str):
    with pytest.raises(signing.BadToken):
        addresses.read_click(Addresses(HERE).link(9), tokens(3, 5)[purpose])
