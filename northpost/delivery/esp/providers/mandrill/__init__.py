from django.utils.translation import gettext_lazy as _

from northpost.delivery.esp.provider import TRACKING_OFF, CredentialField, Provider, register

register(
    Provider(
        key="mandrill",
        label="Mandrill (Mailchimp Transactional)",
        fields=(
            CredentialField("api_key", _("API key"), secret=True),
            CredentialField("webhook_key", _("webhook signing key"), secret=True, required=False),
        ),
        sender=f"{__name__}.sending.MandrillSender",
        reader=f"{__name__}.events.MandrillReader",
        proof="webhook_key",
        whole=True,
        note=TRACKING_OFF,
    )
)
