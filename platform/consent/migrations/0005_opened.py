"""A yes in a draft is nobody's but the family's: its recipient sees it from the handing in on (applications 0007
writes `opened_at`). A consent that ran out is acknowledged like one that was taken back.
"""

from django.db import migrations, models

RECIPIENT = "decision AND opened_at IS NOT NULL AND (SELECT app_kind()) = 'staff' AND organisation_id = (SELECT app_org())"
BEFORE = "decision AND (SELECT app_kind()) = 'staff' AND organisation_id = (SELECT app_org())"
ENDED = "(withdrawn_at IS NOT NULL OR valid_until <= now())"


class Migration(migrations.Migration):
    dependencies = [("consent", "0004_unbound")]
    operations = [
        migrations.AlterField(
            "notice",
            "body",
            models.TextField(help_text="plain text with {organisation} {fund} {categories} {days}"),
        ),
        migrations.AddField(
            "consent",
            "opened_at",
            models.DateTimeField(
                null=True,
                help_text="written by the database once the application is handed in: no recipient sees it before",
            ),
        ),
        migrations.RunSQL(
            f"""
            ALTER POLICY recipient_reads ON consent USING ({RECIPIENT});
            ALTER POLICY recipient_acknowledges ON consent USING ({RECIPIENT} AND {ENDED});
            """,
            f"""
            ALTER POLICY recipient_reads ON consent USING ({BEFORE});
            ALTER POLICY recipient_acknowledges ON consent USING ({BEFORE} AND withdrawn_at IS NOT NULL);
            """,
        ),
    ]
