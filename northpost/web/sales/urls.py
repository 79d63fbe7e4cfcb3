from __future__ import annotations

from django.urls import path

from northpost.web.sales.views import orders, products

urlpatterns = [
    path("", orders.orders, name="sales"),
    path("orders/", orders.orders, name="orders"),
    path("orders/new/", orders.order_create, name="order_create"),
    path("orders/<int:pk>/", orders.order, name="order"),
    path("orders/<int:pk>/refund/", orders.order_refund, name="order_refund"),
    path("products/", products.products, name="products"),
    path("products/<int:pk>/", products.product, name="product"),
    path("products/<int:pk>/buyers/", products.product_segment, name="product_segment"),
]
