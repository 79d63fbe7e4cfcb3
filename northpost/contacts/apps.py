from django.apps import AppConfig


class ContactsConfig(AppConfig):
    name = "northpost.contacts"
    label = "contacts"

    def ready(self) -> None:
        # Models can be imported only once every app is there.
        from northpost.contacts.actions import furnish, on_erasing
        from northpost.contacts.imports import kinds, people
        from northpost.contacts.tasks import defer_forgetting
        from northpost.team.actions import on_founding

        on_founding.append(furnish)
        on_erasing.append(defer_forgetting)
        kinds.register(people.KIND)
