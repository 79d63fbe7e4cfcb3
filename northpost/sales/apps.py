from django.apps import AppConfig


class SalesConfig(AppConfig):
    name = "northpost.sales"
    label = "sales"

    def ready(self) -> None:
        # Models can be imported only once every app is there.
        from northpost.contacts.actions import on_erasing
        from northpost.contacts.imports import kinds, register_activity
        from northpost.contacts.queries import on_exporting
        from northpost.sales.actions import forget_person
        from northpost.sales.imports import orders, products
        from northpost.sales.queries import export_person, with_orders

        kinds.register(products.KIND)
        kinds.register(orders.KIND)
        register_activity("sales", with_orders)
        on_erasing.append(forget_person)
        on_exporting["orders"] = export_person
