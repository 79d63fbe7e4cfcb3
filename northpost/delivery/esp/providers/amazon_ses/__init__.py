from django.utils.translation import gettext_lazy as _

from northpost.delivery.esp.provider import CredentialField, Provider, register

REGIONS = (
    "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "eu-south-1", "us-east-1", "us-east-2",
    "us-west-1", "us-west-2", "ca-central-1", "sa-east-1", "ap-south-1", "ap-northeast-1", "ap-northeast-2",
    "ap-southeast-1", "ap-southeast-2", "me-south-1", "il-central-1", "af-south-1",
)  # fmt: skip

register(
    Provider(
        key="amazon_ses",
        label="Amazon SES",
        fields=(
            CredentialField("access_key", _("access key ID")),
            CredentialField("secret_key", _("secret access key"), secret=True),
            CredentialField("region", _("region"), choices={region: region for region in REGIONS}),
            CredentialField(
                "configuration_set",
                _("configuration set"),
                required=False,
                help=_("The one that publishes events to the SNS topic."),
            ),
            CredentialField(
                "topic",
                _("SNS topic (ARN)"),
                required=False,
                help=_("Reports are taken from this topic only. Subscribe the address shown here to it."),
            ),
        ),
        sender=f"{__name__}.sending.SesSender",
        reader=f"{__name__}.events.SesReader",
        proof="topic",
        whole=True,
    )
)
