"""Money to be got back: SQL of a charity's payer who would rather keep it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

import cases
from charity.awards import recoveries, services
from charity.awards.models import Award, RecoveryAction
from charity.awards.rules import AwardError
from insurance.ledger import services as ledger
from insurance.ledger.models import RecoveryCase, SettlementBalance
from outbox import emit
from outbox.tasks import drain
from scope import actor_scope, engine_scope

D = Decimal
NOTE = "家属把多给的钱转回来了。"


@pytest.fixture
def on(db):
    """10,000 yuan paid; then the insurer's correction leaves 4,000 to the family: 6,000 too much."""
    on = cases.stage(residual="30000.00")
    with actor_scope(on.worker):
        services.propose(
            on.worker, on.case.pk, amount=D("10000.00"), reason="按第六条建议资助一万元。", payee="王某"
        )
    with actor_scope(on.approver):
        services.approve(on.approver, on.case.pk, reason="材料齐全，同意资助。", no_conflict=True)
    with actor_scope(on.payer):
        services.pay(on.payer, on.case.pk, reference="工行 0001")
    with engine_scope("test"):
        bill = SettlementBalance.objects.get(need_id=on.need_id)
        ledger.post_settlement(bill.pk, on.need_id, D("4000.00"), 2)
    return on


def paid(on):
    with engine_scope("test"):
        return ledger.need_position(on.need_id).paid


def test_a_guard_sees_what_is_asked_back_though_the_context_is_gone_by_then(on, inject):
    """The policies read the context once a statement, a trigger each time: the second row is put in without one."""
    with actor_scope(on.payer):
        award = Award.objects.get(case=on.case)
        with pytest.raises(DatabaseError, match="takes two people"):
            inject(
                "INSERT INTO entry (need_id, fund_id, award_id, kind, layer, reference, d_residual, d_reserved,"
                " d_committed, d_paid, created_at)"
                " SELECT CASE WHEN n = 1 THEN NULL ELSE %s END, %s,"
                "  CASE WHEN n = 1 THEN NULL ELSE %s END, CASE WHEN n = 1 THEN 'budget' ELSE 'return' END, 'charity',"
                "  CASE WHEN n = 1 THEN %s ELSE %s END || left(set_config('app.actor', CASE WHEN n = 1"
                "   THEN current_setting('app.actor') ELSE '' END, true), 0), 0, 0, 0,"
                "  CASE WHEN n = 1 THEN 0 ELSE -1000 END, now() FROM generate_series(1, 2) n",
                on.need_id,
                on.fund.pk,
                award.pk,
                f"fund:{on.fund.pk}:x",
                f"award:{award.pk}:return:1",
            )
    assert paid(on) == D("10000.00")


def waive(on, amount):
    recovery = RecoveryCase.objects.filter(need_id=on.need_id, state="open").get()
    return recoveries.propose(
        on.payer, on.case.pk, recovery.pk, kind="written_off", amount=D(amount), note="家里还在还债，不追了。"
    )


def test_a_house_waives_its_own_payment_once_and_not_anew_with_each_step(on, inject):
    """Otherwise a house that gave little could waive, in steps, what another house wants back."""
    with engine_scope("test"):  # as if another house had paid the rest
        RecoveryCase.objects.filter(need_id=on.need_id).update(amount=D("14000.00"), reference="undo:1")
    with actor_scope(on.payer):
        action = waive(on, "9000.00")
    with actor_scope(on.approver):
        recoveries.decide(on.approver, on.case.pk, action, yes=True)
    drain()
    with engine_scope("test"):
        RecoveryCase.objects.filter(need_id=on.need_id).update(amount=D("5000.00"), state="open")
    with actor_scope(on.payer):
        with pytest.raises(AwardError) as error:
            waive(on, "1000.01")
        assert error.value.code == "amount"
        done = RecoveryAction.objects.get()
        inject(
            "INSERT INTO case_event (case_id, organisation_id, kind, user_id, amount, visible_to_family, created_at)"
            " VALUES (%s, %s, 'written_off_proposed', %s, 1000.01, false, now())",
            on.case.pk,
            on.org.pk,
            on.payer.user_id,
        )
        with pytest.raises(DatabaseError, match="own award"):
            inject(
                "INSERT INTO recovery_action (recovery_id, award_id, case_id, organisation_id, kind, amount, state,"
                " event_id, proposed_by_id, proposed_at) SELECT %s, %s, %s, %s, 'written_off', 1000.01, 'proposed',"
                " max(id), %s, now() FROM case_event",
                done.recovery_id,
                done.award_id,
                on.case.pk,
                on.org.pk,
                on.payer.user_id,
            )
        assert waive(on, "1000.00")


def test_the_share_of_another_house_is_not_waived_by_sql_nor_read(on, inject):
    """recovery_waivable() looks past the policies: it answers a house about its own awards and nobody else."""
    _correct(on, "30000.00", 3)
    other = cases.stage(application=on.application)
    with actor_scope(other.worker):
        services.propose(
            other.worker,
            other.case.pk,
            amount=D("3000.00"),
            reason="按第六条建议资助，材料齐。",
            payee="王某",
        )
    with actor_scope(other.approver):
        services.approve(other.approver, other.case.pk, reason="材料齐全，同意资助。", no_conflict=True)
    with actor_scope(other.payer):
        services.pay(other.payer, other.case.pk, reference="工行 0002")
    _correct(on, "4000.00", 4)
    with engine_scope("test"):
        case = RecoveryCase.objects.get(need_id=on.need_id, state="open")
        awards = {award.organisation_id: award.pk for award in Award.objects.all()}
    ask = "SELECT recovery_waivable(%s, %s)"
    share = {}
    for who in (on, other):
        with actor_scope(who.payer):
            share[who.org.pk] = inject(ask, case.pk, awards[who.org.pk])[0][0]
            theirs = next(pk for org, pk in awards.items() if org != who.org.pk)
            assert inject(ask, case.pk, theirs) == [(None,)]
            with pytest.raises(DatabaseError, match="own award"):
                _propose_by_hand(inject, who, case.pk, awards[who.org.pk], share[who.org.pk] + D("0.01"))
    assert case.amount <= sum(share.values()) <= case.amount + D("0.01")
    assert inject(ask, case.pk, awards[on.org.pk]) == [(None,)], "nobody without a house"


def _correct(on, left, version):
    with engine_scope("test"):
        bill = SettlementBalance.objects.get(need_id=on.need_id)
        ledger.post_settlement(bill.pk, on.need_id, D(left), version)
        emit("need.changed", need_id=on.need_id)
    drain()


def _propose_by_hand(inject, who, recovery, award, amount):
    inject(
        "INSERT INTO case_event (case_id, organisation_id, kind, user_id, amount, visible_to_family, created_at)"
        " VALUES (%s, %s, 'written_off_proposed', %s, %s, false, now())",
        who.case.pk,
        who.org.pk,
        who.payer.user_id,
        amount,
    )
    inject(
        "INSERT INTO recovery_action (recovery_id, award_id, case_id, organisation_id, kind, amount, state,"
        " event_id, proposed_by_id, proposed_at) SELECT %s, %s, %s, %s, 'written_off', %s, 'proposed',"
        " max(id), %s, now() FROM case_event",
        recovery,
        award,
        who.case.pk,
        who.org.pk,
        amount,
        who.payer.user_id,
    )


def test_two_confirmers_at_once_post_one_return(on):
    """Both read the proposal as open; the second finds it answered, in the service and in the database."""
    with actor_scope(on.payer):
        recovery = RecoveryCase.objects.get(need_id=on.need_id)
        action = recoveries.propose(
            on.payer,
            on.case.pk,
            recovery.pk,
            kind="returned",
            amount=D("6000.00"),
            note=NOTE,
            received_on=timezone.localdate(),
        )
    for who in (on.approver, on.manager):
        with actor_scope(who):
            if who is on.approver:
                recoveries.decide(who, on.case.pk, action, yes=True)
                continue
            with pytest.raises(AwardError):
                recoveries.decide(who, on.case.pk, action, yes=True)
            with pytest.raises(DatabaseError), transaction.atomic():
                RecoveryAction.objects.filter(pk=action).update(decided_by=who.user_id)
            emit("recovery.confirmed", action_id=action)  # and the engine woken once more
    drain()
    assert paid(on) == D("4000.00")


def test_a_confirmation_that_comes_after_the_claim_has_gone_waives_nothing(on):
    with actor_scope(on.payer):
        action = waive(on, "6000.00")
    with engine_scope("test"):
        bill = SettlementBalance.objects.get(need_id=on.need_id)
        ledger.post_settlement(bill.pk, on.need_id, D("10000.00"), 3)
        emit("need.changed", need_id=on.need_id)
    drain()
    with actor_scope(on.approver):
        recoveries.decide(on.approver, on.case.pk, action, yes=True)
    drain()
    with engine_scope("test"):
        assert RecoveryAction.objects.get(pk=action).state == "void"
        assert not RecoveryCase.objects.filter(written_off__gt=0).exists()
        position = ledger.need_position(on.need_id)
        assert (position.paid, position.excess, position.open) == (D("10000.00"), 0, 0)
