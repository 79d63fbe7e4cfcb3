"""Reactions come out of the mailboxes in order of time, each once."""

from datetime import UTC, datetime, timedelta

from northpost.demo.company import make_company
from northpost.demo.letters import LETTERS
from northpost.demo.readers import Deed, Delivered, Readers

NOW = datetime(2026, 6, 15, 9, 30, tzinfo=UTC)


def readers_of(people: int, *, shift: int = 0) -> Readers:
    company = make_company(now=NOW, people=people)
    readers = Readers(company.audience)
    readers.deliver(
        LETTERS["newsletter"],
        "first",
        range(8),
        [Delivered(shift + person, person, company.people.language[person], NOW) for person in range(people)],
    )
    return readers


def test_deeds_come_in_order_of_time_and_once() -> None:
    readers = readers_of(2000)
    first = readers.until(NOW + timedelta(hours=6))
    rest = readers.until(NOW + timedelta(days=60))
    whole = first + rest
    assert whole == sorted(whole)
    assert first[-1].at <= NOW + timedelta(hours=6) < rest[0].at
    assert readers.until(NOW + timedelta(days=99)) == []
    assert sum(readers.done[deed] for deed in Deed) == len(whole)
    assert readers.done[Deed.OPEN] > 400 and readers.done[Deed.CLICK] > 50 and readers.done[Deed.ORDER] > 5


def test_what_people_do_does_not_hang_on_the_databases_numbers() -> None:
    plain = readers_of(300).until(NOW + timedelta(days=60))
    shifted = readers_of(300, shift=5000).until(NOW + timedelta(days=60))
    assert [(h.at, h.deed, h.person, h.link) for h in plain] == [(h.at, h.deed, h.person, h.link) for h in shifted]


def test_a_partner_letter_has_no_products_and_brings_no_orders() -> None:
    company = make_company(now=NOW, people=2000)
    readers = Readers(company.audience)
    readers.deliver(LETTERS["partners"], "letter", [1, 2], [Delivered(p, p, "en", NOW) for p in range(2000)])
    readers.until(NOW + timedelta(days=60))
    assert readers.done[Deed.OPEN] > 600
    assert readers.done[Deed.ORDER] == 0
