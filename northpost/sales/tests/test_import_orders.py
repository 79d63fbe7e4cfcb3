"""Orders from files: per row or per line, customers, refunds, events, and nothing twice."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from northpost.contacts.imports import ImportRefused, Options, Report, receive, start, undo, work
from northpost.contacts.models import Consent, Contact
from northpost.core import clock, tenancy
from northpost.events.models import Event
from northpost.sales.models import Order, OrderLine, Product, Refund
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def noon():
    with clock.use(clock.VirtualClock(NOON)):
        yield


def bring(content: str, kind: str = "orders", mapping: dict[str, str] | None = None, **options: object) -> Report:
    run = receive(kind=kind, filename="orders.csv", content=io.BytesIO(content.encode()))
    start(run_id=run.pk, mapping=mapping or run.mapping, options=Options(**options))
    return work(run_id=run.pk)


def counts(report: Report) -> tuple[int, int, int, int]:
    return report.created, report.updated, report.unchanged, report.refused


def reasons(report: Report) -> list[tuple[str, str]]:
    with Path(report.refused_path).open(encoding="utf-8-sig", newline="") as file:
        return [(row[0], row[1]) for row in list(csv.reader(file))[1:]]


LINES = (
    "order number,email,date,product code,product,category,qty,price\n"
    "1001,ann@example.com,2026-01-02 10:00,L1,Laptop,Computers,1,900.00\n"
    "1001,ann@example.com,2026-01-02 10:00,M1,Mouse,Accessories,2,12.50\n"
    "1002,bob@example.com,2026-01-03,M1,Mouse,Accessories,1,12.50\n"
)


def test_lines_of_one_number_are_one_order(workspace: Workspace):
    report = bring(LINES)
    assert (report.state, counts(report)) == ("done", (2, 0, 0, 0))
    first, second = Order.objects.order_by("number")
    ann = Contact.objects.get(email_key="ann@example.com")
    assert (first.number, first.contact_id, first.total, first.currency) == ("1001", ann.pk, Decimal("925.00"), "EUR")
    assert first.placed_at == datetime(2026, 1, 2, 10, tzinfo=UTC)
    assert (second.total, second.refunded) == (Decimal("12.50"), Decimal("0.00"))
    lines = OrderLine.objects.filter(order=first).order_by("pk")
    assert list(lines.values_list("product__sku", "quantity", "unit_price", "total")) == [
        ("L1", Decimal("1.000"), Decimal("900.0000"), Decimal("900.00")),
        ("M1", Decimal("2.000"), Decimal("12.5000"), Decimal("25.00")),
    ]
    assert list(Product.objects.order_by("sku").values_list("sku", "name", "category", "price", "currency")) == [
        ("L1", "Laptop", "Computers", Decimal("900.00"), "EUR"),
        ("M1", "Mouse", "Accessories", Decimal("12.50"), "EUR"),
    ]


def test_each_order_is_an_event_that_triggers_nothing(workspace: Workspace):
    bring(LINES)
    order = Order.objects.get(number="1001")
    event = Event.objects.get(contact_id=order.contact_id)
    assert (event.kind, event.value, event.currency, event.backfill) == ("order.placed", Decimal("925.00"), "EUR", True)
    assert (event.occurred_at, event.source) == (order.placed_at, "import")
    assert event.properties == {"number": "1001", "order_id": order.pk}
    assert Event.objects.count() == 2


def test_the_same_file_twice_changes_nothing(workspace: Workspace):
    bring(LINES)
    before = [list(model.objects.order_by("pk").values()) for model in (Order, OrderLine, Product, Contact, Event)]
    report = bring(LINES)
    assert counts(report) == (0, 0, 2, 0)
    after = [list(model.objects.order_by("pk").values()) for model in (Order, OrderLine, Product, Contact, Event)]
    assert after == before


def test_a_row_per_order_by_customer_number(workspace: Workspace):
    report = bring("order;customer number;date;total\nA;17850.0;31.12.2025;1.234,50 €\nB;17850;01.01.2026;10,00\n")
    assert counts(report) == (2, 0, 0, 0)
    person = Contact.objects.get()
    assert (person.external_id, person.email) == ("17850", None)
    assert list(Order.objects.order_by("number").values_list("contact_id", "total")) == [
        (person.pk, Decimal("1234.50")),
        (person.pk, Decimal("10.00")),
    ]
    assert OrderLine.objects.count() == 0


def test_a_number_twice_in_a_file_of_whole_orders_is_refused(workspace: Workspace):
    report = bring("order,email,date,total\nA,a@example.com,2026-01-01,5\nA,a@example.com,2026-01-01,5\n")
    assert counts(report) == (1, 0, 0, 1)
    assert reasons(report) == [("3", "the order number stands in an earlier row already")]
    assert Order.objects.get().total == Decimal("5.00")


def test_lines_that_do_not_stand_together_still_make_one_order(workspace: Workspace, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("northpost.contacts.imports.working.BATCH", 2)
    rows = [f"{100 + n},c{n}@example.com,2026-01-01,P{n},1,10" for n in range(6)]
    report = bring(
        "order,email,date,sku,qty,price\n" + "\n".join([*rows, "100,c0@example.com,2026-01-01,P9,1,5"]) + "\n"
    )
    assert counts(report) == (6, 0, 0, 0)
    order = Order.objects.get(number="100")
    assert (order.total, order.lines.count()) == (Decimal("15.00"), 2)
    assert Event.objects.get(contact_id=order.contact_id).value == Decimal("15.00")


def test_discount_lines_lessen_their_order(workspace: Workspace):
    bring(
        "order,email,date,sku,qty,price\nA,a@example.com,2026-01-01,P,1,10\nA,a@example.com,2026-01-01,DISCOUNT,-1,2\n"
    )
    assert Order.objects.get().total == Decimal("8.00")
    assert Refund.objects.count() == 0


CREDIT = "order number,email,date,product code,product,category,qty,price\n"


def test_a_credit_note_goes_back_to_the_order_with_that_product(workspace: Workspace):
    bring(LINES + "1003,ann@example.com,2026-01-20,X1,Cable,Accessories,1,1000.00\n")
    note = (
        CREDIT
        + "C2001,ann@example.com,2026-02-01,M1,Mouse,,-1,12.50\nC2002,ann@example.com,2026-02-02,M1,Mouse,,-9,12.50\n"
    )
    report = bring(note)
    assert counts(report) == (1, 0, 0, 1)
    assert reasons(report) == [("3", "it goes back to an order that is not here")]
    refund = Refund.objects.get()
    assert (refund.number, refund.order.number, refund.amount) == ("C2001", "1001", Decimal("12.50"))
    assert Order.objects.get(number="1001").refunded == Decimal("12.50")
    assert Order.objects.get(number="1001").total == Decimal("925.00")
    event = Event.objects.get(kind="order.refunded")
    assert (event.value, event.contact_id, event.backfill) == (Decimal("12.50"), refund.order.contact_id, True)
    assert event.properties == {"number": "C2001", "order": "1001", "order_id": refund.order_id}
    assert counts(bring(note)) == (0, 0, 1, 1)
    assert (Refund.objects.count(), Order.objects.get(number="1001").refunded) == (1, Decimal("12.50"))


def test_a_credit_note_of_several_orders_is_a_refund_of_each(workspace: Workspace):
    bring(LINES + "1003,ann@example.com,2026-01-20,X1,Cable,Accessories,1,7.00\n")
    report = bring(
        CREDIT + "C1,ann@example.com,2026-02-01,M1,Mouse,,-1,12.50\nC1,ann@example.com,2026-02-01,X1,Cable,,-1,7.00\n"
    )
    assert counts(report) == (2, 0, 0, 0)
    assert list(Refund.objects.order_by("number").values_list("number", "order__number", "amount")) == [
        ("C1", "1001", Decimal("12.50")),
        ("C1/2", "1003", Decimal("7.00")),
    ]


def test_no_more_goes_back_than_was_paid(workspace: Workspace):
    bring("order,email,date,sku,qty,price\nA,a@example.com,2026-01-01,P,2,10\n")
    report = bring(
        "order,email,date,sku,qty,price\n"
        "C1,a@example.com,2026-01-02,P,-2,10\n"
        "C2,a@example.com,2026-01-02,P,-1,10\n"
        "C3,stranger@example.com,2026-01-02,P,-1,10\n"
        "C4,a@example.com,2025-12-31,P,-1,10\n"
    )
    assert counts(report) == (1, 0, 0, 3)
    assert Order.objects.get().refunded == Decimal("20.00")
    # A credit note makes nobody a customer.
    assert Contact.objects.count() == 1


def test_what_was_never_sold_as_a_product_goes_back_to_the_latest_order(workspace: Workspace):
    bring(LINES)
    report = bring(CREDIT + "C1,ann@example.com,2026-02-01,D,Discount,,-1,27.50\n")
    assert counts(report) == (1, 0, 0, 0)
    assert Refund.objects.get().order.number == "1001"
    assert not Product.objects.filter(sku="D").exists()


def test_rows_without_a_customer_are_orders_of_nobody(workspace: Workspace):
    text = "order,email,date,sku,qty,price\nA,,2026-01-01,P,1,10\nB,,2026-01-01,P,1,0\n"
    report = bring(text)
    assert counts(report) == (1, 0, 0, 1)
    assert reasons(report) == [("3", "nothing was sold: there is no price")]
    assert (Order.objects.get().contact_id, Contact.objects.count()) == (None, 0)
    report = bring(text.replace("A,", "Z,"), extra={"anonymous": "refuse"})
    assert [reason for _row, reason in reasons(report)] == ["there is no customer", "there is no customer"]
    assert Order.objects.count() == 1


def test_rows_that_cannot_be_orders_are_refused(workspace: Workspace):
    report = bring(
        "order,email,date,sku,qty,price,currency\n"
        ",a@example.com,2026-01-01,P,1,10,\n"
        "B,a@example.com,,P,1,10,\n"
        "C,a@example.com,2026-02-30,P,1,10,\n"
        "D,a@example.com,2027-01-01,P,1,10,\n"
        "E,a@example.com,1900-01-01,P,1,10,\n"
        "F,a@example.com,2026-01-01,P,0,10,\n"
        "G,a@example.com,2026-01-01,P,1,,\n"
        "H,a@example.com,2026-01-01,P,1,ten,\n"
        "I,nobody,2026-01-01,P,1,10,\n"
        "J,a@example.com,2026-01-01,P,1,10,euros\n"
        "K,a@example.com,2026-01-01,P,999999,99999999999,\n"
    )
    assert counts(report) == (0, 0, 0, 11)
    assert [reason for _row, reason in reasons(report)] == [
        "there is no order number",
        "there is no date",
        "“2026-02-30” is a day that does not exist",
        "the date lies in the future",
        "the date lies too far back",
        "the quantity is zero",
        "there is neither a total nor a price",
        "“ten” is not a number",
        "the e-mail address has no @",
        "“euros” is not a currency, such as EUR",
        "the amount is too large",
    ]
    assert (Order.objects.count(), Contact.objects.count(), Product.objects.count()) == (0, 0, 0)


def test_times_without_a_zone_are_the_workspaces(workspace: Workspace):
    Workspace.objects.filter(pk=workspace.pk).update(time_zone="Europe/Sofia", currency="BGN")
    bring("order,email,date,total\nA,a@example.com,2026-01-01 01:00,5\n")
    order = Order.objects.get()
    assert (order.placed_at, order.currency) == (datetime(2025, 12, 31, 23, tzinfo=UTC), "BGN")


def test_a_file_without_order_numbers_can_be_brought_twice(workspace: Workspace):
    text = "customer id,date,total\n1,2026-01-01,5\n1,2026-01-01,5\n2,2026-01-02,6\n"
    assert counts(bring(text)) == (3, 0, 0, 0)
    assert counts(bring(text)) == (0, 0, 3, 0)
    assert Order.objects.count() == 3


def test_customers_can_be_given_addresses_and_consent(workspace: Workspace):
    bring(
        "order,customer id,date,total\nA,17,2026-01-01,5\n",
        extra={"address_pattern": "{external_id}@shop.example"},
        purpose="marketing",
        consent_source="shop",
    )
    person = Contact.objects.get()
    assert (person.email_key, person.external_id) == ("17@shop.example", "17")
    assert Consent.objects.get().state == "granted"


@pytest.mark.parametrize(
    ("mapping", "options", "message"),
    [
        ({"total": "total"}, {}, "Choose the column with the date of the order."),
        ({"date": "placed_at"}, {}, "Choose the column with the total, or the one with the price."),
        ({"date": "placed_at", "total": "total"}, {}, "Choose the column with the customers' e-mail addresses"),
        (
            {"order": "external_id", "date": "placed_at", "total": "total"},
            {"extra": {"currency": "euro"}},
            "A currency has three letters",
        ),
    ],
)
def test_what_cannot_work_is_refused_before_it_starts(
    workspace: Workspace, mapping: dict[str, str], options: dict[str, object], message: str
):
    with pytest.raises(ImportRefused) as refused:
        bring("order,date,total\nA,2026-01-01,5\n", mapping=mapping, **options)
    assert refused.value.message.startswith(message)
    assert Order.objects.count() == 0


def test_orders_land_in_their_own_workspace_only(workspace: Workspace, rival: Workspace):
    with tenancy.workspace(rival.pk):
        bring(LINES)
    assert (Order.objects.count(), Product.objects.count(), Contact.objects.count()) == (0, 0, 0)
    assert counts(bring(LINES)) == (2, 0, 0, 0)


def test_an_import_of_orders_cannot_be_undone_and_its_people_stay(workspace: Workspace):
    people = receive(
        kind="contacts", filename="p.csv", content=io.BytesIO(b"email\nann@example.com\nidle@example.com\n")
    )
    start(run_id=people.pk, mapping=people.mapping, options=Options())
    work(run_id=people.pk)
    run = receive(kind="orders", filename="o.csv", content=io.BytesIO(LINES.encode()))
    start(run_id=run.pk, mapping=run.mapping, options=Options())
    work(run_id=run.pk)
    with pytest.raises(ImportRefused):
        undo(run_id=run.pk)
    assert undo(run_id=people.pk) == 1
    assert sorted(Contact.objects.values_list("email_key", flat=True)) == ["ann@example.com", "bob@example.com"]


def test_products_from_a_file(workspace: Workspace):
    text = (
        "sku;name;category;price;url\n"
        "A;Lamp;Light;1.234,50;https://shop.example/a\n"
        "B;;;;\n"
        ";No number;;;\n"
        "C;Bad;;;javascript:x\n"
    )
    report = bring(text, "products")
    assert counts(report) == (2, 0, 0, 2)
    lamp = Product.objects.get(sku="A")
    assert (lamp.name, lamp.category, lamp.price, lamp.currency, lamp.url) == (
        "Lamp",
        "Light",
        Decimal("1234.50"),
        "EUR",
        "https://shop.example/a",
    )
    assert (Product.objects.get(sku="B").name, Product.objects.get(sku="B").price) == ("B", None)
    report = bring("sku;name;price\nA;Lantern;5,00\nB;Bulb;1,00\n", "products", existing="fill")
    assert counts(report) == (0, 1, 1, 0)
    assert dict(Product.objects.values_list("sku", "name")) == {"A": "Lamp", "B": "Bulb"}
    report = bring("sku;name;price\nA;Lantern;5,00\nB;;\n", "products", existing="overwrite")
    assert counts(report) == (0, 1, 1, 0)
    assert list(Product.objects.order_by("sku").values_list("name", "price")) == [
        ("Lantern", Decimal("5.00")),
        ("Bulb", Decimal("1.00")),
    ]
    assert counts(bring("sku;name\nA;Other\nD;New\n", "products", existing="skip")) == (1, 0, 1, 0)
