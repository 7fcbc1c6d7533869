"""Who may touch the registry: the engine. An account sees what it represents and the token it holds."""

from django.db import migrations

from scope import rls
from scope.rls import Policy

ALL = "SELECT, INSERT, UPDATE, DELETE"


class Migration(migrations.Migration):
    dependencies = [("people", "0001_initial"), ("scope", "0001_context")]
    operations = [
        *rls.grant("person", engine=ALL),
        *rls.grant("identity", app="SELECT", engine=ALL),
        *rls.enable("identity", [rls.engine_all("identity")]),
        *rls.grant("blocking_key", engine=ALL),
        *rls.grant("hardship", app="SELECT", engine=ALL),
        *rls.enable("hardship", [rls.engine_all("hardship")]),
        *rls.grant("representation", app="SELECT", engine=ALL),
        *rls.enable(
            "representation",
            [
                rls.engine_all("representation"),
                Policy("own", "app", "SELECT", "account_id = (SELECT app_account())"),
            ],
        ),
        *rls.grant("proof_token", app="SELECT, UPDATE", engine=ALL),
        *rls.enable(
            "proof_token",
            [
                rls.engine_all("proof_token"),
                Policy(
                    "redeemable",
                    "app",
                    "SELECT",
                    "(SELECT app_kind()) = 'patient' AND ((used_at IS NULL AND expires_at > now())"
                    " OR used_by_id = (SELECT app_account()))",
                ),
                Policy(
                    "redeem",
                    "app",
                    "UPDATE",
                    "(SELECT app_kind()) = 'patient' AND used_at IS NULL AND expires_at > now()",
                    "used_by_id = (SELECT app_account()) AND used_at IS NOT NULL",
                ),
            ],
        ),
    ]
