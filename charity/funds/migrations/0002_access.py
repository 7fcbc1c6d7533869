from django.db import migrations

from scope import rls


class Migration(migrations.Migration):
    dependencies = [("funds", "0001_initial"), ("scope", "0001_context")]
    operations = [
        *rls.grant("fund", app="SELECT, INSERT, UPDATE", engine="SELECT"),
        *rls.grant("rule_version", app="SELECT, INSERT", engine="SELECT"),
        *rls.append_only("rule_version"),
    ]
