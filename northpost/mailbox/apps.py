from django.apps import AppConfig


class MailboxConfig(AppConfig):
    name = "northpost.mailbox"
    label = "mailbox"
