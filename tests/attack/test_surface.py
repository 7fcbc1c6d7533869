"""The whole surface at once: a new table, view or function that forgets its guard fails here."""

import pytest

import factories as make

pytestmark = pytest.mark.django_db

# Without row-level security on purpose: who signs in (decision 1), public catalogues, the log and the queue
# (ids only), Django's own tables.
OPEN_TABLES = {
    "organisation", "staff_user", "membership", "api_client", "patient_account", "one_time_code", "web_session",
    "notice", "fund", "rule_version", "outbox_event",
    "audit_entry", "audit_entry_payload", "audit_subject", "audit_pending", "audit_leaf", "audit_tree_node",
    "audit_checkpoint", "audit_cosignature",
}  # fmt: skip
DJANGO = ("django_", "auth_", "account_", "mfa_", "oauth2_provider_", "socialaccount_", "usersessions_")


def test_every_table_the_web_may_touch_has_forced_row_level_security_or_a_reason(inject):
    rows = inject(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT (c.relrowsecurity AND c.relforcerowsecurity)"
        " AND (has_table_privilege('jieli_app', c.oid, 'SELECT, INSERT, UPDATE, DELETE')"
        "   OR has_any_column_privilege('jieli_app', c.oid, 'SELECT, INSERT, UPDATE'))"
    )
    open_tables = {name for (name,) in rows if not name.startswith(DJANGO)}
    assert open_tables <= OPEN_TABLES


def test_there_is_no_view_that_could_look_past_the_policies(inject):
    assert inject(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = 'public' AND c.relkind IN ('v', 'm', 'f')"
    ) == []  # fmt: skip


def test_no_definer_function_can_be_led_astray_by_a_temporary_table(inject):
    rows = inject(
        "SELECT p.proname, coalesce(array_to_string(p.proconfig, ';'), '') FROM pg_proc p"
        " JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'public' AND p.prosecdef"
    )
    names = {name for name, _ in rows}
    assert {"app_context", "entry_apply", "audit_enqueue"} <= names
    # audit_enqueue names its table with its schema: nothing to shadow
    astray = {name for name, config in rows if not config.endswith("pg_temp")} - {"audit_enqueue"}
    assert astray == set()


def test_everything_belongs_to_the_owner(inject):
    assert inject(
        "SELECT c.relname, pg_get_userbyid(c.relowner) FROM pg_class c JOIN pg_namespace n"
        " ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND pg_get_userbyid(c.relowner) <> 'jieli_owner'"
    ) == []  # fmt: skip


def test_no_policy_for_the_web_is_simply_true(inject):
    rows = inject(
        "SELECT tablename, policyname FROM pg_policies WHERE 'jieli_app' = ANY(roles)"
        " AND permissive = 'PERMISSIVE' AND (qual = 'true' OR with_check = 'true')"
    )
    assert rows == []


def test_without_a_context_the_web_sees_no_row_of_anything_sealed(inject):
    org = make.organisation()
    make.consent(org, make.fund(org).pk, make.application(), need_id=make.need())
    tables = inject(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relrowsecurity"
        " AND has_table_privilege('jieli_app', c.oid, 'SELECT')"
    )
    assert len(tables) > 15
    for (table,) in tables:
        assert inject(f'SELECT count(*) FROM "{table}"') == [(0,)], table
