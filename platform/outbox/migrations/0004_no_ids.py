"""The web puts events in and counts them; whom they are about it does not read."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("outbox", "0003_asked_by")]
    operations = [
        migrations.RunSQL(
            "REVOKE SELECT ON outbox_event FROM jieli_app;"
            " GRANT SELECT (id, topic, state, tries, error, created_at, due_at, done_at) ON outbox_event TO jieli_app;",
            "GRANT SELECT ON outbox_event TO jieli_app;",
        ),
    ]
