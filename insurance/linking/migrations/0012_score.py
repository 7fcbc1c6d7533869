"""What a question keeps of its score, so that it can be replayed whatever the comparisons learn."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("linking", "0011_waiting"),
    ]

    operations = [
        migrations.AddField(
            model_name="review",
            name="score",
            field=models.JSONField(
                help_text="levels and rarity by which the weight comes again; no values", null=True
            ),
        ),
    ]
