"""Families who applied before a new device was asked for anything: their patients may be answered with as well."""

from datetime import date
from typing import Any

from django.db import migrations

from accounts.devices import answer_hash, tail_of
from matching.linkage.values import idnumber


def tell_the_door(apps: Any, schema_editor: Any) -> None:
    answers = apps.get_model("accounts", "SignInAnswer")
    rows = apps.get_model("applications", "Application").objects.only("account_id", "answers")
    for row in rows.iterator(chunk_size=500):
        who = (row.answers or {}).get("identity") or {}
        number, born = who.get("id_number") or "", who.get("birth_date")
        parsed = idnumber.parse(number) if number else None
        tails = {tail_of(form) for form in (number, parsed.id18 if parsed else "") if form}
        hashes = {
            answer_hash(row.account_id, tail, date.fromisoformat(born))
            for tail in tails or {who.get("name") or ""}
            if tail and born
        }
        answers.objects.bulk_create(
            [answers(account_id=row.account_id, source_id=row.pk, answer_hash=one) for one in sorted(hashes)],
            ignore_conflicts=True,
        )


class Migration(migrations.Migration):
    dependencies = [("applications", "0007_trail"), ("accounts", "0005_devices")]
    operations = [migrations.RunPython(tell_the_door, migrations.RunPython.noop)]
