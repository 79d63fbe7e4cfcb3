from django.utils.translation import gettext_lazy as _

from northpost.delivery.esp.provider import TRACKING_OFF, CredentialField, Provider, register

register(
    Provider(
        key="brevo",
        label="Brevo",
        fields=(CredentialField("api_key", _("API key"), secret=True),),
        sender=f"{__name__}.sending.BrevoSender",
        reader=f"{__name__}.events.BrevoReader",
        batch=50,
        basic_auth=True,
        note=TRACKING_OFF,
    )
)
