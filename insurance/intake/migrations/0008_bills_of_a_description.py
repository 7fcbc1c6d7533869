"""Every new bill asks for the others of its description: by an index, not by reading all bills."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("intake", "0007_twin"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="settlement",
            index=models.Index(fields=["identity_id"], name="settlement_by_identity"),
        ),
    ]
