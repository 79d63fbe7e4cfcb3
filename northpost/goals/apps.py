from django.apps import AppConfig


class GoalsConfig(AppConfig):
    name = "northpost.goals"
    label = "goals"
