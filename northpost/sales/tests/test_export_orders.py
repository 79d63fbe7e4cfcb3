"""Orders out, line by line, and back in as the same orders."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from northpost.contacts.exports import ExportFormat
from northpost.contacts.imports import Options, receive, start, work
from northpost.core import tenancy
from northpost.core.sql import Fragment
from northpost.sales.actions import NewLine, NewOrder, record_orders, refund_order
from northpost.sales.exports import export_orders
from northpost.sales.models import Order, OrderLine
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db

MOMENT = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def test_lines_go_out_and_come_back(workspace: Workspace, rival: Workspace):
    lines = [
        NewLine("P", Decimal(2), Decimal("10"), Decimal("20"), name="Pen", category="=Paper"),
        NewLine("Q", Decimal("0.5"), Decimal("4"), Decimal("2"), name="Quill"),
    ]
    record_orders(
        [
            NewOrder("1", None, MOMENT, Decimal("22"), "EUR", lines),
            NewOrder("2", None, MOMENT, Decimal("5"), "EUR"),
        ]
    )
    refund_order(order_number="2", number="R", amount=Decimal(1), refunded_at=MOMENT)
    stream = io.StringIO(newline="")
    assert export_orders(stream, file_format=ExportFormat.CSV) == 3
    at = "2026-03-04T12:00:00+00:00"
    assert list(csv.reader(io.StringIO(stream.getvalue().lstrip("\ufeff"))))[1:] == [
        ["1", at, "", "", "P", "Pen", "'=Paper", "2.000", "10.0000", "20.00", "EUR", "0.00"],
        ["1", at, "", "", "Q", "Quill", "", "0.500", "4.0000", "2.00", "EUR", "0.00"],
        ["2", at, "", "", "", "", "", "", "", "5.00", "EUR", "1.00"],
    ]
    with tenancy.workspace(rival.pk):
        run = receive(kind="orders", filename="o.csv", content=io.BytesIO(stream.getvalue().encode()))
        start(run_id=run.pk, mapping=run.mapping, options=Options())
        assert work(run_id=run.pk).created == 2
        assert dict(Order.objects.values_list("number", "total")) == {"1": Decimal("22.00"), "2": Decimal("5.00")}
        assert OrderLine.objects.count() == 2


def test_only_the_orders_of_those_asked_for(workspace: Workspace):
    record_orders([NewOrder(str(n), n, MOMENT, Decimal("5"), "EUR") for n in (7, 8)])
    stream = io.StringIO(newline="")
    people = Fragment("SELECT %(rule_0)s::bigint", {"rule_0": 8})
    assert export_orders(stream, file_format=ExportFormat.CSV, people=people) == 1
    assert stream.getvalue().splitlines()[1].startswith("8,")
