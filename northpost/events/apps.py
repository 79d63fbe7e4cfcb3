from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "northpost.events"
    label = "events"

    def ready(self) -> None:
        # Models can be imported only once every app is there.
        from northpost.contacts.actions import on_consent_changed, on_consents_imported, on_erasing
        from northpost.contacts.imports import register_activity
        from northpost.contacts.queries import on_exporting
        from northpost.events.actions import forget_contact, record_consent, record_imported_consents
        from northpost.events.queries import export_contact, with_events

        on_consent_changed.append(record_consent)
        on_consents_imported.append(record_imported_consents)
        on_erasing.append(forget_contact)
        on_exporting["events"] = export_contact
        register_activity("events", with_events)
