from django.db import migrations

from northpost.core.tenancy import wall


class Migration(migrations.Migration):
    dependencies = [("content", "0001_initial")]

    operations = [
        wall("content_template", "content_version", "content_media_file"),
    ]
