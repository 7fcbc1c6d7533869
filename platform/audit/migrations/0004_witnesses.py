"""Cosignatures of witnesses on checkpoints: append-only, entered by the engine's command, read by all."""

from django.db import migrations, models
from django.db.models import PROTECT

from scope.rls import append_only, grant


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_subjects")]
    operations = [
        migrations.CreateModel(
            name="Cosignature",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("witness", models.CharField(max_length=100)),
                ("line", models.CharField(max_length=300)),
                ("at", models.DateTimeField(help_text="when the witness signed, by its own clock")),
                (
                    "checkpoint",
                    models.ForeignKey(on_delete=PROTECT, related_name="cosignatures", to="audit.checkpoint"),
                ),
            ],
            options={
                "db_table": "audit_cosignature",
                "constraints": [
                    models.UniqueConstraint(fields=["checkpoint", "witness"], name="audit_cosignature_once")
                ],
            },
        ),
        *grant("audit_cosignature", app="SELECT", engine="SELECT, INSERT"),
        *append_only("audit_cosignature"),
    ]
