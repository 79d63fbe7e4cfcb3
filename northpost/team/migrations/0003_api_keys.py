import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import northpost.core.tenancy
from northpost.core.tenancy import wall


class Migration(migrations.Migration):
    dependencies = [("team", "0002_walls")]

    operations = [
        migrations.CreateModel(
            name="ApiKey",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "workspace_id",
                    models.BigIntegerField(default=northpost.core.tenancy.require_workspace, editable=False),
                ),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                ("secret_hash", models.BinaryField(max_length=32)),
                ("sees_money", models.BooleanField(default=False, verbose_name="sees money")),
                ("created_at", models.DateTimeField()),
                ("last_used_at", models.DateTimeField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "team_api_key",
                "constraints": [
                    models.UniqueConstraint(fields=["workspace_id", "secret_hash"], name="team_api_key_once")
                ],
            },
        ),
        wall("team_api_key"),
    ]
