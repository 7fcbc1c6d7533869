"""Money to be got back: one colleague says what came back, another confirms, and the ledger moves once."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError
from django.utils import timezone

import cases
import factories as make
from audit.models import Entry as AuditEntry
from charity.awards import recoveries, services
from charity.awards.models import Award, Case, RecoveryAction
from charity.awards.rules import AwardError
from insurance.ledger import services as ledger
from insurance.ledger.models import Entry, NeedAccount, RecoveryCase, SettlementBalance
from outbox import emit
from outbox.tasks import drain
from people.models import Person
from scope import actor_scope, engine_scope

D = Decimal
NOTE = "家属把多给的钱转回来了。"


@pytest.fixture
def on(db):
    """10,000 yuan paid; then the insurer's correction leaves 4,000 to the family: 6,000 too much."""
    on = cases.stage(residual="30000.00")
    with actor_scope(on.worker):
        services.propose(
            on.worker,
            on.case.pk,
            amount=D("10000.00"),
            reason="家庭困难，按第六条建议资助。",
            payee="王某 6222000011112222",
        )
    with actor_scope(on.approver):
        services.approve(on.approver, on.case.pk, reason="材料齐全，同意资助。", no_conflict=True)
    with actor_scope(on.payer):
        services.pay(on.payer, on.case.pk, reference="工行 0001")
    correct(on, "4000.00", 2)
    return on


def correct(on, left, version):
    with engine_scope("test"):
        bill = SettlementBalance.objects.get(need_id=on.need_id)
        ledger.post_settlement(bill.pk, on.need_id, D(left), version)
        emit("need.changed", need_id=on.need_id)
    drain()


def asked(on):
    with engine_scope("test"):
        return RecoveryCase.objects.filter(need_id=on.need_id).order_by("pk").last()


def position(on):
    with engine_scope("test"):
        return ledger.need_position(on.need_id)


def say(on, who, amount="6000.00", kind="returned", **more):
    day = timezone.localdate() if kind == "returned" else None
    values = {"kind": kind, "amount": D(amount), "note": NOTE, "received_on": day} | more
    with actor_scope(who):
        return recoveries.propose(who, on.case.pk, asked(on).pk, **values)


def answer(on, who, action, yes=True):
    with actor_scope(who):
        recoveries.decide(who, on.case.pk, action, yes=yes)
    drain()


def refused(code, step, *args, **kwargs):
    with pytest.raises(AwardError) as error:
        step(*args, **kwargs)
    assert error.value.code == code


def actions(on):
    with actor_scope(on.worker):
        return [(one.kind, str(one.amount), one.state) for one in RecoveryAction.objects.order_by("pk")]


def test_what_came_back_is_posted_once_another_colleague_confirms(on):
    assert asked(on).amount == D("6000.00")
    action = say(on, on.payer)
    assert position(on).paid == D("10000.00"), "nothing is posted before"
    answer(on, on.approver, action)
    assert position(on).paid == D("4000.00")
    assert position(on).excess == 0
    assert asked(on).state == "resolved"
    assert actions(on) == [("returned", "6000.00", "done")]
    with engine_scope("test"):
        assert Award.objects.get().returned == D("6000.00")
        assert Entry.objects.filter(kind="return").count() == 1
        recoveries.carry_out(action)  # delivered twice, posted once
        assert Entry.objects.filter(kind="return").count() == 1
        told = AuditEntry.objects.select_related("content").get(action="award.returned").content.payload
    assert (told["proposed_by"], told["confirmed_by"]) == (on.payer.user_id, on.approver.user_id)
    assert NOTE not in str(told)


def test_a_part_that_came_back_lowers_what_is_asked(on):
    answer(on, on.approver, say(on, on.worker, "2500.00"))
    assert (asked(on).state, asked(on).amount) == ("open", D("3500.00"))
    assert position(on).excess == D("3500.00")


def test_what_is_written_off_moves_no_yuan_and_is_not_asked_again(on):
    answer(on, on.manager, say(on, on.payer, "2000.00", "written_off"))
    case = asked(on)
    assert (case.state, case.amount, case.written_off) == ("open", D("4000.00"), D("2000.00"))
    answer(on, on.approver, say(on, on.payer, "4000.00", "written_off"))
    case = asked(on)
    assert (case.state, case.written_off) == ("written_off", D("6000.00"))
    assert (position(on).paid, position(on).excess) == (D("10000.00"), D("6000.00"))
    with engine_scope("test"):
        assert not Entry.objects.filter(kind="return").exists()
        emit("need.changed", need_id=on.need_id)
    drain()
    assert asked(on).state == "written_off"
    refused("state", say, on, on.payer, "1.00")


def test_what_was_left_to_the_family_is_not_taken_for_what_is_asked_later(on):
    answer(on, on.approver, say(on, on.payer, "6000.00", "written_off"))
    correct(on, "3000.00", 3)  # another 1,000 too much
    assert (asked(on).state, asked(on).amount) == ("open", D("1000.00"))
    correct(on, "3400.00", 4)
    assert (asked(on).state, asked(on).amount) == ("open", D("600.00")), "the family's part falls first"
    correct(on, "10000.00", 5)
    assert asked(on).state == "resolved"
    with engine_scope("test"):
        assert not RecoveryCase.objects.filter(written_off__gt=0).exists()
    correct(on, "9500.00", 6)
    assert (asked(on).state, asked(on).amount) == ("open", D("500.00"))


@pytest.fixture
def two(db):
    """Two houses paid for one need, 10,000 and 4,000 yuan; then 10,000 of it are too much."""
    one = cases.stage(residual="30000.00")
    other = cases.stage(application=one.application)
    for on, amount in ((one, "10000.00"), (other, "4000.00")):
        with actor_scope(on.worker):
            services.propose(
                on.worker, on.case.pk, amount=D(amount), reason="按第六条建议资助，材料齐。", payee="王某"
            )
        with actor_scope(on.approver):
            services.approve(on.approver, on.case.pk, reason="材料齐全，同意资助。", no_conflict=True)
        with actor_scope(on.payer):
            services.pay(on.payer, on.case.pk, reference="工行 0001")
    correct(one, "4000.00", 2)
    assert asked(one).amount == D("10000.00")
    return one, other


def most_off(on):
    with actor_scope(on.payer):
        return max(claim.most_off for claim in recoveries.of_case(on.payer, on.case))


def test_a_house_waives_its_own_share_and_not_what_another_gave(two):
    one, other = two
    assert (most_off(one), most_off(other)) == (D("7142.86"), D("2857.15"))
    refused("amount", say, other, other.payer, "2857.16", "written_off")
    answer(other, other.approver, say(other, other.payer, "2857.15", "written_off"))
    case = asked(one)
    assert (case.state, case.amount) == ("open", D("7142.85")), "the rest is still asked for"
    assert most_off(other) == 0, "once"
    answer(one, one.approver, say(one, one.payer, "7142.85"))
    assert asked(one).state == "resolved"


def test_both_shares_together_are_the_whole_to_the_fen(two):
    one, other = two
    answer(one, one.approver, say(one, one.payer, "7142.86", "written_off"))
    assert most_off(other) == D("2857.14")
    answer(other, other.approver, say(other, other.payer, "2857.14", "written_off"))
    case = asked(one)
    assert (case.state, case.written_off) == ("written_off", D("10000.00"))


def test_what_came_back_from_one_leaves_the_other_its_share_of_the_rest(two):
    one, other = two
    answer(one, one.approver, say(one, one.payer, "8000.00"))
    assert asked(one).amount == D("2000.00")
    assert (most_off(one), most_off(other)) == (D("666.67"), D("1333.34"))


def test_a_share_that_was_waived_is_not_waived_anew_because_the_need_was_merged(two):
    one, other = two
    answer(other, other.approver, say(other, other.payer, "2857.15", "written_off"))
    with engine_scope("test"):
        survivor = Person.objects.create()
        joint = ledger.need_for(survivor.pk, NeedAccount.objects.get(pk=one.need_id).episode).pk
        ledger.move_need(one.need_id, joint, "merge:1:n1")
        Case.objects.filter(need_id=one.need_id).update(need_id=joint)
    for on in two:
        on.need_id = joint
        on.reload()
    claim = asked_now(one)
    assert (claim.amount, most_off(other), most_off(one)) == (D("7142.85"), D("0.00"), D("7142.85"))


def asked_now(on):
    with engine_scope("test"):
        return RecoveryCase.objects.get(need_id=on.need_id, state="open")


def test_nobody_confirms_his_own_word_and_roles_hold(on):
    action = say(on, on.manager)
    refused("same_person", answer, on, on.manager, action)
    refused("role", answer, on, on.payer, action)
    refused("role", say, on, on.approver)
    refused("state", say, on, on.payer)
    answer(on, on.manager, action, yes=False)
    assert actions(on) == [("returned", "6000.00", "declined")]
    assert position(on).paid == D("10000.00")


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("amount", {"amount": "10000.01"}),
        ("amount", {"amount": "0.00"}),
        ("amount", {"amount": "6000.01", "kind": "written_off"}),
        ("day", {"received_on": None}),
        ("reason", {"note": "退了"}),
    ],
)
def test_a_proposal_that_does_not_fit_is_refused(on, code, change):
    refused(code, say, on, on.payer, **change)


def test_while_money_is_asked_back_one_person_alone_records_no_return(on):
    with actor_scope(on.payer):
        refused(
            "recovery",
            services.return_payment,
            on.payer,
            on.case.pk,
            amount=D("1.00"),
            reason="医院多收，退回一部分。",
        )
        with pytest.raises(DatabaseError), transaction.atomic():
            Award.objects.filter(case=on.case).update(returned=D("1.00"))
        award = Award.objects.get(case=on.case)
        alone = ledger.Promise(award.pk, on.need_id, on.fund.pk, D("1.00"), award.settlement_id)
        with pytest.raises(DatabaseError), transaction.atomic():
            ledger.return_payment(alone, "return:1")
    assert position(on).paid == D("10000.00")


@pytest.mark.parametrize(
    "lie",
    [
        "UPDATE recovery_action SET state = 'confirmed', decided_by_id = %(me)s, decided_at = now()",
        "UPDATE recovery_action SET state = 'confirmed', decided_by_id = %(other)s, decided_at = now()",
        "UPDATE recovery_action SET state = 'done', decided_by_id = %(me)s, decided_at = now(), done_at = now()",
        "UPDATE recovery_action SET amount = 1",
        "DELETE FROM recovery_action",
        "UPDATE recovery_case SET written_off = amount, state = 'written_off'",
    ],
)
def test_sql_of_the_web_role_confirms_nothing_in_anothers_name(on, lie):
    say(on, on.payer)
    with actor_scope(on.payer), pytest.raises(DatabaseError), transaction.atomic():
        connection.cursor().execute(lie, {"me": on.payer.user_id, "other": on.approver.user_id})
    assert actions(on) == [("returned", "6000.00", "proposed")]


def test_another_house_sees_and_claims_nothing(on):
    stranger = make.staff(make.organisation(), "payer", "approver", "fund_manager")
    action = say(on, on.payer)
    with actor_scope(stranger):
        assert not list(recoveries.concerning(stranger))
        assert not RecoveryAction.objects.exists()
        refused("state", recoveries.decide, stranger, on.case.pk, action, yes=True)
        emit("recovery.confirmed", action_id=action)
    drain()
    assert position(on).paid == D("10000.00")
