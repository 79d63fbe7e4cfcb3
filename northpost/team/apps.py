from django.apps import AppConfig


class TeamConfig(AppConfig):
    name = "northpost.team"
    label = "team"
