from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    name = "northpost.analytics"
    label = "analytics"
