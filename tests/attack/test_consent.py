"""Whoever may write a yes: it opens nothing that is not the writer's, and only to the one it names."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.db.utils import DatabaseError
from django.utils import timezone

import factories as make
from consent.models import Category, Consent
from insurance.ledger.models import NeedAccount
from people.models import Hardship, Person
from scope import actor_scope, engine_scope

pytestmark = pytest.mark.django_db


def yes(org, account, app, **fields):
    now = timezone.now()
    values = {
        "account": account,
        "organisation": org,
        "application_id": app.pk,
        "fund_id": 1,
        "notice": make.notice(),
        "text_sha256": "0" * 64,
        "decision": True,
        "categories": list(Category.values),
        "capacity": "self",
        "decided_at": now,
        "valid_until": now + timedelta(days=365),
        **fields,
    }
    return Consent.objects.create(**values)


@pytest.fixture
def org():
    return make.organisation()


@pytest.fixture
def account():
    return make.account()


@pytest.fixture
def app(account):
    return make.application(account)


@pytest.mark.parametrize("column", ["need_id", "person_id"])
def test_a_patient_s_session_cannot_bind_its_yes_to_another_person(org, account, app, column):
    """Else a colluding charity would read that person's bills or hardship."""
    victim = make.need()
    with (
        actor_scope(make.patient(account)),
        pytest.raises(DatabaseError, match="row-level security"),
    ):
        yes(org, account, app, **{column: victim})


def test_a_yes_is_not_bound_later_either(org, account, app, inject):
    victim = make.need()
    row = make.consent(org, 1, app)
    with actor_scope(make.patient(account)):
        for change in (
            f"need_id = {victim}",
            "person_id = 1",
            "organisation_id = organisation_id + 1",
            "fund_id = 9",
        ):
            with pytest.raises(DatabaseError, match="never changed"):
                inject(f"UPDATE consent SET {change} WHERE id = %s", row.pk)
    with actor_scope(make.staff(org, "case_worker")):
        assert not NeedAccount.objects.exists()


def test_a_yes_to_another_s_application_is_refused(org, account, inject):
    theirs = make.application()
    with actor_scope(make.patient(account)), pytest.raises(DatabaseError, match="row-level security"):
        yes(org, account, theirs)


def test_staff_clients_and_the_public_write_no_yes(org, account, app):
    from scope.actor import PUBLIC

    for actor in (make.staff(org, "administrator"), make.client_actor(org, "settlements:write"), PUBLIC):
        with actor_scope(actor), pytest.raises(DatabaseError, match="row-level security"):
            yes(org, account, app)


def test_a_yes_of_tomorrow_or_for_ever_is_refused(org, account, app):
    now = timezone.now()
    with actor_scope(make.patient(account)):
        for fields in (
            {"decided_at": now + timedelta(days=1)},
            {"valid_until": now + timedelta(days=10_000)},
        ):
            with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
                yes(org, account, app, **fields)


def test_a_withdrawal_is_now_and_for_good(org, account, app, inject):
    row = make.consent(org, 1, app)
    with actor_scope(make.patient(account)):
        with pytest.raises(DatabaseError, match="withdrawn now"):
            inject("UPDATE consent SET withdrawn_at = now() + interval '1 year' WHERE id = %s", row.pk)
        inject("UPDATE consent SET withdrawn_at = now() WHERE id = %s", row.pk)
        with pytest.raises(DatabaseError, match="not changed"):
            inject("UPDATE consent SET withdrawn_at = NULL WHERE id = %s", row.pk)


def test_the_recipient_acknowledges_in_its_own_name_and_once(org, account, app, inject):
    row = make.consent(org, 1, app)
    with actor_scope(make.patient(account)):
        inject("UPDATE consent SET withdrawn_at = now() WHERE id = %s", row.pk)
    staff = make.staff(org, "case_worker")
    acknowledge = (
        "UPDATE consent SET deletion_acknowledged_at = now(), deletion_acknowledged_by = %s WHERE id = %s"
    )
    with actor_scope(staff):
        with pytest.raises(DatabaseError, match="by oneself"):
            inject(acknowledge, staff.user_id + 1, row.pk)
        with pytest.raises(DatabaseError, match="never changed"):
            inject(
                "UPDATE consent SET withdrawn_at = NULL, deletion_acknowledged_by = %s WHERE id = %s",
                staff.user_id,
                row.pk,
            )
        inject(acknowledge, staff.user_id, row.pk)
        with pytest.raises(DatabaseError, match="once"):
            inject(acknowledge, staff.user_id, row.pk)


def test_a_no_is_seen_by_nobody_else(org, account, app):
    row = make.consent(org, 1, app, decision=False, categories=[])
    with actor_scope(make.staff(org, "case_worker", "administrator")):
        assert not Consent.objects.filter(pk=row.pk).exists()
    with actor_scope(make.patient()):
        assert not Consent.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("how", ["withdrawn", "expired", "refused", "narrow", "other", "client"])
def test_only_a_live_yes_of_the_right_kind_opens_need_and_hardship(org, app, how):
    with engine_scope():
        person = Person.objects.create()
        Hardship.objects.create(person=person, kind="dibao", source="x", valid_from=timezone.localdate())
    need = make.need(person_id=person.pk)
    fields = {
        "expired": {"valid_for": timedelta(seconds=-1)},
        "refused": {"decision": False},
        "narrow": {"categories": ["identity", "documents", "other_aid"]},
    }.get(how, {})
    row = make.consent(org, 1, app, need_id=need, person_id=person.pk, **fields)
    if how == "withdrawn":
        with engine_scope():
            Consent.objects.filter(pk=row.pk).update(withdrawn_at=timezone.now())
    asking = {
        "other": make.staff(make.organisation(), "case_worker"),
        "client": make.client_actor(org, "settlements:read"),
    }.get(how, make.staff(org, "case_worker"))
    with actor_scope(asking):
        assert not NeedAccount.objects.filter(pk=need).exists()
        assert not Hardship.objects.filter(person_id=person.pk).exists()
    if how not in {"withdrawn", "expired", "refused", "narrow"}:
        with actor_scope(make.staff(org, "case_worker")):
            assert NeedAccount.objects.filter(pk=need).exists()
            assert Hardship.objects.filter(person_id=person.pk).exists()


def test_a_yes_for_one_illness_does_not_open_the_other(org, app):
    this = make.need(person_id=654_321, episode="C91")
    other = make.need(person_id=654_321, episode="I10")
    make.consent(org, 1, app, need_id=this, person_id=654_321)
    with actor_scope(make.staff(org, "case_worker")):
        assert list(NeedAccount.objects.values_list("pk", flat=True)) == [this]
        assert other != this


def test_functions_and_casts_do_not_run_before_the_policy(org, inject):
    """A leaky function over sealed rows would print them in its error message."""
    make.need("4242.42")
    with actor_scope(make.staff(org, "case_worker")):
        for probe in (
            "SELECT 1 FROM need_account WHERE (residual::text || 'x')::int = 1",
            "SELECT 1 FROM need_account WHERE 1 / (residual - 4242.42) > 0",
            "SELECT 1 FROM consent WHERE text_sha256::int = 1",
            "SELECT max((residual::text || 'x')::int) FROM need_account",
        ):
            assert inject(probe) in ([], [(None,)])


def test_a_foreign_key_or_a_lock_says_nothing_of_a_row_one_may_not_see(org, inject):
    need = make.need()
    with actor_scope(make.staff(org, "case_worker")):
        for sql in (
            "SELECT 1 FROM need_account WHERE id = {} FOR UPDATE",
            "SELECT 1 FROM need_account WHERE id = {} FOR SHARE",
            "SELECT 1 FROM settlement WHERE need_id = {} FOR UPDATE NOWAIT",
        ):
            said = []
            for candidate in (need, 99_999_999):
                try:
                    said.append(str(inject(sql.format(candidate))))
                except DatabaseError as refusal:
                    said.append(str(refusal))
            assert said[0] == said[1]


def test_a_yes_in_a_draft_is_seen_by_nobody_but_the_family(org, account, inject):
    draft = make.application(account, state="draft")
    row = make.consent(org, make.fund(org).pk, draft)
    staff = make.staff(org, "case_worker")
    with actor_scope(staff):
        assert not Consent.objects.filter(pk=row.pk).exists()
    with actor_scope(make.patient(account)):
        assert Consent.objects.filter(pk=row.pk, opened_at=None).exists()
        type(draft).objects.filter(pk=draft.pk).update(state="submitted", submitted_at=timezone.now())
    with actor_scope(staff):
        assert Consent.objects.filter(pk=row.pk, opened_at__isnull=False).exists()


def test_a_yes_that_was_taken_back_in_the_draft_is_never_shown(org, account):
    draft = make.application(account, state="draft")
    row = make.consent(org, make.fund(org).pk, draft)
    family = make.patient(account)
    with actor_scope(family):
        Consent.objects.filter(pk=row.pk).update(withdrawn_at=timezone.now())
        type(draft).objects.filter(pk=draft.pk).update(state="submitted", submitted_at=timezone.now())
    with actor_scope(make.staff(org, "case_worker")):
        assert not Consent.objects.filter(pk=row.pk).exists()


def test_a_yes_in_a_draft_is_not_opened_by_hand(org, account):
    draft = make.application(account, state="draft")
    with actor_scope(make.patient(account)):
        row = yes(org, account, draft, opened_at=timezone.now())
        with pytest.raises(DatabaseError), transaction.atomic():
            Consent.objects.filter(pk=row.pk).update(opened_at=timezone.now())
    with engine_scope("test"):
        assert Consent.objects.get(pk=row.pk).opened_at is None
