import uuid

import django.contrib.postgres.fields
from django.db import migrations, models

# Written with each mark, and short-lived: packing them costs more than the room that it spares.
STORAGE = """
ALTER TABLE delivery_claim ALTER COLUMN message_ids SET STORAGE EXTERNAL;
ALTER TABLE delivery_claim ALTER COLUMN begun_ids SET STORAGE EXTERNAL;
ALTER TABLE delivery_waiting ALTER COLUMN message_ids SET STORAGE EXTERNAL;
"""


class Migration(migrations.Migration):
    dependencies = [("delivery", "0014_tokens")]

    operations = [
        # Of a worker that is long gone: recovery takes back what it held.
        migrations.AddField(
            model_name="claim",
            name="run",
            field=models.UUIDField(default=uuid.UUID(int=0)),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="claim",
            name="begun_ids",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(), default=list, size=None
            ),
        ),
        migrations.AlterField(
            model_name="message",
            name="state",
            field=models.CharField(
                choices=[
                    ("queued", "Waiting"),
                    ("sending", "Being sent"),
                    ("accepted", "Sent"),
                    ("deferred", "To be tried again"),
                    ("rejected", "Refused"),
                    ("in_doubt", "In doubt"),
                    ("skipped", "Not sent"),
                ],
                max_length=10,
            ),
        ),
        migrations.RunSQL(STORAGE, migrations.RunSQL.noop),
    ]
