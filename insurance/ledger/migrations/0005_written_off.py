"""What is too much may be left to the family: it stays in the need's excess and is not asked back again."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0004_moves")]
    operations = [
        migrations.AddField(
            "recoverycase",
            "written_off",
            models.DecimalField(
                decimal_places=2,
                db_default=0,
                default=0,
                help_text="no longer asked back, though it is still too much",
                max_digits=14,
            ),
        ),
        migrations.AlterField(
            "recoverycase",
            "state",
            models.CharField(
                default="open", help_text="open | moved | resolved | written_off", max_length=12
            ),
        ),
    ]
