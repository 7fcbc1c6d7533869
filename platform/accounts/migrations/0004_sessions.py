"""Sessions of our own (accounts.sessions): by the hash of their key, sealed. Those of before end here."""

from django.db import migrations, models

from scope import rls


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_membership_guard")]
    operations = [
        migrations.CreateModel(
            name="Session",
            fields=[
                (
                    "session_key",
                    models.CharField(
                        max_length=40, primary_key=True, serialize=False, verbose_name="session key"
                    ),
                ),
                ("session_data", models.TextField(verbose_name="session data")),
                ("expire_date", models.DateTimeField(db_index=True, verbose_name="expire date")),
                ("user_id", models.BigIntegerField(null=True)),
                ("account_id", models.BigIntegerField(null=True)),
            ],
            options={
                "db_table": "web_session",
                "indexes": [
                    models.Index(fields=["user_id"], name="web_session_user"),
                    models.Index(fields=["account_id"], name="web_session_account"),
                ],
            },
        ),
        *rls.grant("web_session", app="SELECT, INSERT, UPDATE, DELETE", engine="SELECT, DELETE"),
        # Codes and tokens that are over are forgotten by beat as well.
        migrations.RunSQL(
            "GRANT DELETE ON one_time_code TO jieli_engine;",
            "REVOKE DELETE ON one_time_code FROM jieli_engine;",
        ),
        # Django's own table held the keys themselves.
        migrations.RunSQL("DROP TABLE IF EXISTS django_session;", migrations.RunSQL.noop),
    ]
