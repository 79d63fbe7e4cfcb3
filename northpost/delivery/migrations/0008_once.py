from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("delivery", "0007_doubt")]

    operations = [
        migrations.RemoveConstraint(model_name="message", name="delivery_message_once"),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.UniqueConstraint(
                fields=("source_kind", "source_id", "contact_id"), name="delivery_message_once"
            ),
        ),
    ]
