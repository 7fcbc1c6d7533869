"""An account in the context is not yet a patient: between the right code and the right answer nothing opens."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_devices"), ("people", "0003_redeem_token")]
    operations = [
        migrations.RunSQL(
            "ALTER POLICY own ON representation USING"
            " ((SELECT app_kind()) = 'patient' AND account_id = (SELECT app_account()));",
            "ALTER POLICY own ON representation USING (account_id = (SELECT app_account()));",
        )
    ]
