"""The list of orders, one order, an order and a refund entered by hand."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from northpost.analytics.models import Touch
from northpost.campaigns.actions import SOURCE
from northpost.campaigns.models import Campaign
from northpost.contacts.models import Contact
from northpost.contacts.queries.finding import Filters, find_contacts
from northpost.core import clock
from northpost.sales import actions, queries
from northpost.sales.models import Order, OrderLine, Product, Refund
from northpost.team.actions import record
from northpost.team.rules import Ability
from northpost.web.frame.access import StaffRequest, address, needs
from northpost.web.sales.forms import OrderForm, RefundForm
from northpost.web.sales.frame import asked_words, show

PER_PAGE = 50
MOST_PEOPLE = 500  # a search for people looks at so many of them
PRODUCTS_OFFERED = 500


@needs(Ability.SEE)
def orders(request: StaffRequest) -> HttpResponseBase:
    """``q`` is part of a number or somebody's name or address; ``from`` and ``to`` are days in the workspace's zone."""
    words = asked_words(request.GET.get("q"))
    first, last = _day(request.GET.get("from")), _day(request.GET.get("to"))
    zone = ZoneInfo(request.workspace.time_zone)
    sort = request.GET.get("sort", "newest")
    found = queries.find_orders(
        number=words,
        contact_ids=_people(words),
        since=datetime.combine(first, time.min, zone) if first else None,
        until=datetime.combine(last + timedelta(days=1), time.min, zone) if last else None,
        sort=sort,
    )
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    rows = list(page.object_list)
    people = Contact.objects.in_bulk([each.contact_id for each in rows if each.contact_id is not None])
    context = {
        "page": page,
        "rows": [(each, people.get(each.contact_id or 0), each.total - each.refunded) for each in rows],
        "worth": queries.worth(found),
        "q": words,
        "first": first.isoformat() if first else "",
        "last": last.isoformat() if last else "",
        "sort": sort if sort in queries.ORDER_SORTS else "newest",
        "sorts": [
            ("newest", _("Newest first")),
            ("oldest", _("Oldest first")),
            ("largest", _("Largest first")),
            ("smallest", _("Smallest first")),
        ],
        "filtered": bool(words or first or last),
    }
    return show(request, "web/sales/orders.html", here="orders", context=context)


def _day(text: str | None) -> date | None:
    """A day from an address; None for what is none, or too far away to count with."""
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return None
    return day if 1900 < day.year < 9000 else None


def _people(words: str) -> list[int]:
    if not words:
        return []
    return [person.pk for person in find_contacts(filters=Filters(search=words), size=MOST_PEOPLE).rows]


def _order(pk: int) -> Order:
    found = Order.objects.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@needs(Ability.SEE)
def order(request: StaffRequest, pk: int, form: RefundForm | None = None) -> HttpResponseBase:
    found = _order(pk)
    touch = Touch.objects.filter(order_id=pk).first()
    mailing = None
    if touch is not None and touch.source_kind == SOURCE:
        mailing = Campaign.objects.filter(pk=touch.source_id).first()
    left = found.total - found.refunded
    context = {
        "order": found,
        "left": left,
        "person": Contact.objects.filter(pk=found.contact_id or 0).first(),
        "lines": list(OrderLine.objects.filter(order=found).select_related("product").order_by("pk")),
        "refunds": list(Refund.objects.filter(order=found).order_by("refunded_at", "pk")),
        "touch": touch,
        "mailing": mailing,
        "refund": form or RefundForm(order=found, initial={"amount": left}),
    }
    return show(
        request, "web/sales/order.html", here="orders", context=context, status=422 if form is not None else 200
    )


@needs(Ability.EDIT)
def order_create(request: StaffRequest) -> HttpResponseBase:
    form = OrderForm(request.POST or None, workspace=request.workspace)
    if request.method == "POST" and form.is_valid():
        made = _record(form)
        if made is not None:
            record(
                user=request.member, verb="added", noun="order", noun_id=made, detail={"number": form["number"].data}
            )
            messages.success(request, _("The order is recorded."))
            return redirect(address(request, "order", made))
        form.add_error("number", _("There is an order of this number already."))
    offered = Product.objects.order_by("sku").values_list("sku", "name")[:PRODUCTS_OFFERED]
    context = {"form": form, "offered": offered}
    return show(
        request, "web/sales/order_create.html", here="orders", context=context, status=422 if form.errors else 200
    )


def _record(form: OrderForm) -> int | None:
    """The id of the order recorded; None if one of its number came in just before."""
    data = form.cleaned_data
    lines = [
        actions.NewLine(sku=sku, quantity=quantity, unit_price=price, total=actions.cents(quantity * price))
        for sku, quantity, price in data["lines"]
    ]
    given = actions.NewOrder(
        number=data["number"],
        contact_id=data["email"],
        placed_at=data["placed_at"],
        total=sum((line.total for line in lines), Decimal(0)),
        currency=data["currency"],
        lines=lines,
        source="by hand",
    )
    return actions.record_orders([given]).created.get(given.number)


@require_POST
@needs(Ability.EDIT)
def order_refund(request: StaffRequest, pk: int) -> HttpResponseBase:
    found = _order(pk)
    form = RefundForm(request.POST, order=found)
    if form.is_valid():
        numbered = Refund.objects.filter(order=found).aggregate(refunds=Count("pk"))["refunds"] + 1
        try:
            actions.refund_order(
                order_number=found.number,
                number=f"{found.number[:100]}-R{numbered}",
                amount=form.cleaned_data["amount"],
                refunded_at=clock.now(),
                reason=form.cleaned_data["reason"],
            )
        except actions.SalesProblem as error:
            form.add_error("amount", error.message)
        else:
            detail = {"number": found.number, "amount": str(form.cleaned_data["amount"])}
            record(user=request.member, verb="refunded", noun="order", noun_id=pk, detail=detail)
            messages.success(request, _("The refund is recorded."))
            return redirect(address(request, "order", pk))
    return order(request, slug=request.workspace.slug, pk=pk, form=form)
