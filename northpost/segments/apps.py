from django.apps import AppConfig


class SegmentsConfig(AppConfig):
    name = "northpost.segments"
    label = "segments"

    def ready(self) -> None:
        # Only now are the models there that these read.
        from northpost.contacts.actions import on_erasing
        from northpost.contacts.queries import on_exporting
        from northpost.events import consumers
        from northpost.segments import lifecycle
        from northpost.segments.actions import forget_person
        from northpost.segments.kinds import standard
        from northpost.segments.queries import export_person

        standard.register_all()
        consumers.register("lifecycle", lifecycle.consume)
        on_erasing.append(forget_person)
        on_exporting["life_cycle"] = export_person
