from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    name = "northpost.analytics"
    label = "analytics"

    def ready(self) -> None:
        from northpost.analytics import counting
        from northpost.events import consumers

        consumers.register("analytics.daily", counting.count_daily)
        consumers.register("analytics.touch", counting.credit_orders)
