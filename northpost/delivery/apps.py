from django.apps import AppConfig


class DeliveryConfig(AppConfig):
    name = "northpost.delivery"
    label = "delivery"
