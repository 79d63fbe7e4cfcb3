from django.db import migrations

from northpost.core.tenancy import wall


class Migration(migrations.Migration):
    dependencies = [("analytics", "0001_initial")]

    operations = [
        wall("analytics_daily", "analytics_touch"),
    ]
