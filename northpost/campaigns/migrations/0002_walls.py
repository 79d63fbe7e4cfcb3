from django.db import migrations

from northpost.core.tenancy import wall


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0001_initial")]

    operations = [
        wall("campaigns_campaign", "campaigns_content", "campaigns_test"),
    ]
