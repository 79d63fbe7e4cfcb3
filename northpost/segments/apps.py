from django.apps import AppConfig


class SegmentsConfig(AppConfig):
    name = "northpost.segments"
    label = "segments"

    def ready(self) -> None:
        # Only now are the models there that these read.
        from northpost.events import consumers
        from northpost.segments import lifecycle
        from northpost.segments.kinds import standard

        standard.register_all()
        consumers.register("lifecycle", lifecycle.consume)
