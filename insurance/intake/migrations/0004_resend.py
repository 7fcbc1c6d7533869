"""A refused or quarantined record is kept once per content, and knows the record by which it was corrected."""

import django.db.models.deletion
from django.db import migrations, models

import vault.fields
from scope import rls


class Migration(migrations.Migration):
    dependencies = [("intake", "0003_record_msgid"), ("accounts", "0002_access")]
    operations = [
        migrations.AlterField(
            model_name="record",
            name="raw",
            field=vault.fields.SealedBytes(
                "intake.raw",
                editable=False,
                help_text="the record's own bytes as sent, whatever they are",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="record",
            name="resent_as",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="resent_from",
                to="intake.record",
            ),
        ),
        migrations.AddConstraint(
            model_name="record",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["refused", "quarantined"])),
                fields=("sender", "content_hash"),
                name="record_held_once",
            ),
        ),
        # ids are drawn ahead of the insert, so that they follow the order in which the sender wrote
        migrations.RunSQL(
            "GRANT USAGE ON SEQUENCE intake_record_id_seq TO jieli_app;",
            "REVOKE ALL ON SEQUENCE intake_record_id_seq FROM jieli_app;",
        ),
        # a sender corrects: of its own refused or quarantined record, only where the correction stands
        *rls.grant("intake_record", app="UPDATE (progress, resent_as_id, updated_at)"),
    ]
