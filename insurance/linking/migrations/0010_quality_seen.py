from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("linking", "0009_score_parameters")]

    operations = [
        migrations.AddField(
            model_name="quality",
            name="seen",
            field=models.PositiveIntegerField(
                default=0, help_text="such decisions among those that the drawings came upon"
            ),
        ),
    ]
