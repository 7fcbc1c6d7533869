"""What a reviewer writes is free text and may name a person: it is sealed. The clear words are emptied in the same
UPDATE, so that none is left in a live row when their columns are dropped.
"""

from django.db import migrations

import vault.fields

WORDS = ("note", "undo_reason")


def seal(apps, schema_editor):
    reviews = apps.get_model("linking", "Review").objects
    for review in reviews.exclude(note="", undo_reason="").iterator():
        reviews.filter(pk=review.pk).update(
            **{f"sealed_{name}": getattr(review, name) or None for name in WORDS},
            **dict.fromkeys(WORDS, ""),
        )


class Migration(migrations.Migration):
    dependencies = [("linking", "0004_decisions")]
    operations = [
        *(
            migrations.AddField(
                "review", f"sealed_{name}", vault.fields.SealedText(f"linking.{name}", null=True)
            )
            for name in WORDS
        ),
        migrations.RunPython(seal, migrations.RunPython.noop),
        *(migrations.RemoveField("review", name) for name in WORDS),
        *(migrations.RenameField("review", f"sealed_{name}", name) for name in WORDS),
        migrations.RunSQL(
            f"GRANT UPDATE ({', '.join(WORDS)}) ON link_review TO jieli_app;", migrations.RunSQL.noop
        ),
    ]
