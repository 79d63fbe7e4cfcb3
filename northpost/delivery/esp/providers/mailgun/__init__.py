from django.utils.translation import gettext_lazy as _

from northpost.delivery.esp.provider import CredentialField, Provider, register

register(
    Provider(
        key="mailgun",
        label="Mailgun",
        fields=(
            CredentialField("domain", _("sending domain"), help=_("As it is called at Mailgun, e.g. mg.firm.example.")),
            CredentialField("api_key", _("API key"), secret=True),
            CredentialField(
                "api_url",
                _("region"),
                choices={
                    "https://api.mailgun.net/v3": _("United States"),
                    "https://api.eu.mailgun.net/v3": _("Europe"),
                },
            ),
            CredentialField("signing_key", _("webhook signing key"), secret=True, required=False),
        ),
        sender=f"{__name__}.sending.MailgunSender",
        reader=f"{__name__}.events.MailgunReader",
        proof="signing_key",
        whole=True,
    )
)
