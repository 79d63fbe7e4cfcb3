from django.utils.translation import gettext_lazy as _

from northpost.delivery.esp.provider import CredentialField, Provider, register

register(
    Provider(
        key="resend",
        label="Resend",
        fields=(
            CredentialField("api_key", _("API key"), secret=True),
            CredentialField("signing_secret", _("webhook signing key"), secret=True, required=False),
        ),
        sender=f"{__name__}.sending.ResendSender",
        reader=f"{__name__}.events.ResendReader",
        proof="signing_secret",
        batch=100,
    )
)
