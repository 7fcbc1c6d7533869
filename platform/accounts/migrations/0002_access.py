from django.db import migrations

from scope import rls

TABLES = ("organisation", "staff_user", "membership", "api_client", "patient_account", "one_time_code")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("scope", "0001_context")]
    operations = [
        operation
        for table in TABLES
        for operation in rls.grant(table, app="SELECT, INSERT, UPDATE, DELETE", engine="SELECT")
    ]
