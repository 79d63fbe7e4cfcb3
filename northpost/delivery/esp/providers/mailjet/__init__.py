from django.utils.translation import gettext_lazy as _

from northpost.delivery.esp.provider import CredentialField, Provider, register

register(
    Provider(
        key="mailjet",
        label="Mailjet",
        fields=(
            CredentialField("api_key", _("API key")),
            CredentialField("secret_key", _("secret key"), secret=True),
        ),
        sender=f"{__name__}.sending.MailjetSender",
        reader=f"{__name__}.events.MailjetReader",
        batch=50,
        basic_auth=True,
    )
)
