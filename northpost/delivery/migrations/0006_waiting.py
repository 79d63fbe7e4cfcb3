import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.db import migrations, models

import northpost.core.tenancy
from northpost.core.tenancy import wall

# The owner of the tables may be no superuser: the wall is opened for these statements, in this transaction.
FILL = """
ALTER TABLE delivery_message NO FORCE ROW LEVEL SECURITY;
INSERT INTO delivery_waiting (workspace_id, source_kind, source_id, priority, due_at, message_ids)
SELECT workspace_id, source_kind, source_id, priority, due_at, array_agg(id ORDER BY id)
FROM delivery_message
WHERE state IN ('queued', 'deferred')
GROUP BY workspace_id, source_kind, source_id, priority, due_at, id / 500;
-- Of a lease that is over: recovery takes them back.
INSERT INTO delivery_claim (workspace_id, claim, message_ids, lease_until)
SELECT workspace_id, claim, array_agg(id ORDER BY id), to_timestamp(0)
FROM delivery_message
WHERE state IN ('claimed', 'sending') AND claim IS NOT NULL
GROUP BY workspace_id, claim;
ALTER TABLE delivery_message FORCE ROW LEVEL SECURITY;
-- Room on each page for the versions of a row on its way.
ALTER TABLE delivery_message SET (fillfactor = 50);
ALTER TABLE delivery_source SET (fillfactor = 50);
"""


class Migration(migrations.Migration):
    dependencies = [("delivery", "0005_domains")]

    operations = [
        migrations.CreateModel(
            name="Claim",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "workspace_id",
                    models.BigIntegerField(default=northpost.core.tenancy.require_workspace, editable=False),
                ),
                ("claim", models.UUIDField()),
                (
                    "message_ids",
                    django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None),
                ),
                ("lease_until", models.DateTimeField()),
            ],
            options={
                "db_table": "delivery_claim",
                "constraints": [models.UniqueConstraint(fields=("claim",), name="delivery_claim_once")],
            },
        ),
        migrations.CreateModel(
            name="WaitingBatch",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "workspace_id",
                    models.BigIntegerField(default=northpost.core.tenancy.require_workspace, editable=False),
                ),
                ("source_kind", models.CharField(max_length=20)),
                ("source_id", models.BigIntegerField()),
                ("priority", models.SmallIntegerField()),
                ("due_at", models.DateTimeField()),
                (
                    "message_ids",
                    django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None),
                ),
            ],
            options={
                "db_table": "delivery_waiting",
                "indexes": [
                    models.Index(
                        fields=["source_kind", "source_id", "priority", "due_at", "id"], name="delivery_waiting_due_idx"
                    )
                ],
            },
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.RemoveIndex(model_name="message", name="delivery_message_due_idx"),
        migrations.RemoveIndex(model_name="message", name="delivery_message_lease_idx"),
        migrations.RemoveIndex(model_name="message", name="delivery_message_settled_idx"),
        migrations.RemoveField(model_name="message", name="lease_until"),
        migrations.AddIndex(
            model_name="message",
            index=django.contrib.postgres.indexes.BrinIndex(
                autosummarize=True, fields=["settled_at"], name="delivery_message_settled_brin", pages_per_range=16
            ),
        ),
        wall("delivery_waiting", "delivery_claim"),
    ]
