from django.apps import AppConfig


class SalesConfig(AppConfig):
    name = "northpost.sales"
    label = "sales"
