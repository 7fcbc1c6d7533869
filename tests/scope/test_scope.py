"""The signed context: who may read as whom, and what a forged or stale context is worth."""

import pytest
from django.db import connection

from scope import Actor, NoActorError, actor_scope, current_actor, engine_scope
from scope.scope import context_value


def seen() -> tuple:
    with connection.cursor() as cursor:
        cursor.execute("SELECT app_kind(), app_org(), app_user(), app_account(), current_user")
        return cursor.fetchone()


STAFF = Actor("staff", org_id=3, user_id=12)
PATIENT = Actor("patient", account_id=77)


def test_no_scope_no_actor(db):
    with pytest.raises(NoActorError):
        current_actor()
    assert seen()[:4] == (None, None, None, None)


def test_the_database_sees_the_actor(db):
    with actor_scope(STAFF):
        assert seen() == ("staff", 3, 12, None, "jieli_app")
    assert seen()[0] is None


def test_an_inner_scope_gives_way_to_the_outer_one(db):
    with actor_scope(STAFF):
        with actor_scope(PATIENT):
            assert seen()[:4] == ("patient", None, None, 77)
        assert seen()[:4] == ("staff", 3, 12, None)
        assert current_actor() == STAFF


def test_the_engine_scope_takes_the_engine_s_role_and_gives_it_back(db):
    with engine_scope("test"):
        assert seen()[0] == "engine"
        assert seen()[4] == "jieli_engine"
    assert seen()[4] == "jieli_app"


def test_an_injected_context_changes_nothing(db):
    forged = [
        "staff|4|12|||1|" + "0" * 64,
        "staff|4",
        "|" * 70,
        "staff|4|12|||x|" + "0" * 64,
        context_value(STAFF, pid=1),  # well signed, for another connection
    ]
    with actor_scope(STAFF):
        for value in forged:
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('app.actor', %s, true)", [value])
            assert seen()[:4] == (None, None, None, None), value


def test_the_key_is_the_owner_s_alone(db):
    from django.db import transaction
    from django.db.utils import ProgrammingError

    for context in (actor_scope(STAFF), engine_scope()):
        with context, pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT key FROM scope_key")


def test_a_context_does_not_outlive_its_transaction(real_db):
    with actor_scope(STAFF):
        assert seen()[1] == 3
    assert seen()[1] is None


def test_an_error_rolls_back_the_context_with_the_work(real_db):
    with pytest.raises(ValueError, match="boom"), actor_scope(STAFF):
        raise ValueError("boom")
    assert seen()[1] is None
    with pytest.raises(NoActorError):
        current_actor()


@pytest.mark.parametrize("scope", [lambda: actor_scope(STAFF), engine_scope], ids=["actor", "engine"])
def test_a_database_error_inside_is_not_masked(db, scope):
    from django.db.utils import DataError

    with pytest.raises(DataError, match="division by zero"), scope(), connection.cursor() as cursor:
        cursor.execute("SELECT 1/0")
    assert seen()[0] is None
    assert seen()[4] == "jieli_app"
