from django.db import migrations

from northpost.core.tenancy import wall


class Migration(migrations.Migration):
    dependencies = [("delivery", "0001_initial")]

    operations = [
        wall(
            "delivery_route",
            "delivery_sender",
            "delivery_policy",
            "delivery_source",
            "delivery_message",
            "delivery_link",
            "delivery_hit",
            "delivery_suppression",
        ),
    ]
