from django.db import migrations

from northpost.core.tenancy import wall


class Migration(migrations.Migration):
    dependencies = [("contacts", "0001_initial")]

    operations = [
        wall(
            "contacts_contact",
            "contacts_field",
            "contacts_purpose",
            "contacts_consent",
            "contacts_consent_record",
            "contacts_list",
            "contacts_list_member",
            "contacts_tag",
            "contacts_tagged",
            "contacts_import_run",
        ),
    ]
