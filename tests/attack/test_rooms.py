"""Attacks on the rooms with SQL of one's own. A marked one still succeeds, and names the mend that its room owes.

strict: the day a room mends its fault, the test fails as "unexpectedly passed": take the mark away then.
"""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db.utils import DatabaseError
from django.utils import timezone

import factories as make
from people.models import Person, ProofToken
from scope import actor_scope, engine_scope

pytestmark = pytest.mark.django_db


def owed(mend):
    return pytest.mark.xfail(strict=True, reason=mend)


@pytest.fixture
def world():
    """Two charities; an application, consent and case of the second; an attacker in the first."""
    import cases

    victim = cases.stage()
    org = make.organisation()
    return SimpleNamespace(
        victim=victim,
        org=org,
        fund=make.fund(org),
        staff=make.staff(org, "case_worker"),
        own=cases.stage(org=org),
    )


def refused(inject, actor, sql, *values):
    """The attacker's statement fails for want of a right or of a check, or touches no row."""
    said = None
    with actor_scope(actor):
        try:
            touched = inject(sql + " RETURNING 1", *values)
        except DatabaseError as refusal:
            touched, said = [], getattr(refusal.__cause__, "sqlstate", "")
    assert touched == []
    assert said in {None, "42501", "23514"}, (
        "refused for another reason: the attack is not the one that is meant"
    )


def test_an_application_is_not_born_proven(inject):
    acc = make.account()
    refused(
        inject,
        make.patient(acc),
        "INSERT INTO application (account_id, number, state, proof, capacity, answers, step, disease_code, area, person_id,"
        " need_id, created_at, updated_at, proof_note) VALUES (%s, 'X-1', 'submitted', 'proven', 'self', '\\x00', 'who', '', '',"
        " 1, 1, now(), now(), '')",
        acc.pk,
    )


@owed("awards: REVOKE UPDATE ON aid_case; GRANT UPDATE (state, assignee_id, closed_at)")
def test_a_case_is_not_turned_to_another_person(world, inject):
    other = world.victim
    refused(
        inject,
        world.own.worker,
        "UPDATE aid_case SET application_id = %s, person_id = 1, need_id = %s WHERE id = %s",
        other.application.pk,
        other.need_id,
        world.own.case.pk,
    )


@owed("awards: WITH CHECK that case, organisation and fund of an award belong together")
def test_an_award_is_not_hung_on_another_charity_s_case(world, inject):
    refused(
        inject,
        world.staff,
        "INSERT INTO award (case_id, organisation_id, fund_id, amount, returned, state, bases, proposed_by_id,"
        " proposed_at, payment_reference) VALUES (%s, %s, %s, 1, 0, 'proposed', '{}', %s, now(), '')",
        world.victim.case.pk,
        world.org.pk,
        world.fund.pk,
        world.staff.user_id,
    )


@owed("awards: trigger award_guard: proposed_by, approved_by and paid_by are app_user() when they change")
def test_an_award_is_not_approved_in_a_colleague_s_name(world, inject):
    refused(
        inject,
        world.own.worker,
        "INSERT INTO award (case_id, organisation_id, fund_id, amount, returned, state, bases, proposed_by_id,"
        " proposed_at, approved_by_id, approved_at, payment_reference)"
        " VALUES (%s, %s, %s, 1, 0, 'approved', '{}', %s, now(), %s, now(), '')",
        world.own.case.pk,
        world.own.org.pk,
        world.own.fund.pk,
        world.own.worker.user_id,
        world.own.approver.user_id,
    )


@owed("awards: WITH CHECK that the case is the organisation's own")
def test_another_charity_s_family_is_not_written_to(world, inject):
    refused(
        inject,
        world.staff,
        "INSERT INTO case_event (case_id, organisation_id, kind, visible_to_family, created_at)"
        " VALUES (%s, %s, 'paid', true, now())",
        world.victim.case.pk,
        world.org.pk,
    )


@owed("funds: row-level security on fund and rule_version, write for organisation_id = app_org() alone")
def test_another_charity_s_fund_is_not_changed(world, inject):
    refused(inject, world.staff, "UPDATE fund SET status = 'closed' WHERE id = %s", world.victim.fund.pk)


@owed("funds: row-level security on rule_version")
def test_another_charity_s_rule_is_not_replaced(world, inject):
    refused(
        inject,
        world.staff,
        "INSERT INTO rule_version (fund_id, version, rule, sha256, effective_from, source, created_at)"
        " SELECT fund_id, 2, rule, sha256, effective_from, source, now() FROM rule_version WHERE fund_id = %s",
        world.victim.fund.pk,
    )


@owed("funds: RESTRICTIVE policy on fund_account: the fund is the organisation's own")
def test_another_charity_s_next_fund_account_is_not_taken_ahead(world, inject):
    refused(
        inject,
        world.staff,
        "INSERT INTO fund_account (fund_id, organisation_id, residual, reserved, committed, paid, excess)"
        " VALUES (987654, %s, 0, 0, 0, 0, 0)",
        world.org.pk,
    )


@owed("people: SELECT and UPDATE on proof_token revoked; redeem_token(hash) as SECURITY DEFINER function")
def test_a_token_is_not_redeemed_without_knowing_it(inject):
    insurer, acc = make.organisation("statutory_insurer"), make.account()
    with engine_scope():
        ProofToken.objects.create(
            person=Person.objects.create(),
            organisation=insurer,
            token_hash=b"7" * 32,
            expires_at=timezone.now() + timedelta(days=1),
        )
    refused(inject, make.patient(acc), "UPDATE proof_token SET used_at = now(), used_by_id = %s", acc.pk)


@owed("intake: the INSERT policy names clients and staff of statutory_insurer and hospital alone")
def test_a_charity_does_not_send_bills(world, inject):
    refused(
        inject,
        world.staff,
        "INSERT INTO intake_batch (sender_id, received_at, body_sha256, idempotency_key, records, accepted,"
        " duplicates, refused, quarantined) VALUES (%s, now(), sha256(''), '', 1, 1, 0, 0, 0)",
        world.org.pk,
    )


def test_a_review_is_not_asked_of_another_family_s_case(world, inject):
    acc = make.account()
    app = make.application(acc)
    refused(
        inject,
        make.patient(acc),
        "INSERT INTO review_request (application_id, case_id, organisation_id, text, created_at)"
        " VALUES (%s, %s, %s, '', now())",
        app.pk,
        world.victim.case.pk,
        world.victim.org.pk,
    )


@owed("accounts: trigger membership_guard: only an active administrator of that organisation writes members")
def test_nobody_makes_himself_a_member_of_another_house(world, inject):
    refused(
        inject,
        world.staff,
        "INSERT INTO membership (user_id, organisation_id, roles, is_active, created_at)"
        " VALUES (%s, %s, '{administrator}', true, now())",
        world.staff.user_id,
        world.victim.org.pk,
    )


@owed("devstack/roles: no SELECT on identity sequences (identity columns need no grant at all)")
def test_a_counter_does_not_tell_how_many_people_there_are(inject):
    with actor_scope(make.patient()), pytest.raises(DatabaseError, match="permission denied"):
        inject("SELECT last_value FROM person_id_seq")
