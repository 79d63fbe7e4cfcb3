from django.db import migrations

from northpost.core.tenancy import wall


class Migration(migrations.Migration):
    dependencies = [("sales", "0001_initial")]

    operations = [
        wall("sales_product", "sales_order", "sales_line", "sales_refund"),
    ]
