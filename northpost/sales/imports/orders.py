"""The kind "orders"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from northpost.contacts.imports import Destination, ImportKind, ImportRefused, Job, Options, Tally
from northpost.contacts.imports.people import EMAIL, EXTERNAL_ID
from northpost.contacts.imports.storing import resolve_people, settle_options
from northpost.core import sql, statistics, tenancy
from northpost.core.tabular import FileShape, Kind, Row
from northpost.events.actions import record_events
from northpost.sales.actions import (
    NewLine,
    NewOrder,
    NewRefund,
    add_lines,
    known_refunds,
    placed_event,
    store_orders,
    store_refunds,
)
from northpost.sales.models import Order
from northpost.team.models import Workspace

from .reading import OrderRow, RowReader

_ROOM = "northpost.sales"
_EVENTS = 5_000
SOURCE = "import"

DESTINATIONS = (
    Destination(
        "number",
        Kind.TEXT,
        (
            *("order number", "order no", "order id", "order", "invoice", "invoice no", "invoice number"),
            *("номер на поръчка", "поръчка", "фактура", "номер заказа", "заказ", "счёт", "счет"),
        ),
        _("Order number"),
    ),
    EMAIL,
    EXTERNAL_ID,
    Destination(
        "placed_at",
        Kind.DATE,
        (
            *("date", "order date", "invoice date", "placed", "placed at", "created at", "time"),
            *("дата", "дата на поръчка", "дата заказа"),
        ),
        _("Date"),
    ),
    Destination(
        "total",
        Kind.NUMBER,
        (
            *("amount", "sum", "value", "line total", "order total", "dollar value", "revenue"),
            *("сума", "общо", "стойност", "сумма", "итого", "стоимость"),
        ),
        _("Total of the row"),
    ),
    Destination(
        "sku",
        Kind.TEXT,
        (
            *("stock code", "product code", "product id", "product number", "item number", "article"),
            *("артикул", "код на продукт", "код товара"),
        ),
        _("Product number"),
    ),
    Destination(
        "product",
        Kind.TEXT,
        ("product name", "description", "item", "продукт", "стока", "описание", "товар", "наименование"),
        _("Product"),
    ),
    Destination("category", Kind.TEXT, ("категория", "product category"), _("Category")),
    Destination(
        "quantity", Kind.NUMBER, ("qty", "pieces", "count", "количество", "брой", "бр", "кол-во"), _("Quantity")
    ),
    Destination("unit_price", Kind.NUMBER, ("price", "единична цена", "цена", "цена за единицу"), _("Price of one")),
    Destination("currency", Kind.TEXT, ("валута", "валюта"), _("Currency")),
    Destination("first_name", Kind.TEXT, ("customer name", "name", "име", "имя"), _("First name")),
    Destination("last_name", Kind.TEXT, ("surname", "фамилия", "фамилно име"), _("Last name")),
)


def check(_shape: FileShape, mapping: Mapping[str, str], options: Options) -> None:
    """Orders need a date, a total or a price, and a customer (a row may lack one: its order is nobody's)."""
    chosen = {*mapping.values(), *options.constants}
    if "placed_at" not in chosen:
        raise ImportRefused(_("Choose the column with the date of the order."))
    if not {"total", "unit_price"} & chosen:
        raise ImportRefused(_("Choose the column with the total, or the one with the price."))
    if not {"email", "external_id"} & chosen:
        raise ImportRefused(
            _("Choose the column with the customers' e-mail addresses or numbers: else these orders are nobody's.")
        )
    currency = options.extra.get("currency")
    if currency and not (
        isinstance(currency, str) and len(currency) == 3 and currency.isascii() and currency.isupper()
    ):
        raise ImportRefused(_("A currency has three letters, such as EUR."))
    settle_options(options)


class OrderLoader:
    """Reads rows, puts the rows of one number together, and stores orders and refunds."""

    def __init__(self, job: Job) -> None:
        self._job = job
        workspace = Workspace.objects.get(pk=tenancy.require_workspace())
        self._settled = settle_options(job.options)
        self._reader = RowReader(job, time_zone=workspace.time_zone, currency=workspace.currency)
        self._by_line = bool({"sku", "product"} & set(job.mapping.values()))

    def read(self, row: Row) -> OrderRow:
        return self._reader.read(row)

    def group(self, thing: OrderRow) -> str:
        return thing.number

    def store(self, batch: Sequence[OrderRow]) -> Tally:
        tally = Tally()
        groups: dict[str, list[int]] = {}
        for place, row in enumerate(batch):
            places = groups.setdefault(row.number, [])
            if places and not self._by_line:
                tally.refused[place] = _twice()
            else:
                places.append(place)
        worth = {
            number: sum((_amount(batch[place]) for place in places), Decimal()) for number, places in groups.items()
        }
        orders = {number: places for number, places in groups.items() if worth[number] >= 0}
        refunds = {number: places for number, places in groups.items() if worth[number] < 0}
        self._store_orders(batch, orders, tally)
        self._store_refunds(batch, refunds, tally)
        return tally

    def refresh(self) -> None:
        statistics.refresh_after_import()

    def finish(self) -> None:
        """The events of all orders that came: each counts once, so this may be done again after a crash."""
        after = 0
        params = {"workspace_id": tenancy.require_workspace(), "run_id": self._job.run_id, "batch": _EVENTS}
        while True:
            found = sql.fetch_all(sql.load(_ROOM, "read_imported_orders"), params | {"after": after})
            if not found:
                return
            after = found[-1]["id"]
            record_events(
                [
                    placed_event(
                        row["number"],
                        row["id"],
                        row["contact_id"],
                        row["placed_at"],
                        row["total"],
                        row["currency"],
                        row["source"],
                        backfill=True,
                    )
                    for row in found
                ]
            )

    def _people(
        self, batch: Sequence[OrderRow], groups: Iterable[list[int]], tally: Tally, *, create: bool
    ) -> dict[int, int | None]:
        """Place of a row -> contact id, None for nobody; rows whose person can't be told are refused."""
        named = [place for places in groups for place in places if not batch[place].anonymous]
        ids, refused = resolve_people(
            [batch[place].person for place in named],
            run_id=self._job.run_id,
            settled=self._settled,
            create=create,
        )
        for at, reason in refused.items():
            tally.refused[named[at]] = reason
        return dict(zip(named, ids, strict=True))

    def _store_orders(self, batch: Sequence[OrderRow], groups: Mapping[str, list[int]], tally: Tally) -> None:
        contacts = self._people(batch, groups.values(), tally, create=True)
        orders = []
        for number, places in groups.items():
            kept = [place for place in places if place not in tally.refused]
            if kept:
                orders.append(_order(number, [batch[place] for place in kept], _first(contacts, kept)))
        recorded = store_orders(orders, import_run_id=self._job.run_id)
        tally.created += len(recorded.created)
        late = self._late(recorded.known)
        tally.unchanged += len(recorded.known) - len(late)
        for order in orders:
            if order.number in late:
                self._add_late(order, late[order.number], groups[order.number], tally)

    def _late(self, known: Iterable[str]) -> dict[str, int]:
        """Numbers that this very run has brought before: its rows do not stand together in the file."""
        ours = Order.objects.filter(number__in=list(known), import_run_id=self._job.run_id)
        return dict(ours.values_list("number", "pk"))

    def _add_late(self, order: NewOrder, order_id: int, places: Iterable[int], tally: Tally) -> None:
        if not self._by_line:
            tally.refused |= dict.fromkeys(places, _twice())
            return
        add_lines([(order_id, line, order.currency) for line in order.lines])
        sql.run(
            sql.load(_ROOM, "grow_orders"),
            {
                "workspace_id": tenancy.require_workspace(),
                "order_ids": [order_id],
                "amounts": [order.total],
            },
        )

    def _store_refunds(self, batch: Sequence[OrderRow], groups: Mapping[str, list[int]], tally: Tally) -> None:
        known = _known_notes(list(groups))
        fresh = {number: places for number, places in groups.items() if number not in known}
        tally.unchanged += len(known)
        if not fresh:
            return
        contacts = self._people(batch, fresh.values(), tally, create=False)
        places = [place for group in fresh.values() for place in group if place not in tally.refused]
        matched = _match(batch, places, contacts)
        refunds: dict[tuple[str, int], NewRefund] = {}
        for place in places:
            row = batch[place]
            if place not in matched:
                tally.refused[place] = gettext("it goes back to an order that is not here")
                continue
            key = (row.number, matched[place])
            before = refunds[key].amount if key in refunds else Decimal()
            refunds[key] = NewRefund("", matched[place], before - _amount(row), _moment(row), row.product)
        tally.created += store_refunds(_numbered(refunds), backfill=True)


def _order(number: str, rows: Sequence[OrderRow], contact_id: int | None) -> NewOrder:
    return NewOrder(
        number=number,
        contact_id=contact_id,
        placed_at=min(_moment(row) for row in rows),
        total=max(sum((_amount(row) for row in rows), Decimal()), Decimal()),
        currency=rows[0].currency,
        lines=[
            NewLine(
                sku=(row.sku or row.product)[:120],
                quantity=row.quantity or Decimal(1),
                unit_price=row.unit_price or Decimal(),
                total=_amount(row),
                name=row.product,
                category=row.category,
            )
            for row in rows
            if row.sku or row.product
        ],
        source=SOURCE,
    )


def _match(batch: Sequence[OrderRow], places: Sequence[int], contacts: Mapping[int, int | None]) -> dict[int, int]:
    """Place of a credit line -> order it goes back to; what comes to more than is left of an order goes nowhere."""
    rows = [batch[place] for place in places]
    found = sql.fetch_all(
        sql.load(_ROOM, "match_refunds"),
        {
            "workspace_id": tenancy.require_workspace(),
            "places": list(places),
            "numbers": [row.number for row in rows],
            "contact_ids": [contacts.get(place) for place in places],
            "skus": [row.sku or row.product or None for row in rows],
            "quantities": [abs(row.quantity or Decimal(1)) for row in rows],
            "amounts": [-_amount(row) for row in rows],
            "refunded_ats": [row.placed_at for row in rows],
        },
    )
    matched: dict[int, int] = {}
    used: dict[int, Decimal] = {}
    for row in found:
        amount = -_amount(batch[row["place"]])
        if used.get(row["order_id"], Decimal()) + amount <= row["left_over"]:
            used[row["order_id"]] = used.get(row["order_id"], Decimal()) + amount
            matched[row["place"]] = row["order_id"]
    return matched


def _numbered(refunds: Mapping[tuple[str, int], NewRefund]) -> list[NewRefund]:
    """A credit note that goes back to several orders is one refund of each: C17, C17/2, C17/3."""
    seen: dict[str, int] = {}
    numbered = []
    for (number, order_id), refund in refunds.items():
        if refund.amount <= 0:
            continue
        seen[number] = seen.get(number, 0) + 1
        name = number if seen[number] == 1 else f"{number[:110]}/{seen[number]}"
        numbered.append(NewRefund(name, order_id, refund.amount, refund.refunded_at, refund.reason))
    return numbered


def _known_notes(numbers: list[str]) -> set[str]:
    return known_refunds(numbers) if numbers else set()


def _first(contacts: Mapping[int, int | None], places: Sequence[int]) -> int | None:
    return next((contacts[place] for place in places if contacts.get(place) is not None), None)


def _amount(row: OrderRow) -> Decimal:
    return row.amount if row.amount is not None else Decimal()


def _moment(row: OrderRow) -> datetime:
    assert row.placed_at is not None, "a row without a date was refused when it was read"
    return row.placed_at


def _twice() -> str:
    return gettext("the order number stands in an earlier row already")


def _open(job: Job) -> Any:
    return OrderLoader(job)


KIND = ImportKind("orders", _("Orders"), lambda: DESTINATIONS, check, _open)
