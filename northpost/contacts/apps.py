from django.apps import AppConfig


class ContactsConfig(AppConfig):
    name = "northpost.contacts"
    label = "contacts"

    def ready(self) -> None:
        # Models can be imported only once every app is there.
        from northpost.contacts.actions import furnish
        from northpost.contacts.imports import kinds, people
        from northpost.team.actions import on_founding

        on_founding.append(furnish)
        kinds.register(people.KIND)
