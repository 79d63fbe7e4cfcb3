from django.utils.translation import gettext_lazy as _

from northpost.delivery.esp.provider import CredentialField, Provider, register

register(
    Provider(
        key="unisender_go",
        label="Unisender Go",
        fields=(
            CredentialField("api_key", _("API key"), secret=True),
            CredentialField(
                "api_url",
                _("region"),
                choices={
                    "https://go1.unisender.ru/ru/transactional/api/v1/": "go1.unisender.ru",
                    "https://go2.unisender.ru/ru/transactional/api/v1/": "go2.unisender.ru",
                },
            ),
        ),
        sender=f"{__name__}.sending.UnisenderGoSender",
        reader=f"{__name__}.events.UnisenderGoReader",
    )
)
