"""Senders see their own pushes. A bill is sealed: the engine's alone until a live consent opens it."""

from django.db import migrations

from consent.rls import live, represents
from scope import rls
from scope.rls import Policy

OWN = "(SELECT app_kind()) IN ('client', 'staff') AND sender_id = (SELECT app_org())"


def own(table: str) -> list[Policy]:
    return [rls.engine_all(table), Policy("own", "app", "ALL", OWN, OWN)]


class Migration(migrations.Migration):
    dependencies = [("intake", "0001_initial"), ("consent", "0002_access")]
    operations = [
        *rls.grant("intake_batch", app="SELECT, INSERT, UPDATE", engine="SELECT, INSERT, UPDATE"),
        *rls.enable("intake_batch", own("intake_batch")),
        *rls.grant("intake_record", app="SELECT, INSERT", engine="SELECT, INSERT, UPDATE"),
        *rls.enable("intake_record", own("intake_record")),
        *rls.grant("settlement", app="SELECT", engine="SELECT, INSERT, UPDATE"),
        *rls.enable(
            "settlement",
            [
                rls.engine_all("settlement"),
                Policy("consented", "app", "SELECT", live("settlement", "need_id", "bills", match="need_id")),
                Policy("represented", "app", "SELECT", represents("settlement")),
            ],
        ),
        *rls.grant("settlement_source", engine="SELECT, INSERT, UPDATE"),
    ]
