from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "northpost.web"
    label = "web"
