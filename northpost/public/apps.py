from django.apps import AppConfig


class PublicConfig(AppConfig):
    name = "northpost.public"
    label = "public"
