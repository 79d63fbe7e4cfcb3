"""Orders and products through the pages: found, entered, refunded; by whom, and nothing of another workspace."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client

from northpost.contacts.actions import add_contact
from northpost.contacts.models import Contact
from northpost.core import clock, tenancy
from northpost.events.models import Event
from northpost.sales import actions
from northpost.sales.models import Order, OrderLine, Product, Refund
from northpost.segments import queries as segments
from northpost.segments.models import Segment
from northpost.team.models import Membership, User, Workspace

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
BASE = "/w/firm/sales/"
ORDER = {
    "number": "T1",
    "email": "",
    "placed_at": "2026-03-03T10:00",
    "currency": "EUR",
    "sku_0": "mouse",
    "quantity_0": "2",
    "price_0": "12.50",
}


@pytest.fixture(autouse=True)
def nine_o_clock():
    with clock.use(clock.VirtualClock(NOW)):
        yield


def sign_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def browser(owner: User, workspace: Workspace) -> Client:
    return sign_in(owner)


@pytest.fixture
def member(workspace: Workspace):
    def make(role: str) -> Client:
        user = User.objects.create_user(f"{role}@firm.example", "a long enough password", name=role)
        Membership.objects.create(user=user, role=role, since=NOW)
        return sign_in(user)

    return make


def place(number: str, total: str, *, contact_id: int | None = None, days_ago: int = 0, sku: str = "laptop") -> Order:
    line = actions.NewLine(sku=sku, quantity=Decimal(1), unit_price=Decimal(total), total=Decimal(total), name=sku)
    given = actions.NewOrder(number, contact_id, NOW - timedelta(days=days_ago), Decimal(total), "EUR", [line])
    actions.record_orders([given])
    return Order.objects.get(number=number)


@pytest.fixture
def ann(workspace: Workspace) -> Contact:
    return add_contact(email="ann@people.example", first_name="Ann")


@pytest.mark.parametrize(
    ("page", "words"), [("", "What your customers bought"), ("products/", "What you sell"), ("orders/new/", "")]
)
def test_empty_pages_say_what_comes_next(browser: Client, page: str, words: str):
    answer = browser.get(BASE + page)
    assert answer.status_code == 200
    assert words in answer.text


def test_orders_are_found_by_number_person_and_days(browser: Client, ann: Contact):
    place("A-100", "60", contact_id=ann.pk)
    place("B-200", "40", days_ago=10)
    everything = browser.get(BASE).text
    assert "<strong>2</strong> orders for <strong>100.00\xa0EUR</strong>" in everything
    for query, there, gone in (
        ({"q": "a-1"}, "A-100", "B-200"),
        ({"q": "Ann"}, "A-100", "B-200"),
        ({"from": "2026-03-01"}, "A-100", "B-200"),
        ({"to": "2026-02-22"}, "B-200", "A-100"),
    ):
        page = browser.get(BASE, query).text
        assert there in page
        assert gone not in page
    assert "No order fits this filter." in browser.get(BASE, {"q": "nothing"}).text


def test_orders_are_sorted_as_the_address_says(browser: Client, workspace: Workspace):
    place("A-100", "60", days_ago=1)
    place("B-200", "40")
    for sort, first in (("largest", "A-100"), ("smallest", "B-200"), ("newest", "B-200"), ("oldest", "A-100")):
        page = browser.get(BASE, {"sort": sort}).text
        assert min(("A-100", "B-200"), key=page.index) == first


@pytest.mark.parametrize(
    "query", ["from=9999-99-99", "to=9999-12-31", "sort=;drop", "page=-3", "page=x", "from=0001-01-01"]
)
def test_odd_addresses_are_answered(browser: Client, workspace: Workspace, query: str):
    assert browser.get(f"{BASE}?{query}").status_code == 200
    assert browser.get(f"{BASE}products/?{query}").status_code == 200


def test_a_nul_in_the_address_is_a_bad_request(browser: Client, workspace: Workspace):
    assert browser.get(f"{BASE}?q=%00").status_code == 400


def test_an_order_entered_by_hand_is_an_order_like_any_other(browser: Client, ann: Contact):
    given = ORDER | {"email": "ANN@people.example", "sku_1": "bag", "quantity_1": "1", "price_1": "5"}
    answer = browser.post(f"{BASE}orders/new/", given)
    made = Order.objects.get(number="T1")
    assert answer.headers["Location"] == f"{BASE}orders/{made.pk}/"
    assert (made.contact_id, made.total, made.currency) == (ann.pk, Decimal("30.00"), "EUR")
    assert [(line.product.sku, line.total) for line in OrderLine.objects.order_by("pk").select_related("product")] == [
        ("mouse", Decimal("25.00")),
        ("bag", Decimal("5.00")),
    ]
    event = Event.objects.get(kind="order.placed")
    assert (event.value, event.currency, event.contact_id) == (Decimal("30.00"), "EUR", ann.pk)
    page = browser.get(f"{BASE}orders/{made.pk}/").text
    assert "No mail was clicked in the week before the order." in page


@pytest.mark.parametrize(
    "change",
    [
        {"number": ""},
        {"number": "A-100"},
        {"email": "nobody@people.example"},
        {"email": "not an address"},
        {"placed_at": "2026-03-05T10:00"},
        {"placed_at": "0001-01-01T00:00"},
        {"placed_at": "yesterday"},
        {"currency": "euro"},
        {"sku_0": "", "quantity_0": "", "price_0": ""},
        {"sku_0": ""},
        {"quantity_0": ""},
        {"quantity_0": "0"},
        {"quantity_0": "-1"},
        {"price_0": "-1"},
        {"price_0": "NaN"},
        {"price_0": "99999999999999999"},
    ],
)
def test_an_order_that_can_not_be_is_refused_at_its_field(
    browser: Client, workspace: Workspace, change: dict[str, str]
):
    place("A-100", "60")
    answer = browser.post(f"{BASE}orders/new/", ORDER | change)
    assert answer.status_code == 422
    assert 'class="errorlist"' in answer.text
    assert (Order.objects.count(), Product.objects.count(), Event.objects.count()) == (1, 1, 1)


def test_a_refund_is_taken_off_and_is_an_event(browser: Client, ann: Contact):
    made = place("A-100", "60", contact_id=ann.pk)
    given = {"amount": "20.00", "reason": "scratched", "typed": "A-100"}
    assert browser.post(f"{BASE}orders/{made.pk}/refund/", given).status_code == 302
    browser.post(f"{BASE}orders/{made.pk}/refund/", given | {"amount": "5"})
    made.refresh_from_db()
    assert made.refunded == Decimal("25.00")
    assert list(Refund.objects.order_by("pk").values_list("number", "amount", "reason")) == [
        ("A-100-R1", Decimal("20.00"), "scratched"),
        ("A-100-R2", Decimal("5.00"), "scratched"),
    ]
    assert Event.objects.filter(kind="order.refunded").count() == 2
    assert "35.00\xa0EUR" in browser.get(f"{BASE}orders/{made.pk}/").text


@pytest.mark.parametrize(
    "change",
    [{"amount": "60.01"}, {"amount": "0"}, {"amount": "-5"}, {"amount": "all"}, {"typed": "A-101"}, {"typed": ""}],
)
def test_a_refund_that_can_not_be_changes_nothing(browser: Client, workspace: Workspace, change: dict[str, str]):
    made = place("A-100", "60")
    answer = browser.post(f"{BASE}orders/{made.pk}/refund/", {"amount": "10", "typed": "A-100"} | change)
    assert answer.status_code == 422
    made.refresh_from_db()
    assert made.refunded == 0
    assert not Refund.objects.exists()


def test_products_say_what_was_sold(browser: Client, ann: Contact):
    place("A-100", "60", contact_id=ann.pk)
    place("A-101", "50", contact_id=ann.pk)
    place("B-200", "40", sku="mouse")
    page = browser.get(f"{BASE}products/").text
    assert page.index(">laptop<") < page.index(">mouse<")
    assert "110.00\xa0EUR" in page
    assert ">laptop<" not in browser.get(f"{BASE}products/", {"q": "mou"}).text
    assert "No product fits this filter." in browser.get(f"{BASE}products/", {"category": "none"}).text


def test_buyers_of_a_product_become_a_segment(browser: Client, ann: Contact):
    place("A-100", "60", contact_id=ann.pk)
    other = add_contact(email="bob@people.example")
    place("B-200", "40", contact_id=other.pk, sku="mouse")
    laptop = Product.objects.get(sku="laptop")
    assert "Make a segment of 1 buyer" in browser.get(f"{BASE}products/{laptop.pk}/").text
    answer = browser.post(f"{BASE}products/{laptop.pk}/buyers/")
    made = Segment.objects.get()
    assert answer.headers["Location"] == f"/w/firm/segments/{made.pk}/"
    assert segments.count(made.rule, now=NOW) == 1


def test_who_may_not_see_money_sees_none(member, workspace: Workspace):
    made = place("A-100", "61.37")
    client = member("consultant")
    for page in ("", f"orders/{made.pk}/", "products/", f"products/{Product.objects.get().pk}/"):
        answer = client.get(BASE + page)
        assert answer.status_code == 200
        assert "61.37" not in answer.text


def test_an_analyst_changes_nothing(member, workspace: Workspace):
    made = place("A-100", "60")
    client = member("analyst")
    product = Product.objects.get()
    for page, given in (
        ("orders/new/", ORDER),
        (f"orders/{made.pk}/refund/", {"amount": "1", "typed": "A-100"}),
        (f"products/{product.pk}/buyers/", {}),
    ):
        assert client.post(BASE + page, given).status_code == 403
    assert (Order.objects.count(), Refund.objects.count(), Segment.objects.count()) == (1, 0, 0)


def test_looking_never_writes(browser: Client, workspace: Workspace):
    made = place("A-100", "60")
    assert browser.get(f"{BASE}orders/{made.pk}/refund/", {"amount": "1", "typed": "A-100"}).status_code == 405
    assert browser.get(f"{BASE}products/{Product.objects.get().pk}/buyers/").status_code == 405
    browser.get(f"{BASE}orders/new/", ORDER)
    assert (Order.objects.count(), Refund.objects.count(), Segment.objects.count()) == (1, 0, 0)


def test_another_workspaces_sales_are_not_there(browser: Client, rival: Workspace):
    with tenancy.workspace(rival.pk):
        theirs = place("R-1", "60")
        product = Product.objects.get()
    assert "R-1" not in browser.get(BASE).text
    for page in (f"orders/{theirs.pk}/", f"products/{product.pk}/"):
        assert browser.get(BASE + page).status_code == 404
    given = {"amount": "1", "typed": "R-1"}
    assert browser.post(f"{BASE}orders/{theirs.pk}/refund/", given).status_code == 404
    assert browser.post(f"{BASE}products/{product.pk}/buyers/").status_code == 404
    with tenancy.workspace(rival.pk):
        assert not Refund.objects.exists()
