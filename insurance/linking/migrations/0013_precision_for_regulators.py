"""Regulators see counts (decision 8), and how often the engine is right is one: no person, no bill, no organisation."""

from django.db import migrations


def policy(kinds: str) -> str:
    return (
        "ALTER POLICY operator_reads ON link_quality USING ((SELECT app_kind()) = 'staff' AND EXISTS"
        f" (SELECT 1 FROM organisation o WHERE o.id = (SELECT app_org()) AND o.kind IN ({kinds})));"
    )


class Migration(migrations.Migration):
    dependencies = [("linking", "0012_score")]
    operations = [migrations.RunSQL(policy("'operator', 'regulator'"), policy("'operator'"))]
