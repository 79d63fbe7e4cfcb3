from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("delivery", "0017_budget_moves"),
    ]

    operations = [
        migrations.RenameModel("RouteToken", "SignInToken"),
        migrations.AlterModelTable("SignInToken", "delivery_sign_in_token"),
        migrations.AlterField("SignInToken", "route_id", models.BigIntegerField(null=True)),
        migrations.AddField("SignInToken", "inbox_id", models.BigIntegerField(null=True)),
        migrations.AddConstraint(
            "SignInToken",
            models.UniqueConstraint(fields=("workspace_id", "inbox_id"), name="delivery_inbox_token_once"),
        ),
        migrations.AddConstraint(
            "SignInToken",
            models.CheckConstraint(
                condition=models.Q(("route_id", None), ("inbox_id", None), _connector="XOR"),
                name="delivery_sign_in_token_of_one",
            ),
        ),
    ]
