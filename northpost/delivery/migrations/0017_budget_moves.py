from django.db import migrations, models

import northpost.core.tenancy
from northpost.core.tenancy import wall


class Migration(migrations.Migration):
    dependencies = [
        ("delivery", "0016_provider_limits"),
    ]

    operations = [
        migrations.CreateModel(
            name="BudgetMove",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "workspace_id",
                    models.BigIntegerField(default=northpost.core.tenancy.require_workspace, editable=False),
                ),
                ("run", models.UUIDField()),
                ("number", models.BigIntegerField()),
                ("messages", models.IntegerField()),
                ("moved_at", models.DateTimeField()),
            ],
            options={
                "db_table": "delivery_budget_move",
                "constraints": [models.UniqueConstraint(fields=("run",), name="delivery_budget_move_once")],
            },
        ),
        wall("delivery_budget_move"),
    ]
