"""Money is Decimal with its currency."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from northpost.core.tenancy import TenantModel


class Product(TenantModel):
    sku = models.CharField(_("product number"), max_length=120)
    name = models.CharField(_("name"), max_length=300)
    category = models.CharField(_("category"), max_length=120, blank=True, default="")
    price = models.DecimalField(_("price"), max_digits=14, decimal_places=2, null=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True, default="")
    url = models.URLField(_("page in the shop"), max_length=500, blank=True, default="")
    image_url = models.URLField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace_id", "sku"], name="sales_product_sku_once")]
        indexes = [models.Index(fields=["workspace_id", "category"], name="sales_product_category_idx")]

    def __str__(self) -> str:
        return self.name


class Order(TenantModel):
    """An order as placed. ``total`` is what was charged, ``refunded`` what went back: net is the difference."""

    number = models.CharField(_("order number"), max_length=120)
    contact_id = models.BigIntegerField(null=True)
    placed_at = models.DateTimeField(_("placed"))
    total = models.DecimalField(_("total"), max_digits=14, decimal_places=2)
    refunded = models.DecimalField(_("refunded"), max_digits=14, decimal_places=2, default=0)
    currency = models.CharField(_("currency"), max_length=3)
    source = models.CharField(max_length=60, blank=True, default="")
    import_run_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace_id", "number"], name="sales_order_number_once")]
        indexes = [
            models.Index(fields=["workspace_id", "contact_id", "placed_at"], name="sales_order_contact_idx"),
            models.Index(fields=["workspace_id", "placed_at"], name="sales_order_placed_idx"),
        ]


class OrderLine(TenantModel):
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    quantity = models.DecimalField(max_digits=12, decimal_places=3)
    unit_price = models.DecimalField(max_digits=14, decimal_places=4)
    total = models.DecimalField(max_digits=14, decimal_places=2)

    class Meta:
        db_table = "sales_line"
        indexes = [models.Index(fields=["workspace_id", "product"], name="sales_line_product_idx")]


class Refund(TenantModel):
    number = models.CharField(max_length=120)
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="refunds")
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    refunded_at = models.DateTimeField()
    reason = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace_id", "number"], name="sales_refund_number_once")]
