from django.db import migrations, models

import northpost.core.tenancy
from northpost.core.tenancy import wall

# The owner of the tables may be no superuser: the wall is opened for these statements, in this transaction.
FILL = """
ALTER TABLE delivery_message NO FORCE ROW LEVEL SECURITY;
INSERT INTO delivery_doubt (workspace_id, message_id, source_kind, source_id)
SELECT workspace_id, id, source_kind, source_id FROM delivery_message WHERE state = 'in_doubt';
ALTER TABLE delivery_message FORCE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [("delivery", "0006_waiting")]

    operations = [
        migrations.CreateModel(
            name="Doubt",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "workspace_id",
                    models.BigIntegerField(default=northpost.core.tenancy.require_workspace, editable=False),
                ),
                ("message_id", models.BigIntegerField()),
                ("source_kind", models.CharField(max_length=20)),
                ("source_id", models.BigIntegerField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("message_id",), name="delivery_doubt_once")],
                "indexes": [models.Index(fields=["source_kind", "source_id"], name="delivery_doubt_source_idx")],
            },
        ),
        migrations.CreateModel(
            name="Resolution",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "workspace_id",
                    models.BigIntegerField(default=northpost.core.tenancy.require_workspace, editable=False),
                ),
                ("message_id", models.BigIntegerField()),
                (
                    "verdict",
                    models.CharField(
                        choices=[
                            ("delivered", "was delivered"),
                            ("refused", "was refused"),
                            ("again", "was not delivered: send again"),
                            ("left", "stays in doubt"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "evidence",
                    models.CharField(
                        choices=[
                            ("person", "somebody's decision"),
                            ("log", "the mail server's log"),
                            ("webhook", "the provider's report"),
                            ("hit", "it was opened or clicked"),
                        ],
                        max_length=10,
                    ),
                ),
                ("told", models.CharField(blank=True, default="", max_length=300)),
                ("user_id", models.BigIntegerField(null=True)),
                ("at", models.DateTimeField()),
            ],
            options={"indexes": [models.Index(fields=["message_id"], name="delivery_resolution_idx")]},
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        wall("delivery_doubt", "delivery_resolution"),
    ]
