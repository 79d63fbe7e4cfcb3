"""People react to mail in plausible shares, and always the same way to the same letter."""

from datetime import UTC, datetime, timedelta

import pytest

from northpost.demo.company import PRODUCTS, Company, Reaction, SentMail, make_company
from northpost.demo.company.reactions import LONGEST_WAIT

NOW = datetime(2026, 6, 15, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def voltline() -> Company:
    return make_company(now=NOW)


def letter(voltline: Company, person: int, **changed: object) -> SentMail:
    plain: dict[str, object] = {
        "message_id": f"letter-{person}",
        "person": person,
        "kind": "newsletter",
        "language": voltline.people.language[person],
        "links": 6,
        "categories": ("phones", "audio"),
    }
    return SentMail(**(plain | changed))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def reactions(voltline: Company) -> list[Reaction]:
    return [voltline.audience.react(letter(voltline, person), NOW) for person in range(20_000)]


def share(reactions: list[Reaction], name: str) -> float:
    return sum(bool(getattr(reaction, name)) for reaction in reactions) / len(reactions)


def test_shares_lie_where_those_of_a_shop_do(reactions: list[Reaction]) -> None:
    assert 0.26 < share(reactions, "opens") < 0.34
    assert 0.04 < share(reactions, "clicks") < 0.06
    assert 0.008 < share(reactions, "ordered_at") < 0.015
    assert 0.002 < share(reactions, "unsubscribed_at") < 0.004
    assert 0 < share(reactions, "complained_at") < 0.0005
    assert 0.005 < share(reactions, "out_of_office_at") < 0.02
    assert 0.08 < share(reactions, "machine_open_at") < 0.16
    assert 0.01 < share(reactions, "machine_clicks") < 0.05
    bounces = [reaction.bounce for reaction in reactions]
    assert 0.006 < bounces.count("hard") / 20_000 < 0.012
    assert 0.003 < bounces.count("soft") / 20_000 < 0.009


def test_a_bounced_letter_brings_nothing_else(reactions: list[Reaction]) -> None:
    assert {reaction for reaction in reactions if reaction.bounce} == {
        Reaction(bounce="hard"),
        Reaction(bounce="soft"),
    }


def test_things_happen_in_order_and_after_the_letter(reactions: list[Reaction]) -> None:
    for reaction in reactions:
        if reaction.clicks:
            assert NOW < reaction.opens[0] < reaction.clicks[0][0]
            assert all(0 <= link < 6 for _, link in reaction.clicks)
        if reaction.ordered_at:
            assert reaction.clicks[0][0] < reaction.ordered_at < NOW + 3 * LONGEST_WAIT
            assert reaction.basket and all(0 <= product < len(PRODUCTS) for product in reaction.basket)
        if reaction.unsubscribed_at or reaction.complained_at:
            assert reaction.opens
            assert reaction.unsubscribed_at is None or reaction.complained_at is None
        if reaction.machine_clicks:
            assert len({link for _, link in reaction.machine_clicks}) == 6
            assert all(moment < NOW + timedelta(seconds=10) for moment, _ in reaction.machine_clicks)


def test_the_same_letter_brings_the_same_reaction_and_another_a_different_one(voltline: Company) -> None:
    again = make_company(now=NOW)
    people = range(0, 20_000, 40)
    first = [voltline.audience.react(letter(voltline, person), NOW) for person in people]
    assert first == [again.audience.react(letter(again, person), NOW) for person in people]
    other = [voltline.audience.react(letter(voltline, p, message_id=f"second-{p}"), NOW) for p in people]
    assert first != other


def test_another_seed_brings_other_reactions() -> None:
    one, two = (make_company(now=NOW, people=400, seed=seed) for seed in (1, 2))
    mails = [letter(one, person, language="bg") for person in range(400)]
    assert [one.audience.react(m, NOW) for m in mails] != [two.audience.react(m, NOW) for m in mails]


def test_a_letter_in_the_wrong_language_is_opened_less(voltline: Company, reactions: list[Reaction]) -> None:
    wrong = {"en": "bg", "bg": "ru", "ru": "en"}
    strange = [
        voltline.audience.react(letter(voltline, p, language=wrong[voltline.people.language[p]]), NOW)
        for p in range(20_000)
    ]
    assert share(strange, "opens") < 0.8 * share(reactions, "opens")


def test_a_letter_without_links_is_not_clicked(voltline: Company) -> None:
    bare = [voltline.audience.react(letter(voltline, person, links=0), NOW) for person in range(3000)]
    assert not any(reaction.clicks or reaction.machine_clicks or reaction.ordered_at for reaction in bare)


def test_partners_read_but_do_not_buy(voltline: Company) -> None:
    partners = [person for person, role in enumerate(voltline.people.role) if role]
    read = [voltline.audience.react(letter(voltline, person, kind="partner"), NOW) for person in partners]
    assert share(read, "opens") > 0.3
    assert not any(reaction.ordered_at for reaction in read)
