from django.utils.translation import gettext_lazy as _

from northpost.delivery.esp.provider import CredentialField, Provider, register

register(
    Provider(
        key="sendgrid",
        label="SendGrid",
        fields=(
            CredentialField("api_key", _("API key"), secret=True),
            CredentialField(
                "api_url",
                _("region"),
                choices={
                    "https://api.sendgrid.com/v3/": _("Worldwide"),
                    "https://api.eu.sendgrid.com/v3/": _("Europe"),
                },
            ),
            CredentialField(
                "verification_key",
                _("webhook verification key"),
                required=False,
            ),
        ),
        sender=f"{__name__}.sending.SendGridSender",
        reader=f"{__name__}.events.SendGridReader",
        proof="verification_key",
        reports=_("At SendGrid, turn on the signature of the event webhook, and enter its verification key above."),
    )
)
