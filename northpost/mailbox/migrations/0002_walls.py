from django.db import migrations

from northpost.core.tenancy import wall


class Migration(migrations.Migration):
    dependencies = [("mailbox", "0001_initial")]

    operations = [
        wall("mailbox_mail"),
    ]
