from django.apps import AppConfig


class DeliveryConfig(AppConfig):
    name = "northpost.delivery"
    label = "delivery"

    def ready(self) -> None:
        # Models can be imported only once every app is there.
        from northpost.contacts.actions import on_erasing
        from northpost.contacts.imports import kinds
        from northpost.contacts.queries import on_exporting
        from northpost.delivery.actions.erasing import forget_person
        from northpost.delivery.actions.routes import furnish
        from northpost.delivery.deliverability.counting import note_events
        from northpost.delivery.imports import KIND
        from northpost.delivery.inbound import keeping
        from northpost.delivery.queries import export_person
        from northpost.events import consumers
        from northpost.team.actions import on_founding

        kinds.register(KIND)
        # Before the ledger lets go of who it was.
        on_erasing.append(keeping.forget_person)
        on_erasing.append(forget_person)
        on_exporting["messages"] = export_person
        on_exporting["returned"] = keeping.export_person
        on_founding.append(furnish)
        consumers.register("delivery.days", note_events)
