from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0006_appeals")]

    operations = [
        migrations.AddIndex(
            "campaignreading", models.Index(fields=["extractor"], name="campaign_reading_by_rules")
        ),
    ]
