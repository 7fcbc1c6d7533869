from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("awards", "0002_access")]
    operations = [
        migrations.AddField("case", "name_blind", models.BinaryField(max_length=16, null=True)),
        migrations.AddField("case", "tail_blind", models.BinaryField(max_length=16, null=True)),
        migrations.AddIndex("case", models.Index(fields=["organisation", "name_blind"], name="case_by_name")),
        migrations.AddIndex("case", models.Index(fields=["organisation", "tail_blind"], name="case_by_tail")),
    ]
