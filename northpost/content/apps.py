from django.apps import AppConfig


class ContentConfig(AppConfig):
    name = "northpost.content"
    label = "content"
