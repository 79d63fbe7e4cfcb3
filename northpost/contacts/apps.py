from django.apps import AppConfig


class ContactsConfig(AppConfig):
    name = "northpost.contacts"
    label = "contacts"
