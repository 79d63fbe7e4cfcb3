from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "northpost.core"
    label = "core"
