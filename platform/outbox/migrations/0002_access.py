from django.db import migrations

from scope import rls


class Migration(migrations.Migration):
    dependencies = [("outbox", "0001_initial"), ("scope", "0001_context")]
    operations = [
        *rls.grant("outbox_event", app="SELECT, INSERT", engine="SELECT, INSERT, UPDATE, DELETE"),
    ]
