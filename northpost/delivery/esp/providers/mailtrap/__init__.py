from django.utils.translation import gettext_lazy as _

from northpost.delivery.esp.provider import TRACKING_OFF, CredentialField, Provider, register

register(
    Provider(
        key="mailtrap",
        label="Mailtrap",
        fields=(
            CredentialField("api_token", _("API token"), secret=True),
            CredentialField(
                "api_url",
                _("message stream"),
                choices={
                    "https://bulk.api.mailtrap.io/api/": _("Bulk"),
                    "https://send.api.mailtrap.io/api/": _("Transactional"),
                },
            ),
            CredentialField("signing_secret", _("webhook signing key"), secret=True, required=False),
        ),
        sender=f"{__name__}.sending.MailtrapSender",
        reader=f"{__name__}.events.MailtrapReader",
        batch=100,
        proof="signing_secret",
        reports=_("At Mailtrap, choose JSON as the format, and the message stream that is chosen above."),
        note=TRACKING_OFF,
    )
)
