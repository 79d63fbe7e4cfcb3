"""An order and a refund, entered by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from northpost.contacts.models import Contact
from northpost.core import clock
from northpost.core.addresses import AddressError, normalise
from northpost.sales.models import Order
from northpost.team.models import Workspace

LINES = 6
MOST = Decimal("999999999.99")


class OrderForm(forms.Form):
    """Whose order, when, and up to six lines."""

    number = forms.CharField(label=_("Order number"), max_length=120)
    email = forms.CharField(
        label=_("E-mail of the person"), required=False, max_length=254, help_text=_("Empty, if you don't know who.")
    )
    placed_at = forms.DateTimeField(
        label=_("Placed"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )
    currency = forms.RegexField(
        r"^[A-Z]{3}$",
        label=_("Currency"),
        error_messages={"invalid": _("A currency has three capital letters, such as EUR.")},
    )

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"placed_at": clock.now(), "currency": workspace.currency})
        super().__init__(*args, **kwargs)
        for line in range(LINES):
            self.fields[f"sku_{line}"] = forms.CharField(
                label=_("Product number"),
                required=False,
                max_length=120,
                widget=forms.TextInput(attrs={"list": "known-products", "autocomplete": "off"}),
            )
            self.fields[f"quantity_{line}"] = forms.DecimalField(
                label=_("Pieces"),
                required=False,
                min_value=Decimal("0.001"),
                max_value=Decimal(999_999),
                decimal_places=3,
            )
            self.fields[f"price_{line}"] = forms.DecimalField(
                label=_("Price of one"), required=False, min_value=Decimal(0), max_value=MOST, decimal_places=2
            )

    def rows(self) -> list[tuple[forms.BoundField, forms.BoundField, forms.BoundField]]:
        return [(self[f"sku_{line}"], self[f"quantity_{line}"], self[f"price_{line}"]) for line in range(LINES)]

    def clean_number(self) -> str:
        number = " ".join(self.cleaned_data["number"].split())
        if Order.objects.filter(number=number).exists():
            raise forms.ValidationError(_("There is an order of this number already."))
        return number

    def clean_email(self) -> int | None:
        """The person's id."""
        text = self.cleaned_data["email"].strip()
        if not text:
            return None
        try:
            key = normalise(text).key
        except AddressError as error:
            raise forms.ValidationError(str(error)) from error
        found = Contact.objects.filter(email_key=key).values_list("pk", flat=True).first()
        if found is None:
            raise forms.ValidationError(_("Nobody here has this address. Add the person first."))
        return found

    def clean_placed_at(self) -> Any:
        placed_at, now = self.cleaned_data["placed_at"], clock.now()
        if placed_at == now.replace(second=0, microsecond=0):
            # The field knows minutes only: an order of this minute comes after whatever happened in it so far.
            return now
        if placed_at > now:
            raise forms.ValidationError(_("That is in the future. Enter when it was placed."))
        if placed_at.year < 1980:
            raise forms.ValidationError(_("That is too long ago. Enter when it was placed."))
        return placed_at

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        lines = []
        for line in range(LINES):
            sku = " ".join(str(data.get(f"sku_{line}") or "").split())
            quantity, price = data.get(f"quantity_{line}"), data.get(f"price_{line}")
            if not sku and quantity is None and price is None:
                continue
            for name, missing in (("sku", not sku), ("quantity", quantity is None), ("price", price is None)):
                if missing and f"{name}_{line}" not in self.errors:
                    self.add_error(f"{name}_{line}", _("This is missing."))
            lines.append((sku, quantity, price))
        if not lines and not self.errors:
            self.add_error("sku_0", _("Enter at least one product."))
        data["lines"] = lines
        return data


class RefundForm(forms.Form):
    """Money back. It can't be taken back, so the order's number has to be typed."""

    amount = forms.DecimalField(
        label=_("Amount to refund"), min_value=Decimal("0.01"), max_value=MOST, decimal_places=2
    )
    reason = forms.CharField(label=_("Reason"), required=False, max_length=300)
    typed = forms.CharField(label=_("Order number, to confirm"), max_length=120)

    def __init__(self, *args: Any, order: Order, **kwargs: Any) -> None:
        self.order = order
        super().__init__(*args, **kwargs)

    def clean_amount(self) -> Decimal:
        amount: Decimal = self.cleaned_data["amount"]
        if amount > self.order.total - self.order.refunded:
            raise forms.ValidationError(_("No more can be refunded than is left of the order."))
        return amount

    def clean_typed(self) -> str:
        typed: str = self.cleaned_data["typed"]
        if typed.strip() != self.order.number:
            raise forms.ValidationError(_("This isn't the number of this order. Nothing was refunded."))
        return typed
