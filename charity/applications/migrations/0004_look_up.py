"""The engine finds applications by person and by description whenever a bill or a link changes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("applications", "0003_patient")]
    operations = [
        migrations.AddIndex("application", models.Index(fields=["person_id"], name="application_by_person")),
        migrations.AddIndex(
            "application", models.Index(fields=["identity_id"], name="application_by_identity")
        ),
    ]
