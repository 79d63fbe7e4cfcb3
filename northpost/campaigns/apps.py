from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "northpost.campaigns"
    label = "campaigns"
