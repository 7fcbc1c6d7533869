"""One sealed comparison record for each indexed identity; the engine's alone."""

import django.db.models.deletion
from django.db import migrations, models

import vault.fields
from scope import rls


class Migration(migrations.Migration):
    dependencies = [("people", "0003_redeem_token"), ("scope", "0001_context")]
    operations = [
        migrations.CreateModel(
            name="LinkageRecord",
            fields=[
                (
                    "identity",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="people.identity",
                    ),
                ),
                ("body", vault.fields.SealedBytes("people.linkage_record")),
            ],
            options={"db_table": "linkage_record"},
        ),
        *rls.grant("linkage_record", engine="SELECT, INSERT, UPDATE, DELETE"),
        *rls.enable("linkage_record", [rls.engine_all("linkage_record")]),
    ]
