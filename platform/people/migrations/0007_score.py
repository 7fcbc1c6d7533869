"""What a link keeps of its score, so that it can be replayed whatever the comparisons learn."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0006_keys_version"),
    ]

    operations = [
        migrations.AddField(
            model_name="identity",
            name="score",
            field=models.JSONField(
                help_text="levels and rarity by which the weight came about; no values",
                null=True,
            ),
        ),
    ]
