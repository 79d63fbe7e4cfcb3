from django.utils.translation import gettext_lazy as _

from northpost.delivery.esp.provider import CredentialField, Provider, register

register(
    Provider(
        key="postmark",
        label="Postmark",
        fields=(
            CredentialField("server_token", _("server token"), secret=True),
            CredentialField(
                "stream",
                _("message stream"),
                required=False,
                help=_("The one for broadcasts, e.g. broadcast; empty for the default one."),
            ),
        ),
        sender=f"{__name__}.sending.PostmarkSender",
        reader=f"{__name__}.events.PostmarkReader",
        batch=100,
        basic_auth=True,
    )
)
