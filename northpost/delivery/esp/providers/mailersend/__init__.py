from django.utils.translation import gettext_lazy as _

from northpost.delivery.esp.provider import CredentialField, Provider, register

register(
    Provider(
        key="mailersend",
        label="MailerSend",
        fields=(
            CredentialField("api_token", _("API token"), secret=True),
            CredentialField("signing_secret", _("webhook signing key"), secret=True, required=False),
        ),
        sender=f"{__name__}.sending.MailerSendSender",
        reader=f"{__name__}.events.MailerSendReader",
        proof="signing_secret",
        reports=_("At MailerSend, choose version 1.0 (legacy) for the webhook: Northpost reads no other."),
        note=_(
            "Only accounts that may add headers of their own can send by it: without them a mail has no button to"
            " unsubscribe, and MailerSend refuses it."
        ),
    )
)
