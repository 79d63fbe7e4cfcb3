from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "northpost.events"
    label = "events"
