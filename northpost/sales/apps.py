from django.apps import AppConfig


class SalesConfig(AppConfig):
    name = "northpost.sales"
    label = "sales"

    def ready(self) -> None:
        # Models can be imported only once every app is there.
        from northpost.contacts.imports import kinds, register_activity
        from northpost.sales.imports import orders, products
        from northpost.sales.queries import with_orders

        kinds.register(products.KIND)
        kinds.register(orders.KIND)
        register_activity("sales", with_orders)
