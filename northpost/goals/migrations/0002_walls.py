from django.db import migrations

from northpost.core.tenancy import wall


class Migration(migrations.Migration):
    dependencies = [("goals", "0001_initial")]

    operations = [
        wall("goals_end_goal", "goals_goal", "goals_reading", "goals_change"),
    ]
