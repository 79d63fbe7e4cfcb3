"""The list of products, and one product with who bought it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from northpost.contacts.models import Contact
from northpost.sales import queries
from northpost.sales.models import OrderLine, Product
from northpost.segments.actions import SegmentNameRefused, save_segment
from northpost.team.rules import Ability
from northpost.web.frame.access import StaffRequest, address, needs
from northpost.web.sales.frame import asked_number, asked_words, show

PER_PAGE = 50
SALES_SHOWN = 50


@needs(Ability.SEE)
def products(request: StaffRequest) -> HttpResponseBase:
    words = asked_words(request.GET.get("q"))
    category = asked_words(request.GET.get("category"))
    sort = request.GET.get("sort", "revenue")
    number = max(1, asked_number(request.GET.get("page")))
    rows, total = queries.find_products(search=words, category=category, sort=sort, page=number, size=PER_PAGE)
    context = {
        "rows": rows,
        "total": total,
        # The page was read by one statement; this only says which it is of how many.
        "page": Paginator(range(total), PER_PAGE).get_page(number),
        "q": words,
        "category": category,
        "categories": queries.categories(),
        "sort": sort if sort in queries.PRODUCT_SORTS else "revenue",
        "sorts": [("revenue", _("Most revenue")), ("pieces", _("Most pieces")), ("name", _("Name"))],
        "filtered": bool(words or category),
    }
    return show(request, "web/sales/products.html", here="products", context=context)


def _product(pk: int) -> Product:
    found = Product.objects.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@needs(Ability.SEE)
def product(request: StaffRequest, pk: int) -> HttpResponseBase:
    found = _product(pk)
    lines = list(
        OrderLine.objects.filter(product=found)
        .select_related("order")
        .order_by("-order__placed_at", "-pk")[:SALES_SHOWN]
    )
    people = Contact.objects.in_bulk([line.order.contact_id for line in lines if line.order.contact_id is not None])
    buyers = OrderLine.objects.filter(product=found).exclude(order__contact_id=None)
    context = {
        "product": found,
        "sold": queries.sold(pk),
        "buyers": buyers.values("order__contact_id").distinct().count(),
        "sales": [(line, people.get(line.order.contact_id or 0)) for line in lines],
        "most": SALES_SHOWN,
    }
    return show(request, "web/sales/product.html", here="products", context=context)


@require_POST
@needs(Ability.EDIT)
def product_segment(request: StaffRequest, pk: int) -> HttpResponseBase:
    """A segment of everyone who bought this product."""
    found = _product(pk)
    rule: dict[str, Any] = {
        "kind": "orders",
        "measure": "count",
        "compare": "at_least",
        "count": 1,
        "about": "product",
        "product": found.sku,
        "within": "ever",
    }
    name = _("Bought: %(product)s") % {"product": found.name or found.sku}
    try:
        segment = save_segment(name=name[:120], rule=rule, by=request.member)
    except SegmentNameRefused as error:
        messages.error(request, str(error))
        return redirect(address(request, "product", pk))
    messages.success(request, _("The segment is made; it keeps up by itself."))
    return redirect(address(request, "segment", segment.pk))
