"""The kind "products": one row, one product."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from northpost.contacts.imports import (
    Destination,
    Existing,
    ImportKind,
    ImportRefused,
    Job,
    Options,
    RowRefused,
    Tally,
)
from northpost.contacts.imports.people import limited
from northpost.core import statistics, tenancy
from northpost.core.tabular import FileShape, Kind, Row, restore
from northpost.core.tabular.values import DecimalMark, decide_decimals, parse_decimal
from northpost.sales.actions import LARGEST_TOTAL, NewProduct, upsert_products
from northpost.team.models import Workspace

DESTINATIONS = (
    Destination(
        "sku",
        Kind.TEXT,
        (
            *("stock code", "product code", "product id", "product number", "item number", "article", "id"),
            *("артикул", "код", "код на продукт", "код товара"),
        ),
        _("Product number"),
    ),
    Destination(
        "name",
        Kind.TEXT,
        ("product", "product name", "title", "description", "име", "продукт", "название", "наименование", "товар"),
        _("Name"),
    ),
    Destination("category", Kind.TEXT, ("категория", "product category"), _("Category")),
    Destination("price", Kind.NUMBER, ("unit price", "цена"), _("Price")),
    Destination("currency", Kind.TEXT, ("валута", "валюта"), _("Currency")),
    Destination("url", Kind.TEXT, ("link", "page", "адрес", "ссылка"), _("Page in the shop")),
    Destination("image_url", Kind.TEXT, ("image", "picture", "снимка", "изображение", "картинка"), _("Picture")),
)
_LIMITS = {"sku": 120, "name": 300, "category": 120}
_LABELS = {destination.name: destination.label for destination in DESTINATIONS}


def check(_shape: FileShape, mapping: Mapping[str, str], _options: Options) -> None:
    """A product needs its number."""
    if "sku" not in mapping.values():
        raise ImportRefused(_("Choose the column with the product numbers."))


class ProductLoader:
    """Reads rows into products; the last row of a number in a batch has the last word, or the first under `skip`."""

    def __init__(self, job: Job) -> None:
        self._options = job.options
        self._currency = str(
            job.options.extra.get("currency") or Workspace.objects.get(pk=tenancy.require_workspace()).currency
        )
        decimal = job.options.decimal
        self._mark = DecimalMark(decimal) if decimal else decide_decimals(job.sample("price"))
        self._columns = [(job.shape.columns.index(column), to) for column, to in job.mapping.items()]

    def read(self, row: Row) -> NewProduct:
        values: dict[str, Any] = dict(self._options.constants)
        for place, to in self._columns:
            if text := row.values[place].strip():
                values[to] = self._parse(to, restore(text))
        if not values.get("sku"):
            raise RowRefused(_("there is no product number"))
        if values.get("price") is not None:
            values.setdefault("currency", self._currency)
        return NewProduct(**values)

    def group(self, _thing: Any) -> None:
        return None

    def store(self, batch: Sequence[NewProduct]) -> Tally:
        folded: dict[str, NewProduct] = {}
        for product in batch:
            held = folded.get(product.sku)
            folded[product.sku] = product if held is None else self._merge(held, product)
        done = upsert_products(list(folded.values()), existing=self._options.existing)
        return Tally(done.created, done.updated, done.unchanged + len(batch) - len(folded))

    def refresh(self) -> None:
        statistics.refresh_after_import()

    def finish(self) -> None:
        return

    def _merge(self, held: NewProduct, later: NewProduct) -> NewProduct:
        if self._options.existing is Existing.SKIP:
            return held
        first, second = (held, later) if self._options.existing is Existing.OVERWRITE else (later, held)
        said = {name: getattr(second, name) for name in NewProduct.__dataclass_fields__}
        return replace(first, **{name: value for name, value in said.items() if value not in ("", None)})

    def _parse(self, to: str, text: str) -> Any:
        if to == "price":
            price = parse_decimal(text, self._mark)
            if not Decimal(0) <= price < LARGEST_TOTAL:
                raise RowRefused(_("the price is out of bounds"))
            return price
        if to == "currency":
            code = text.upper()
            if not (len(code) == 3 and code.isascii() and code.isalpha()):
                raise RowRefused(_("“%(text)s” is not a currency, such as EUR") % {"text": text[:60]})
            return code
        if to in ("url", "image_url"):
            return _web_address(text)
        return limited(text, _LIMITS[to], _LABELS[to])


def _web_address(text: str) -> str:
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.netloc or len(text) > 500 or not text.isprintable():
        raise RowRefused(_("“%(text)s” is not a web address") % {"text": text[:60]})
    return text


def _open(job: Job) -> Any:
    return ProductLoader(job)


KIND = ImportKind("products", _("Products"), lambda: DESTINATIONS, check, _open)
