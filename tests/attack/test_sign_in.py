"""Sign-in, from inside: stolen session rows, another's devices, answers and tries."""

from datetime import date

import pytest
from django.db import DatabaseError, connection

import factories as make
from accounts import devices, patients
from accounts.models import OneTimeCode, Session
from accounts.sessions import SessionStore, row_key
from people import registry
from people.models import Person
from scope import Actor, actor_scope, engine_scope
from scope.actor import PUBLIC, SYSTEM

pytestmark = pytest.mark.django_db
BORN = date(2018, 5, 12)
HERE = "203.0.113.9"
TABLES = ("sign_in_answer", "device_try", "patient_device")


@pytest.fixture
def family():
    account = make.account()
    with actor_scope(make.patient(account)) as actor:
        devices.remember_person(actor, 1, numbers=["430104201805127031"], name="", birth_date=BORN)
    devices.admit(account.pk, "family-token", "android-wechat", "answer")
    return account


@pytest.fixture
def stranger():
    """A patient of his own, signed in, with SQL in his session."""
    with actor_scope(make.patient()) as actor:
        yield actor


def session_of(**content):
    session = SessionStore()
    session.update(content)
    session.save()
    return session


# ---- sessions --------------------------------------------------------------------------------------------


def test_the_whole_session_table_signs_nobody_in(inject, client, family):
    session_of(patient_account_id=family.pk)
    stolen = inject("SELECT session_key, session_data FROM web_session")
    assert stolen
    for words in stolen:
        for word in words:
            for form in (word, word[:32], word[:40]):
                client.cookies["sessionid"] = form
                assert client.get("/my/").status_code == 302


def test_anothers_contents_under_ones_own_key_sign_nobody_in(inject, client, family):
    session_of(patient_account_id=family.pk)
    own = session_of(colour="red")
    inject(
        "UPDATE web_session SET account_id = %s, session_data ="
        " (SELECT session_data FROM web_session WHERE account_id = %s LIMIT 1) WHERE session_key = %s",
        family.pk, family.pk, row_key(own.session_key),
    )  # fmt: skip
    client.cookies["sessionid"] = own.session_key
    assert client.get("/my/").status_code == 302
    assert Session.objects.filter(account_id=family.pk).count() == 2


def test_a_session_that_was_written_by_hand_signs_nobody_in(inject, client, family):
    key = "a" * 32
    for data in ('{"patient_account_id": 1}', "e30:1", ""):
        inject("DELETE FROM web_session")
        inject(
            "INSERT INTO web_session (session_key, session_data, expire_date, account_id)"
            " VALUES (%s, %s, now() + interval '1 day', %s)",
            row_key(key), data, family.pk,
        )  # fmt: skip
        client.cookies["sessionid"] = key
        assert client.get("/my/").status_code == 302


# ---- codes -----------------------------------------------------------------------------------------------

PHONE = "13812345521"


@pytest.fixture
def code(stranger):
    """Of somebody else's phone, tried once."""
    with actor_scope(PUBLIC):
        patients.request_code(PHONE, HERE)
        patients.verify(PHONE, "no")
    return OneTimeCode.objects.get()


@pytest.mark.parametrize(
    "change",
    ["tries = 0", "expires_at = now() + interval '1 day'", "code_hash = sha256('mine')", "phone_blind = sha256('x')",
     "created_at = created_at - interval '1 hour'", "source_hash = sha256('x')"],
)  # fmt: skip
def test_nobody_gets_more_tries_at_a_code_or_more_time(inject, code, change):
    """Found by attack: whoever counted the tries back could guess a code to its end."""
    with pytest.raises(DatabaseError, match="tried and used up"):
        inject(f"UPDATE one_time_code SET {change}")


def test_a_used_code_is_not_used_again_and_none_is_taken_away(inject, code):
    inject("UPDATE one_time_code SET used_at = now()")
    with pytest.raises(DatabaseError, match="tried and used up"):
        inject("UPDATE one_time_code SET used_at = NULL")
    with pytest.raises(DatabaseError, match="stays for a day"):
        inject("DELETE FROM one_time_code")


def test_copies_of_a_code_give_no_more_than_the_ten_of_a_day(inject, code):
    copy = (
        "INSERT INTO one_time_code (phone_blind, code_hash, created_at, expires_at, tries, source_hash) SELECT"
        " phone_blind, code_hash, now() - interval '2 days', now() + interval '1 year', -5, source_hash"
        " FROM one_time_code WHERE id = %s"
    )
    for _ in range(9):
        inject(copy, code.pk)
    with pytest.raises(DatabaseError, match="ten codes a day"):
        inject(copy, code.pk)
    assert inject(
        "SELECT count(*) FROM one_time_code WHERE tries >= 0 AND created_at > now() - interval '1 hour'"
        " AND expires_at <= now() + interval '10 minutes'"
    ) == [(10,)]


# ---- answers, tries, devices -----------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["sign_in_answer", "device_try"])
@pytest.mark.parametrize("statement", ["SELECT * FROM {}", "DELETE FROM {}", "UPDATE {} SET account_id = 1",
                                       "INSERT INTO {} (account_id) VALUES (1)", "COPY {} TO STDOUT"])  # fmt: skip
def test_answers_and_tries_are_touched_by_functions_alone(inject, family, stranger, table, statement):
    with pytest.raises(DatabaseError, match="permission denied"):
        inject(statement.format(table))


def test_a_stranger_sees_and_removes_no_device_of_others(inject, family, stranger):
    assert inject("SELECT * FROM patient_device") == []
    inject("DELETE FROM patient_device")
    for statement in (
        "UPDATE patient_device SET account_id = 1",
        "INSERT INTO patient_device (account_id, token_hash, label, created_at, last_seen_at)"
        " VALUES (1, 'x', '', now(), now())",
    ):
        with pytest.raises(DatabaseError, match="permission denied"):
            inject(statement)
    assert devices.arrive(family.pk, "family-token") == "known"


@pytest.mark.parametrize("kind", ["patient", "staff", "client", "public"])
def test_nobody_asks_locks_or_guesses_outside_his_own_right_code(inject, family, kind):
    """The functions work for the account of a context that only the sign-in page signs."""
    actor = {
        "patient": make.patient(),
        "staff": Actor("staff", org_id=1, user_id=1),
        "client": Actor("client", org_id=1, client_id=1),
        "public": Actor("public"),
    }[kind]
    right = devices.answer_hash(family.pk, "7031", BORN)
    with actor_scope(actor):
        for call in ("device_answer(%s, 'here')", "device_letter(%s, 'here')", "device_state(%s)"):
            assert inject(f"SELECT {call}", right) == [(None,)]
        for call in ("device_tries(%s)", "device_source_spent('x')"):
            with pytest.raises(DatabaseError, match="permission denied"):
                inject(f"SELECT {call}", *([family.pk] if "%s" in call else []))
    assert devices.answer(family.pk, HERE, "0000", BORN).left == 4


@pytest.mark.parametrize("kind", ["staff", "public"])
def test_devices_and_answers_are_written_by_the_signed_in_patient_alone(inject, family, kind):
    with actor_scope(Actor(kind, org_id=1, user_id=1, account_id=family.pk)):
        for call in ("device_remember('x'::bytea, '')", "answer_remember(1, ARRAY['x'::bytea])"):
            with pytest.raises(DatabaseError, match="belongs to the patient"):
                inject(f"SELECT {call}")


def test_what_a_stranger_writes_lands_in_his_own_account(inject, family, stranger):
    inject("SELECT answer_remember(1, ARRAY['x'::bytea]), device_remember('x'::bytea, '')")
    assert devices.answer(family.pk, HERE, "7031", BORN).right
    with actor_scope(make.patient(family)):
        assert inject("SELECT count(*) FROM patient_device") == [(1,)]


def test_hashes_are_worth_nothing_in_another_account_or_without_the_key(inject, family, stranger):
    """A device or an answer names its account under a key that the database does not hold."""
    mine = devices.device_hash(stranger.account_id, "family-token")
    assert inject("SELECT device_live(%s, %s)", family.pk, mine) == [(False,)]
    assert devices.answer_hash(stranger.account_id, "7031", BORN) != devices.answer_hash(
        family.pk, "7031", BORN
    )
    assert inject("SELECT device_live(%s, sha256('family-token'))", family.pk) == [(False,)]


def test_who_waits_for_the_question_opens_no_row_of_anything(inject, family):
    """Between the right code and the right answer: an account in the context, and nothing to read."""
    org = make.organisation()
    application = make.application(family)
    make.consent(org, make.fund(org).pk, application, need_id=make.need())
    with engine_scope("test"):
        registry.represent(family.pk, Person.objects.create().pk, "parent", "token")
    tables = inject(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relrowsecurity"
        " AND has_table_privilege('jieli_app', c.oid, 'SELECT')"
    )
    assert ("application",) in tables
    with actor_scope(Actor("public", account_id=family.pk)):
        waiting = {table: inject(f'SELECT count(*) FROM "{table}"') for (table,) in tables}
    with actor_scope(Actor("public")):
        assert waiting == {table: inject(f'SELECT count(*) FROM "{table}"') for (table,) in tables}


def test_the_functions_are_not_everybodys(inject):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.proname FROM pg_proc p WHERE p.proname LIKE 'device%%' OR p.proname = 'answer_remember'"
        )
        assert len(cursor.fetchall()) == 8
        cursor.execute(
            "SELECT p.proname FROM pg_proc p WHERE (p.proname LIKE 'device%%' OR p.proname = 'answer_remember')"
            " AND EXISTS (SELECT 1 FROM aclexplode(p.proacl) a WHERE a.grantee = 0)"
        )
        assert cursor.fetchall() == []


# ---- keys and centres: who may push for whom -------------------------------------------------------------


@pytest.fixture
def insurer():
    return make.organisation("statutory_insurer", area="430100", centres=["430100"])


@pytest.fixture(params=["nobody", "patient", "worker", "administrator elsewhere", "client"])
def attacker(request, insurer):
    """Anybody but an administrator of the insurer or of the operator."""
    actor = {
        "nobody": lambda: Actor("public"),
        "patient": make.patient,
        "worker": lambda: make.staff(insurer, "intake_clerk"),
        "administrator elsewhere": lambda: make.staff(make.organisation(), "administrator"),
        "client": lambda: make.client_actor(insurer, "settlements:read"),
    }[request.param]()
    with actor_scope(actor):
        yield actor


KEY = (
    "INSERT INTO api_client (client_id, client_secret, client_type, authorization_grant_type, name, organisation_id,"
    " scopes, is_active, redirect_uris, post_logout_redirect_uris, hash_client_secret, skip_authorization, created,"
    " updated, algorithm, allowed_origins, registration_source) VALUES ('mine', 'known', 'confidential',"
    " 'client-credentials', 'x', %s, '{settlements:write}', true, '', '', true, false, now(), now(), '', '', 'manual')"
)


def test_nobody_else_makes_changes_or_takes_away_an_organisations_keys(inject, insurer, attacker):
    client = make.api_client(insurer, "settlements:read")
    with pytest.raises(DatabaseError, match="changes its keys"):
        inject(KEY, insurer.pk)
    for change in (
        "client_secret = 'known'",
        "scopes = '{settlements:write}'",
        "is_active = false",
        "organisation_id = organisation_id + 1",
    ):
        with pytest.raises(DatabaseError, match="changes its keys"):
            inject(f"UPDATE api_client SET {change} WHERE id = %s", client.pk)
    with pytest.raises(DatabaseError, match="changes its keys"):
        inject("DELETE FROM api_client WHERE id = %s", client.pk)


def test_an_administrator_makes_keys_for_his_own_organisation_alone(inject, insurer):
    other = make.organisation("statutory_insurer")
    with actor_scope(make.staff(insurer, "administrator")):
        inject(KEY, insurer.pk)
        with pytest.raises(DatabaseError, match="changes its keys"):
            inject(KEY.replace("'mine'", "'yours'"), other.pk)


def test_nobody_else_writes_or_lengthens_a_token(inject, insurer, attacker):
    client = make.api_client(insurer, "settlements:write")
    make.bearer(client, "spent", "settlements:read")
    with pytest.raises(DatabaseError, match="whose secret was right"):
        inject(
            "INSERT INTO oauth2_provider_accesstoken (token, token_checksum, expires, scope, application_id, created,"
            " updated, resource) VALUES ('', encode(sha256('mine'), 'hex'), now() + interval '1 day',"
            " 'settlements:write', %s, now(), now(), '[]')",
            client.pk,
        )
    for change in (
        "expires = expires + interval '1 year'",
        "scope = 'settlements:write'",
        "token_checksum = 'x'",
    ):
        with pytest.raises(DatabaseError, match="whose secret was right"):
            inject(f"UPDATE oauth2_provider_accesstoken SET {change}")


def test_a_client_gives_itself_no_token_for_ever(inject, insurer):
    client = make.api_client(insurer, "settlements:read")
    with actor_scope(Actor("client", org_id=insurer.pk, client_id=client.pk)):
        with pytest.raises(DatabaseError, match="whose secret was right"):
            inject(
                "INSERT INTO oauth2_provider_accesstoken (token, token_checksum, expires, scope, application_id,"
                " created, updated, resource) VALUES ('', encode(sha256('mine'), 'hex'), now() + interval '9 years',"
                " 'settlements:read', %s, now(), now(), '[]')",
                client.pk,
            )


def test_nobody_else_says_for_which_centres_a_sender_acts(inject, insurer, attacker):
    for change in ("centres = '{130300}'", "area = '130300'", "is_active = false"):
        with pytest.raises(DatabaseError, match="only the operator"):
            inject(f"UPDATE organisation SET {change} WHERE id = %s", insurer.pk)


def test_not_even_the_insurers_own_administrator_says_so(inject, insurer):
    with actor_scope(make.staff(insurer, "administrator")):
        with pytest.raises(DatabaseError, match="only the operator"):
            inject("UPDATE organisation SET centres = '{130300}' WHERE id = %s", insurer.pk)
    with actor_scope(make.staff(make.organisation("operator"), "auditor")):
        with pytest.raises(DatabaseError, match="only the operator"):
            inject("UPDATE organisation SET centres = '{130300}' WHERE id = %s", insurer.pk)
    with actor_scope(make.staff(make.organisation("operator"), "administrator")):
        inject("UPDATE organisation SET centres = '{130300}' WHERE id = %s", insurer.pk)


# ---- ways in ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["password = 'md5$x$known'", "email = 'mine@example.org'", "is_active = true",
                                    "password = '!'"])  # fmt: skip
def test_nobody_else_changes_a_members_way_in(inject, insurer, attacker, change):
    victim = make.user(make.organisation(), "administrator", password="long and secret")
    with actor_scope(SYSTEM):
        inject("UPDATE staff_user SET is_active = false WHERE id = %s", victim.pk)
    with pytest.raises(DatabaseError, match="by its own page alone"):
        inject(f"UPDATE staff_user SET {change} WHERE id = %s", victim.pk)


def test_an_administrator_takes_a_password_away_and_sets_none(inject, insurer):
    colleague, both = (
        make.user(insurer, "intake_clerk", password="a"),
        make.user(insurer, "auditor", password="a"),
    )
    with actor_scope(SYSTEM):
        make.Membership.objects.create(user=both, organisation=make.organisation(), roles=["auditor"])
    with actor_scope(make.staff(insurer, "administrator")):
        inject("UPDATE staff_user SET password = '!gone' WHERE id = %s", colleague.pk)
        for person, password in ((colleague, "md5$x$known"), (both, "!gone")):
            with pytest.raises(DatabaseError, match="by its own page alone"):
                inject("UPDATE staff_user SET password = %s WHERE id = %s", password, person.pk)


def test_an_account_is_not_brought_under_the_attackers_phone(inject, family, attacker):
    for change in ("phone_blind = sha256('mine')", "phone = 'mine'", "is_active = false"):
        with pytest.raises(DatabaseError, match="keeps its phone"):
            inject(f"UPDATE patient_account SET {change} WHERE id = %s", family.pk)


@pytest.mark.parametrize("table", ["organisation", "staff_user", "patient_account"])
def test_nobody_takes_away_a_house_a_member_or_an_account(inject, stranger, table):
    with pytest.raises(DatabaseError, match="permission denied"):
        inject(f"DELETE FROM {table}")
