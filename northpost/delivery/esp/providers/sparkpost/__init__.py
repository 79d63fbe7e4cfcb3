from django.utils.translation import gettext_lazy as _

from northpost.delivery.esp.provider import CredentialField, Provider, register

register(
    Provider(
        key="sparkpost",
        label="SparkPost",
        fields=(
            CredentialField("api_key", _("API key"), secret=True),
            CredentialField(
                "api_url",
                _("region"),
                choices={
                    "https://api.sparkpost.com/api/v1": _("United States"),
                    "https://api.eu.sparkpost.com/api/v1": _("Europe"),
                },
            ),
        ),
        sender=f"{__name__}.sending.SparkPostSender",
        reader=f"{__name__}.events.SparkPostReader",
        whole=True,
        basic_auth=True,
    )
)
