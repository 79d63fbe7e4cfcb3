from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("delivery", "0009_deliverability")]

    operations = [
        migrations.AddField(
            model_name="route", name="provider", field=models.CharField(blank=True, default="", max_length=20)
        ),
        migrations.AlterField(
            model_name="route",
            name="kind",
            field=models.CharField(
                choices=[("smtp", "SMTP server"), ("esp", "E-mail service"), ("mailbox", "Local mailbox")],
                default="smtp",
                max_length=10,
            ),
        ),
    ]
