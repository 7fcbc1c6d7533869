"""Everybody with a context reads funds and rules (families choose among them); staff write their own house's alone."""

from django.db import migrations

from scope import rls
from scope.rls import Policy

READ = "(SELECT app_kind()) IS NOT NULL"
OWN = "(SELECT app_kind()) = 'staff' AND organisation_id = (SELECT app_org())"
OWN_FUND = (
    "(SELECT app_kind()) = 'staff' AND EXISTS (SELECT 1 FROM fund f"
    " WHERE f.id = {table}.fund_id AND f.organisation_id = (SELECT app_org()))"
)
ACCOUNT = OWN_FUND.format(table="fund_account")


class Migration(migrations.Migration):
    dependencies = [("funds", "0002_access"), ("ledger", "0002_invariant")]
    operations = [
        *rls.enable(
            "fund",
            [
                rls.engine_all("fund"),
                Policy("read", "app", "SELECT", READ),
                Policy("own", "app", "INSERT", check=OWN),
                Policy("own_change", "app", "UPDATE", OWN, OWN),
            ],
        ),
        *rls.enable(
            "rule_version",
            [
                rls.engine_all("rule_version"),
                Policy("read", "app", "SELECT", READ),
                Policy("own_fund", "app", "INSERT", check=OWN_FUND.format(table="rule_version")),
            ],
        ),
        migrations.RunSQL(
            f"CREATE POLICY of_own_fund ON fund_account AS RESTRICTIVE FOR INSERT TO jieli_app WITH CHECK ({ACCOUNT});",
            "DROP POLICY of_own_fund ON fund_account;",
        ),
    ]
