from django.db import migrations, models

import northpost.core.tenancy
from northpost.core.tenancy import wall


class Migration(migrations.Migration):
    dependencies = [
        ("delivery", "0012_returns"),
    ]

    operations = [
        migrations.CreateModel(
            name="ServiceReport",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "workspace_id",
                    models.BigIntegerField(default=northpost.core.tenancy.require_workspace, editable=False),
                ),
                ("route_id", models.BigIntegerField()),
                ("key", models.CharField(max_length=64)),
                ("nonce", models.CharField(max_length=64, null=True)),
                ("message_id", models.BigIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("delivered", "was delivered"),
                            ("bounced", "came back"),
                            ("complained", "was reported as spam"),
                            ("unsubscribed", "was unsubscribed from"),
                            ("opened", "was opened"),
                        ],
                        max_length=12,
                    ),
                ),
                ("hard", models.BooleanField(default=False)),
                ("code", models.SmallIntegerField(null=True)),
                ("enhanced", models.CharField(blank=True, default="", max_length=12)),
                ("text", models.CharField(blank=True, default="", max_length=500)),
                ("agent", models.CharField(blank=True, default="", max_length=300)),
                ("at", models.DateTimeField()),
                ("received_at", models.DateTimeField()),
                ("applied_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("applied_at", None)),
                        fields=["workspace_id", "id"],
                        name="delivery_servicereport_new",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("workspace_id", "key"), name="delivery_servicereport_once"),
                    models.UniqueConstraint(fields=("workspace_id", "nonce"), name="delivery_servicereport_nonce_once"),
                ],
            },
        ),
        wall("delivery_servicereport"),
    ]
