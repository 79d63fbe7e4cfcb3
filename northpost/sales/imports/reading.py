"""Rows of an orders file, read: what was bought, when, for how much, by whom."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from northpost.contacts.imports import Job, RowRefused
from northpost.contacts.imports.people import limited, read_email, read_external_id
from northpost.contacts.imports.storing import Person
from northpost.core import clock
from northpost.core.tabular import FileShape, Row, restore
from northpost.core.tabular.values import (
    DateOrder,
    DecimalMark,
    decide_dates,
    decide_decimals,
    parse_decimal,
    parse_moment,
)
from northpost.sales.actions import LARGEST_QUANTITY, LARGEST_TOTAL, MILLI, cents

_EARLIEST = 1971  # the event log goes back to 1970, in UTC


@dataclass(slots=True)
class OrderRow:
    """One row. `amount` is what the row is worth, negative for what went back."""

    person: Person = field(default_factory=Person)
    number: str = ""
    placed_at: datetime | None = None
    sku: str = ""
    product: str = ""
    category: str = ""
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    amount: Decimal | None = None
    currency: str = ""

    @property
    def anonymous(self) -> bool:
        return self.person.email is None and self.person.external_id is None


Put = Callable[[str, OrderRow], None]


class RowReader:
    """Reads the rows of one file as its mapping and options say."""

    def __init__(self, job: Job, *, time_zone: str, currency: str) -> None:
        self._job = job
        self._zone = ZoneInfo(time_zone)
        self._currency = str(job.options.extra.get("currency") or currency)
        self._pattern = str(job.options.extra.get("address_pattern") or "")
        self._refuse_anonymous = job.options.extra.get("anonymous") == "refuse"
        self._numbered = "number" in job.mapping.values()
        self._prefix = str(job.options.extra.get("number_prefix") or fingerprint(job.shape))
        self._puts = [(job.shape.columns.index(column), self._put(to)) for column, to in job.mapping.items()]
        self._constants = [(text, self._put(to)) for to, text in job.options.constants.items()]

    def read(self, row: Row) -> OrderRow:
        """Raises ValueErrors with a `message`."""
        found = OrderRow(currency=self._currency)
        for text, put in self._constants:
            put(text, found)
        for place, put in self._puts:
            text = row.values[place].strip()
            if text:
                put(restore(text), found)
        if not self._numbered:
            found.number = f"{self._prefix}-{row.number}"
        self._complete(found)
        return found

    def _complete(self, found: OrderRow) -> None:
        if not found.number:
            raise RowRefused(_("there is no order number"))
        if found.placed_at is None:
            raise RowRefused(_("there is no date"))
        if self._pattern and found.person.email is None and found.person.external_id:
            read_email(self._pattern.replace("{external_id}", found.person.external_id), found.person)
        if self._refuse_anonymous and found.anonymous:
            raise RowRefused(_("there is no customer"))
        _price(found)

    def _put(self, to: str) -> Put:
        if to == "placed_at":
            chosen = self._job.options.date_order
            order = DateOrder(chosen) if chosen else decide_dates(self._job.sample(to))
            return lambda text, found: setattr(found, "placed_at", _possible(parse_moment(text, order, self._zone)))
        if to in ("total", "quantity", "unit_price"):
            decimal = self._job.options.decimal
            mark = DecimalMark(decimal) if decimal else decide_decimals(self._job.sample(to))
            name = "amount" if to == "total" else to
            return lambda text, found: setattr(found, name, parse_decimal(text, mark))
        return _PUTS[to]


def fingerprint(shape: FileShape) -> str:
    """Stands for a file without order numbers: the same for the same file, also when rows were added at its end."""
    first = repr((shape.columns, shape.sample_rows[:5])).encode()
    return hashlib.sha256(first).hexdigest()[:8]


def _price(found: OrderRow) -> None:
    """Settle quantity, unit price and amount from what there is of them."""
    quantity = Decimal(1) if found.quantity is None else found.quantity
    if quantity == 0:
        raise RowRefused(_("the quantity is zero"))
    if found.amount is None:
        if found.unit_price is None:
            raise RowRefused(_("there is neither a total nor a price"))
        found.amount = quantity * found.unit_price
    elif quantity < 0 < found.amount:
        found.amount = -found.amount
    if found.unit_price is None:
        found.unit_price = found.amount / quantity
    if found.amount < 0 < quantity and found.unit_price > 0:
        quantity = -quantity
    found.quantity = quantity.quantize(MILLI) if abs(quantity) < LARGEST_QUANTITY else quantity
    if abs(quantity) >= LARGEST_QUANTITY or abs(found.amount) >= LARGEST_TOTAL or abs(found.unit_price) >= 10**10:
        raise RowRefused(_("the amount is too large"))
    found.amount, found.unit_price = cents(found.amount), found.unit_price.quantize(Decimal("0.0001"))
    if found.amount == 0 and (found.anonymous or quantity < 0):
        raise RowRefused(_("nothing was sold: there is no price"))


def _possible(moment: datetime) -> datetime:
    if moment.year < _EARLIEST:
        raise RowRefused(_("the date lies too far back"))
    if moment > clock.now() + timedelta(days=1):  # a day's grace for clocks and zones
        raise RowRefused(_("the date lies in the future"))
    return moment


def _read_currency(text: str, found: OrderRow) -> None:
    code = text.upper()
    if not (len(code) == 3 and code.isascii() and code.isalpha()):
        raise RowRefused(_("“%(text)s” is not a currency, such as EUR") % {"text": text[:60]})
    found.currency = code


def _text(name: str, limit: int, label: object) -> Put:
    return lambda text, found: setattr(found, name, limited(text, limit, label))  # type: ignore[arg-type]


def _of_person(name: str, limit: int, label: object) -> Put:
    return lambda text, found: setattr(found.person, name, limited(text, limit, label))  # type: ignore[arg-type]


_PUTS: dict[str, Put] = {
    "number": _text("number", 120, _("Order number")),
    "sku": _text("sku", 120, _("Product number")),
    "product": _text("product", 300, _("Product")),
    "category": _text("category", 120, _("Category")),
    "currency": _read_currency,
    "email": lambda text, found: read_email(text, found.person),
    "external_id": lambda text, found: read_external_id(text, found.person),
    "first_name": _of_person("first_name", 120, _("First name")),
    "last_name": _of_person("last_name", 120, _("Last name")),
}
