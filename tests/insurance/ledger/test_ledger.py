"""reserve → commit → pay → return, and everything that the database refuses."""

from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError

import factories as make
from audit.models import Entry as AuditEntry
from insurance.ledger import recovery
from insurance.ledger import services as ledger
from insurance.ledger.models import Entry, NeedAccount, RecoveryCase, SettlementBalance
from scope import actor_scope, engine_scope

pytestmark = pytest.mark.django_db

D = Decimal


@pytest.fixture
def charity():
    return make.organisation("charity")


@pytest.fixture
def staff(charity):
    return make.staff(charity, "case_worker")


@pytest.fixture
def need():
    return make.need("100.00")


@pytest.fixture
def fund(charity):
    return make.fund(charity, "1000.00").pk


@pytest.fixture
def consented(charity, need, fund):
    return make.consent(charity, fund, make.application(), need_id=need)


def promise(need, fund, amount, award=1):
    return ledger.Promise(award, need, fund, D(amount))


def bill(need):
    return SettlementBalance.objects.get(need_id=need).pk


def told(*needs):
    """What the log says of asking back, oldest first: (action, subject, amount, what else it says)."""
    with engine_scope():
        return [
            (
                e.action,
                e.subject,
                text["amount"],
                next(text[k] for k in ("again", "was", "state") if k in text),
            )
            for e in AuditEntry.objects.filter(
                action__startswith="recovery.", subject__in=[f"need:{need}" for need in needs]
            ).order_by("pk")
            for text in [e.content.payload]
        ]


def totals(need):
    with engine_scope():
        p = ledger.need_position(need)
    return p.residual, p.reserved, p.committed, p.paid, p.excess


def test_money_goes_its_way_and_comes_back(staff, need, fund, consented):
    with actor_scope(staff):
        p = promise(need, fund, "60.00")
        ledger.reserve(p)
        ledger.commit(p)
        ledger.pay(p)
        assert ledger.need_position(need).open == D("40.00")
        ledger.return_payment(promise(need, fund, "10.00"), "return:1")
    assert totals(need) == (D("100.00"), D(0), D(0), D("50.00"), D(0))
    with actor_scope(staff):
        assert ledger.fund_position(fund).open == D("950.00")


def test_not_one_fen_over_the_residual(staff, need, fund, consented):
    with actor_scope(staff):
        ledger.reserve(promise(need, fund, "99.99"))
        with pytest.raises(ledger.ResidualExceededError):
            ledger.reserve(promise(need, fund, "0.02", award=2))
        ledger.reserve(promise(need, fund, "0.01", award=2))
    assert totals(need)[1] == D("100.00")


def test_not_one_fen_over_the_budget(staff, need, fund, consented):
    with actor_scope(staff):
        ledger.change_budget(fund, D("-950.00"), f"fund:{fund}:budget:2")
        with pytest.raises(ledger.BudgetExceededError):
            ledger.reserve(promise(need, fund, "50.01"))
        ledger.reserve(promise(need, fund, "50.00"))
        with pytest.raises(ledger.BudgetExceededError):
            ledger.change_budget(fund, D("-0.01"), f"fund:{fund}:budget:3")


def test_an_award_cannot_use_another_award_s_reservation(staff, need, fund, consented):
    with actor_scope(staff):
        ledger.reserve(promise(need, fund, "50.00", award=1))
        with pytest.raises(ledger.AwardAmountsError):
            ledger.commit(promise(need, fund, "50.00", award=2))
        with pytest.raises(ledger.AwardAmountsError):
            ledger.commit(promise(need, fund, "50.01", award=1))
        with pytest.raises(ledger.AwardAmountsError):
            ledger.pay(promise(need, fund, "50.00", award=1))


def test_the_same_posting_twice_is_refused(staff, need, fund, consented):
    with actor_scope(staff):
        ledger.reserve(promise(need, fund, "10.00"))
        with pytest.raises(ledger.AlreadyPostedError):
            ledger.reserve(promise(need, fund, "10.00"))
    assert totals(need)[1] == D("10.00")


def test_a_correction_always_records_and_opens_a_recovery_case(staff, need, fund, consented):
    with actor_scope(staff):
        ledger.reserve(promise(need, fund, "80.00"))
    with engine_scope():
        ledger.post_settlement(bill(need), need, D("30.00"), 2)
        case = RecoveryCase.objects.get(need_id=need)
    assert case.amount == D("50.00")
    assert told(need) == [("recovery.opened", f"need:{need}", "50.00", False)]
    assert totals(need) == (D("30.00"), D("80.00"), D(0), D(0), D("50.00"))
    with actor_scope(staff):
        with pytest.raises(ledger.ResidualExceededError):
            ledger.reserve(promise(need, fund, "0.01", award=2))
        ledger.release(promise(need, fund, "20.00"), "release:1")
    with engine_scope():
        recovery.settle(need)
        assert RecoveryCase.objects.get(need_id=need).amount == D("30.00")
    with actor_scope(staff):
        ledger.release(promise(need, fund, "60.00"), "release:2")
    assert totals(need) == (D("30.00"), D(0), D(0), D(0), D(0))
    with engine_scope():
        for _ in range(2):
            recovery.settle(need)
        assert RecoveryCase.objects.get(need_id=need).state == "resolved"
    assert told(need)[1:] == [
        ("recovery.lowered", f"need:{need}", "30.00", "50.00"),
        ("recovery.closed", f"need:{need}", "30.00", "resolved"),
    ]


def test_what_was_paid_to_a_wrong_person_is_asked_back_whatever_the_bills_come_to(need):
    with engine_scope():
        recovery.ask_back(need, D("10.00"), "undo:1:need:1")
        recovery.settle(need)
        assert RecoveryCase.objects.get(need_id=need).state == "open"


def test_crowdfunding_that_came_later_is_recorded_though_it_is_too_much(staff, need, fund, consented):
    with actor_scope(staff):
        ledger.reserve(promise(need, fund, "80.00"))
    with engine_scope():
        ledger.external(need, "crowdfunding", "campaign:1:v1", reserved=D("30.00"), paid=D("10.00"))
    assert totals(need)[4] == D("20.00")
    with engine_scope():
        assert RecoveryCase.objects.get(need_id=need).cause == "external"
    assert told(need) == [("recovery.opened", f"need:{need}", "20.00", False)]


def test_what_asks_nothing_back_tells_nothing_of_it(need):
    with engine_scope():
        ledger.post_settlement(bill(need), need, D("130.00"), 2)
        ledger.external(need, "crowdfunding", "campaign:1:v1", paid=D("10.00"))
    assert not told(need)


def test_a_recovery_case_whose_entry_is_undone_leaves_no_line(staff, need, fund, consented):
    with actor_scope(staff):
        ledger.reserve(promise(need, fund, "80.00"))
    with engine_scope():
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            ledger.post_settlement(bill(need), need, D("30.00"), 2)
            raise ZeroDivisionError
        assert not RecoveryCase.objects.exists()
    assert not told(need)


def test_another_organisation_cannot_spend_from_the_fund(staff, need, fund, consented):
    with (
        actor_scope(make.staff(make.organisation(), "case_worker")),
        pytest.raises(DatabaseError, match="row-level security"),
    ):
        ledger.reserve(promise(need, fund, "10.00"))
    assert totals(need)[1] == 0


def test_without_a_live_consent_nothing_is_promised(staff, need, fund):
    with actor_scope(staff), pytest.raises(DatabaseError, match="row-level security"):
        ledger.reserve(promise(need, fund, "10.00"))


def test_the_need_is_invisible_without_consent(staff, need, fund):
    with actor_scope(staff):
        assert ledger.need_position(need) == ledger.NOTHING
        assert not Entry.objects.filter(need_id=need).exists()


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE entry SET d_paid = 0",
        "DELETE FROM entry",
        "UPDATE need_account SET residual = 1000000",
        "UPDATE fund_account SET residual = 1000000",
        "UPDATE settlement_balance SET residual = 1000000",
        "TRUNCATE entry",
    ],
)
@pytest.mark.parametrize("role", ["app", "engine"])
def test_nobody_rewrites_the_books(staff, need, fund, sql, role):
    with (
        actor_scope(staff) if role == "app" else engine_scope(),
        pytest.raises(DatabaseError, match="permission denied|append-only"),
        transaction.atomic(),
    ):
        with connection.cursor() as cursor:
            cursor.execute(sql)


def test_staff_cannot_post_as_the_insurer(staff, need, fund, consented):
    with actor_scope(staff), pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
        Entry.objects.create(
            need_id=need, fund_id=None, kind="correct", layer="statutory", reference="x", d_residual=D(1000)
        )


def test_a_merge_moves_every_total(staff, need, fund, consented):
    with actor_scope(staff):
        ledger.reserve(promise(need, fund, "60.00"))
    with engine_scope():
        other = ledger.need_for(888_888, "C91")
        ledger.move_need(need, other.pk, "merge:1")
        assert ledger.need_position(need) == ledger.Position(*[D("0.00")] * 5)
        moved = NeedAccount.objects.get(pk=other.pk)
    assert (moved.residual, moved.reserved, moved.excess) == (D("100.00"), D("60.00"), D(0))


def test_a_move_makes_no_yuan_and_loses_none(need):
    with engine_scope():
        other = ledger.need_for(888_889, "C91").pk
        for entries in (
            [Entry(need_id=need, kind="merge", layer="statutory", reference="x:1", d_residual=D("-5.00"))],
            [
                Entry(need_id=need, kind="merge", layer="statutory", reference="x:1", d_residual=D("-5.00")),
                Entry(need_id=other, kind="merge", layer="statutory", reference="x:2", d_residual=D("6.00")),
            ],
            [
                Entry(need_id=need, kind="merge", layer="statutory", reference="x:1", d_residual=D("-5.00")),
                Entry(need_id=other, kind="merge", layer="charity", reference="x:2", d_residual=D("5.00")),
            ],
        ):
            with pytest.raises(DatabaseError, match="makes no yuan"), transaction.atomic():
                Entry.objects.bulk_create(entries)


def test_only_the_named_causes_move_and_they_stay_apart(staff, need, fund, consented):
    with actor_scope(staff):
        mine = ledger.Promise(88_001, need, fund, D("10.00"))
        other = ledger.Promise(88_002, need, fund, D("20.00"))
        ledger.reserve(mine)
        ledger.reserve(other)
    with engine_scope():
        elsewhere = ledger.need_for(888_890, "C91").pk
        moved = ledger.move_need(need, elsewhere, "merge:1", causes={f"award:{mine.award_id}"})
        assert [(one.cause, one.reserved) for one in moved] == [(f"award:{mine.award_id}", D("10.00"))]
        assert ledger.need_position(need).reserved == D("20.00")
        # no bill came along: what stands there now is too much, recorded, and asked back once
        assert ledger.need_position(elsewhere).excess == D("10.00")
        assert RecoveryCase.objects.get(state="open").amount == D("10.00")
        ledger.move_need(elsewhere, need, "merge:1", "unmerge")
        assert not RecoveryCase.objects.filter(state="open").exists()
        assert told(elsewhere) == [
            ("recovery.opened", f"need:{elsewhere}", "10.00", False),
            ("recovery.closed", f"need:{elsewhere}", "10.00", "moved"),
        ]
        assert {one.cause for one in ledger.holdings(need)} >= {
            f"award:{mine.award_id}",
            f"award:{other.award_id}",
        }
