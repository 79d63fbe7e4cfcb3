from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "northpost.campaigns"
    label = "campaigns"

    def ready(self) -> None:
        from northpost.campaigns import breaking, mailing, testing
        from northpost.campaigns.actions import SOURCE
        from northpost.delivery import sources

        sources.register(SOURCE, mailing.load_mailing, on_breaker=breaking.heed)
        sources.register(testing.SOURCE, testing.load_test)
