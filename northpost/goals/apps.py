from django.apps import AppConfig


class GoalsConfig(AppConfig):
    name = "northpost.goals"
    label = "goals"

    def ready(self) -> None:
        # Only now are the models there that these read.
        from northpost.goals import standard

        standard.register_all()
