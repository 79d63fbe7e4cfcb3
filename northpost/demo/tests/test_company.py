"""The demo company is reproducible, clearly invented, and shaped like a shop."""

import ipaddress
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest

from northpost.demo.company import CATEGORIES, PRODUCTS, Company, make_company

NOW = datetime(2026, 6, 15, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def voltline() -> Company:
    return make_company(now=NOW)


def test_the_same_seed_makes_the_same_company_to_the_byte() -> None:
    assert make_company(now=NOW, people=500, seed=7).digest() == make_company(now=NOW, people=500, seed=7).digest()


@pytest.mark.parametrize("other", [{"seed": 8}, {"people": 501}, {"now": NOW + timedelta(days=1)}])
def test_another_seed_size_or_day_makes_another_company(other: dict[str, object]) -> None:
    plain = {"now": NOW, "people": 500, "seed": 7}
    assert make_company(**plain).digest() != make_company(**(plain | other)).digest()  # type: ignore[arg-type]


def test_a_naive_time_and_nobody_are_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        make_company(now=datetime(2026, 6, 15), people=10)  # noqa: DTZ001
    with pytest.raises(ValueError, match="at least one"):
        make_company(now=NOW, people=0)


def test_one_person_is_enough() -> None:
    company = make_company(now=NOW, people=1, seed=3)
    assert len(company.people) == 1


def test_the_catalogue_has_every_shelf_in_three_languages() -> None:
    assert len(PRODUCTS) == 113
    assert len({product.sku for product in PRODUCTS}) == 113
    assert {product.category.slug for product in PRODUCTS} == {category.slug for category in CATEGORIES}
    assert all(len({category.name(code) for code in ("en", "bg", "ru")}) >= 2 for category in CATEGORIES)
    assert PRODUCTS[0].name("bg") == "Лаптоп Arden 14"
    assert PRODUCTS[0].price == Decimal("649.00")
    bigs = {category.slug for category in CATEGORIES if category.big}
    assert bigs == {"laptops", "tv", "phones", "tablets"}
    assert {slug for category in CATEGORIES for slug in category.accessory_of} == bigs


def test_addresses_are_unique_and_on_reserved_domains(voltline: Company) -> None:
    emails = voltline.people.email
    assert len(emails) == len(set(emails)) == 20_000
    assert all(email.isascii() for email in emails)
    domains = {email.partition("@")[2] for email in emails}
    assert all(
        domain in ("example.com", "example.org", "example.net") or domain.endswith((".example", ".test"))
        for domain in domains
    )
    assert len(domains) >= 8


def test_proof_of_consent_uses_documentation_addresses(voltline: Company) -> None:
    people = voltline.people
    networks = [ipaddress.ip_network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")]
    agreed = [number for number, moment in enumerate(people.consent_at) if moment is not None]
    assert 0.84 < len(agreed) / len(people) < 0.86
    for number in agreed[:2000]:
        assert any(ipaddress.ip_address(people.consent_ip[number]) in net for net in networks)
        assert people.consent_version[number] and people.consent_form[number] and people.lists[number]
    silent = next(number for number, moment in enumerate(people.consent_at) if moment is None)
    assert (people.consent_ip[silent], people.consent_version[silent], people.lists[silent]) == ("", "", ())


def test_people_have_the_stated_languages_partners_and_dates(voltline: Company) -> None:
    people = voltline.people
    share = {code: count / 20_000 for code, count in Counter(people.language).items()}
    assert share["en"] == pytest.approx(0.30, abs=0.02)
    assert share["bg"] == pytest.approx(0.45, abs=0.02)
    assert share["ru"] == pytest.approx(0.25, abs=0.02)
    partners = [number for number, role in enumerate(people.role) if role]
    assert len(partners) == 150
    assert all(people.lists[number] == ("Partners",) and people.firm[number] for number in partners)
    assert max(people.signed_up_at) < NOW
    assert min(people.signed_up_at) > NOW - timedelta(days=3 * 365 + 1)


def test_orders_fit_two_years_of_such_a_shop(voltline: Company) -> None:
    orders, people = voltline.orders, voltline.people
    assert 25_000 < len(orders) < 30_000
    assert 0.42 < 1 - len(set(orders.person.tolist())) / len(people) < 0.48
    assert 0.024 < float((orders.refunded > 0).mean()) < 0.034
    assert set(np.diff(orders.line_start).tolist()) == {1, 2, 3, 4, 5}
    rows = list(orders.between(NOW - timedelta(days=731), NOW))
    assert len(rows) == len(orders)
    assert all(earlier.placed_at <= later.placed_at for earlier, later in pairwise(rows))
    for order in rows:
        assert order.total == sum((line.quantity * line.unit_price for line in order.lines), Decimal(0))
        assert order.placed_at >= people.signed_up_at[order.person]
        assert order.refunded <= order.total
        assert not people.role[order.person]
        assert (order.refunded_at is None) == (order.refunded == 0)


def test_slices_of_time_join_without_a_gap_and_know_no_later_refund(voltline: Company) -> None:
    middle = NOW - timedelta(days=40)
    before = list(voltline.orders.between(NOW - timedelta(days=60), middle))
    after = list(voltline.orders.between(middle, NOW))
    whole = list(voltline.orders.between(NOW - timedelta(days=60), NOW))
    assert [order.number for order in before + after] == [order.number for order in whole]
    assert all(order.refunded_at is None or order.refunded_at < middle for order in before)
    known = sum(order.refunded_at is not None for order in before + after)
    later = [o for o in voltline.orders.refunded_between(middle, NOW) if o.placed_at >= NOW - timedelta(days=60)]
    assert known + len(later) == sum(order.refunded_at is not None for order in whole)
    assert later


def test_december_is_the_peak_and_september_beats_july(voltline: Company) -> None:
    months = voltline.orders.placed.astype("datetime64[M]").astype(str)
    count = Counter(months.tolist())
    assert count["2025-12"] > 1.5 * count["2025-10"]
    assert count["2025-11"] > 1.3 * count["2025-10"]
    assert count["2025-09"] > 1.2 * count["2025-07"]
    assert count["2026-01"] < 0.7 * count["2025-12"]


def test_customers_differ_in_pace_and_some_have_left(voltline: Company) -> None:
    per_buyer = np.bincount(voltline.orders.person)
    per_buyer = per_buyer[per_buyer > 0]
    assert float((per_buyer == 1).mean()) > 0.3
    assert float((per_buyer >= 6).mean()) > 0.05
    assert 0.15 < float((~np.isnat(voltline.orders.left)).mean()) < 0.35


def test_accessories_follow_laptops(voltline: Company) -> None:
    """Within six weeks of a laptop a mouse, bag or disk is bought far more often than after a speaker."""

    def share_followed(main: str) -> float:
        orders = voltline.orders
        slug = np.array([product.category.slug for product in PRODUCTS])[orders.line_product]
        order_of_line = np.repeat(np.arange(len(orders)), np.diff(orders.line_start))
        wanted = np.zeros(len(orders), bool)
        wanted[order_of_line[np.isin(slug, ["mice", "bags", "disks"])]] = True
        began = np.unique(order_of_line[slug == main])
        by_person: dict[int, list[int]] = {}
        for order in np.flatnonzero(wanted).tolist():
            by_person.setdefault(int(orders.person[order]), []).append(order)
        window = np.timedelta64(42 * 86_400, "s")
        followed = [
            any(
                np.timedelta64(0) < orders.placed[later] - orders.placed[order] < window
                for later in by_person.get(int(orders.person[order]), [])
            )
            for order in began.tolist()
        ]
        return sum(followed) / len(followed)

    assert share_followed("laptops") > 0.2
    assert share_followed("laptops") > 2 * share_followed("audio")
