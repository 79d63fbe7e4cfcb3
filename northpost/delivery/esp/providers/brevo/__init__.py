from django.utils.translation import gettext_lazy as _

from northpost.delivery.esp.provider import CredentialField, Provider, register

register(
    Provider(
        key="brevo",
        label="Brevo",
        fields=(CredentialField("api_key", _("API key"), secret=True),),
        sender=f"{__name__}.sending.BrevoSender",
        reader=f"{__name__}.events.BrevoReader",
        basic_auth=True,
    )
)
