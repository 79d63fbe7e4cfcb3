from django.db import migrations

from northpost.core.tenancy import wall


class Migration(migrations.Migration):
    dependencies = [("segments", "0001_initial")]

    operations = [
        wall(
            "segments_segment",
            "segments_size",
            "segments_lifecycle",
            "segments_move",
            "segments_thresholds",
        ),
    ]
