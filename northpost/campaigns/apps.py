from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "northpost.campaigns"
    label = "campaigns"

    def ready(self) -> None:
        from northpost.campaigns import breaking, mailing, naming, testing
        from northpost.campaigns.actions import SOURCE
        from northpost.delivery import sources
        from northpost.segments import actions as segments
        from northpost.segments import catalogue

        sources.register(SOURCE, mailing.load_mailing, on_breaker=breaking.heed)
        sources.register(testing.SOURCE, testing.load_test)
        catalogue.register_mailings(SOURCE, naming.names_by_source)
        if naming.uses_of_segment not in segments.uses_of_segment:
            segments.uses_of_segment.append(naming.uses_of_segment)
