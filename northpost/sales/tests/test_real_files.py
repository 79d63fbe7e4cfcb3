"""Files of real shops, where they are at hand: CDNOW's purchases and a gift shop's invoices."""

from __future__ import annotations

import csv
import gzip
import os
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
from django.db.models import F, Sum

from northpost.contacts.imports import Options, Report, receive, start, work
from northpost.contacts.models import Contact
from northpost.events.models import Event
from northpost.sales.imports.presets import PRESETS
from northpost.sales.models import Order, OrderLine, Product, Refund
from northpost.team.models import Workspace

# Committed, as a real import is: the planner's statistics are gathered from what others can see.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

_HOME = Path(__file__).resolve().parents[3]
PLACES = [
    *([Path(os.environ["NORTHPOST_REAL_DATA"])] if "NORTHPOST_REAL_DATA" in os.environ else []),
    _HOME.parent / "shared" / "data",
    _HOME.parent.parent / "shared" / "data",
]


def real(name: str) -> Path:
    for place in PLACES:
        if (place / name).exists():
            return place / name
    pytest.skip(f"{name} is not here: put it into ../shared/data, or name its directory in NORTHPOST_REAL_DATA")


def bring(path: Path, preset_name: str, **extra: object) -> Report:
    preset = PRESETS[preset_name]
    run = receive(kind=preset.kind, path=path, delimiter=preset.delimiter)
    mapping = dict(zip(run.shape["columns"], preset.mapping, strict=True))
    options = Options(constants=dict(preset.constants), extra=preset.extra | extra)
    start(run_id=run.pk, mapping=mapping, options=options)
    return work(run_id=run.pk)


def test_cdnow_is_23570_people_and_69659_purchases(workspace: Workspace):
    path = real("CDNOW_master.txt.gz")
    report = bring(path, "cdnow", address_pattern="{external_id}@cdnow.example")
    assert (report.state, report.created, report.refused) == ("done", 69_659, 0)
    assert Contact.objects.count() == 23_570
    assert Contact.objects.get(external_id="23570").email == "23570@cdnow.example"
    assert (Order.objects.count(), OrderLine.objects.count()) == (69_659, 69_659)
    assert Order.objects.aggregate(total=Sum("total"))["total"] == Decimal("2500315.63")
    assert OrderLine.objects.aggregate(total=Sum("quantity"))["total"] == Decimal(167_881)
    assert Event.objects.filter(kind="order.placed", backfill=True).count() == 69_659
    again = bring(path, "cdnow", address_pattern="{external_id}@cdnow.example")
    assert (again.created, again.unchanged, again.refused) == (0, 69_659, 0)
    assert (Contact.objects.count(), Order.objects.count()) == (23_570, 69_659)


def books(path: Path) -> tuple[Decimal, Decimal, set[str], set[str]]:
    """What the file itself says, read without the product: sales, credit notes, invoices with a price, customers."""
    sold, credited, invoices, customers = Decimal(), Decimal(), set(), set()
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            worth = (Decimal(row["Quantity"]) * Decimal(row["UnitPrice"])).quantize(Decimal("0.01"), ROUND_HALF_UP)
            if row["InvoiceNo"].startswith("C"):
                credited -= worth
                continue
            sold += worth
            if worth or (row["CustomerID"] and Decimal(row["Quantity"]) > 0):
                invoices.add(row["InvoiceNo"])
                customers.add(row["CustomerID"])
    return sold, credited, invoices, customers - {""}


def test_the_gift_shops_invoices_agree_with_its_books(workspace: Workspace):
    path = real("online_retail_2010-12.csv.gz")
    sold, credited, invoices, customers = books(path)
    report = bring(path, "online-retail")
    assert report.state == "done"
    assert Order.objects.aggregate(total=Sum("total"))["total"] == sold
    assert set(Order.objects.values_list("number", flat=True)) == invoices
    assert set(Contact.objects.values_list("external_id", flat=True)) == {c.partition(".")[0] for c in customers}
    # Invoices without a customer are money earned from nobody known.
    assert Order.objects.filter(contact_id=None).count() == 179
    # Most credit notes of this month are for sales of the months before, which are not in the file.
    assert (Refund.objects.count(), report.refused) == (224, 789)
    refunded = Refund.objects.aggregate(amount=Sum("amount"))["amount"]
    assert Decimal(0) < refunded < credited
    assert Order.objects.aggregate(refunded=Sum("refunded"))["refunded"] == refunded
    assert not Order.objects.filter(refunded__gt=F("total")).exists()
    assert not Product.objects.filter(name="").exists()
    again = bring(path, "online-retail")
    assert again.created == 0
