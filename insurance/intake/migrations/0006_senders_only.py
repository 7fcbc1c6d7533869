"""Bills come from insurers and hospitals alone, whatever the web is made to insert in another house's name."""

from django.db import migrations

SENDER = (
    "(SELECT o.kind FROM organisation o WHERE o.id = (SELECT app_org())) IN ('statutory_insurer', 'hospital')"
)
TABLES = ("intake_batch", "intake_record")


class Migration(migrations.Migration):
    dependencies = [("intake", "0005_reversal_original"), ("accounts", "0003_membership_guard")]
    operations = [
        migrations.RunSQL(
            "\n".join(
                f"CREATE POLICY senders_{verb.lower()} ON {table} AS RESTRICTIVE FOR {verb} TO jieli_app"
                f" WITH CHECK ({SENDER});"
                for table in TABLES
                for verb in ("INSERT", "UPDATE")
            ),
            "\n".join(
                f"DROP POLICY senders_{verb} ON {table};" for table in TABLES for verb in ("insert", "update")
            ),
        )
    ]
