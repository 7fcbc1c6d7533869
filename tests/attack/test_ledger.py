"""Money by hand: SQL of a charity's own in the ledger, and what it may not move."""

from decimal import Decimal
from itertools import count

import pytest
from django.db.utils import DatabaseError, IntegrityError

import factories as make
from insurance.ledger import services as ledger
from insurance.ledger.models import Entry, RecoveryCase, SettlementBalance
from scope import actor_scope, engine_scope

pytestmark = pytest.mark.django_db
D = Decimal
_awards = count(50_000)


class Charity:
    def __init__(self, budget="1000.00"):
        self.org = make.organisation()
        self.fund = make.fund(self.org, budget).pk
        self.staff = make.staff(self.org, "case_worker")

    def consented(self, need, **kwargs):
        make.consent(self.org, self.fund, make.application(), need_id=need, **kwargs)
        return self

    def promise(self, need, amount, award=None, settlement=None):
        return ledger.Promise(award or next(_awards), need, self.fund, D(amount), settlement)


@pytest.fixture
def mine():
    return Charity()


@pytest.fixture
def theirs():
    return Charity()


@pytest.fixture
def need(mine, theirs):
    need = make.need("100.00")
    mine.consented(need)
    theirs.consented(need)
    return need


def totals(need):
    with engine_scope():
        p = ledger.need_position(need)
    return p.residual, p.reserved, p.committed, p.paid


def bill(need):
    with engine_scope():
        return SettlementBalance.objects.get(need_id=need).pk


def test_what_is_reserved_on_one_need_is_not_released_on_another(mine, theirs, need):
    """Else another charity's reservation would vanish and its yuan be promised again."""
    victim = make.need("100.00")
    theirs.consented(victim)
    with actor_scope(theirs.staff):
        ledger.reserve(theirs.promise(victim, "100.00"))
    with actor_scope(mine.staff):
        held = mine.promise(need, "60.00")
        ledger.reserve(held)
        with pytest.raises(ledger.AwardAmountsError):
            ledger.release(mine.promise(victim, "60.00", held.award_id))
        ledger.commit(held)
        ledger.pay(held)
        for move in (ledger.cancel, ledger.pay, ledger.return_payment):
            with pytest.raises(ledger.AwardAmountsError):
                move(mine.promise(victim, "60.00", held.award_id), "elsewhere")
    assert totals(victim) == (D("100.00"), D("100.00"), 0, 0)


def test_a_refusal_does_not_tell_whether_a_need_exists_or_holds_money(mine, theirs, need):
    rich, poor, nobody = make.need("500.00"), make.need("0.00"), 99_999_999
    theirs.consented(rich)
    with actor_scope(theirs.staff):
        ledger.reserve(theirs.promise(rich, "400.00"))
    said = set()
    with actor_scope(mine.staff):
        held = mine.promise(need, "10.00")
        ledger.reserve(held)
        for other in (rich, poor, nobody):
            with pytest.raises(ledger.AwardAmountsError) as refusal:
                ledger.release(mine.promise(other, "10.00", held.award_id))
            said.add((str(refusal.value), str(refusal.value.__cause__).split("CONTEXT")[0]))
            with pytest.raises(DatabaseError) as other_refusal:
                ledger.reserve(mine.promise(other, "1.00"))
            said.add(("reserve", str(other_refusal.value)))
    assert len(said) == 2


def test_a_bill_of_another_need_is_neither_loaded_nor_freed(mine, theirs, need):
    victim = make.need("100.00")
    theirs.consented(victim)
    with actor_scope(theirs.staff):
        ledger.reserve(theirs.promise(victim, "80.00", settlement=bill(victim)))
    with actor_scope(mine.staff):
        with pytest.raises(ledger.AwardAmountsError):
            ledger.reserve(mine.promise(need, "5.00", settlement=bill(victim)))
        with pytest.raises(ledger.AwardAmountsError):
            ledger.reserve(mine.promise(need, "5.00", settlement=88_888_888))
        held = mine.promise(need, "5.00")
        ledger.reserve(held)
        with pytest.raises(ledger.AwardAmountsError):
            ledger.release(mine.promise(need, "5.00", held.award_id, bill(need)))


def test_an_award_s_number_taken_in_another_fund_neither_blocks_nor_pays_it(mine, theirs, need):
    award = next(_awards)
    with actor_scope(mine.staff):
        ledger.reserve(mine.promise(need, "1.00", award))
    with actor_scope(theirs.staff):
        with pytest.raises(ledger.AwardAmountsError):
            ledger.commit(theirs.promise(need, "1.00", award))
        ledger.reserve(
            theirs.promise(need, "2.00", award)
        )  # neither "posted already" nor "out of its amounts"
        ledger.commit(theirs.promise(need, "2.00", award))
    assert totals(need) == (D("100.00"), D("1.00"), D("2.00"), 0)


def test_an_award_does_not_move_between_two_funds_of_one_charity(mine, need):
    other = make.fund(mine.org).pk
    make.consent(mine.org, other, make.application(), need_id=need)
    with actor_scope(mine.staff):
        held = mine.promise(need, "10.00")
        ledger.reserve(held)
        with pytest.raises(ledger.AwardAmountsError):
            ledger.commit(ledger.Promise(held.award_id, need, other, D("10.00")))


def test_the_yes_for_one_fund_promises_nothing_from_another(mine, need):
    other = make.fund(mine.org).pk
    with actor_scope(mine.staff), pytest.raises(DatabaseError, match="row-level security"):
        ledger.reserve(ledger.Promise(next(_awards), need, other, D("1.00")))


def test_another_s_reference_cannot_be_written_ahead(mine, need, inject):
    with actor_scope(mine.staff), pytest.raises(IntegrityError, match="entry_reference"):
        inject(
            "INSERT INTO entry (need_id, fund_id, kind, layer, award_id, reference, d_residual, d_reserved,"
            " d_committed, d_paid, created_at) VALUES (%s, %s, 'reserve', 'charity', 1, 'award:2:reserve',"
            " 0, 1, 0, 0, now())",
            need,
            mine.fund,
        )


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity", "1e13", "-0.01", "0", "0.004"])
def test_a_number_that_is_none_buys_nothing(mine, need, inject, amount):
    with actor_scope(mine.staff):
        for kind, award, column in (("reserve", 1, "d_reserved"), ("budget", None, "d_residual")):
            if kind == "budget" and amount in {"-0.01", "0", "0.004"}:
                continue  # a budget may be lowered, and raised by nothing
            with pytest.raises(DatabaseError, match=r"entry_finite|entry_shape|overflow|infinite value"):
                inject(
                    f"INSERT INTO entry (need_id, fund_id, kind, layer, award_id, reference, {column},"
                    + ", ".join({"d_residual", "d_reserved", "d_committed", "d_paid"} - {column})
                    + ", created_at) VALUES (%s, %s, %s, 'charity', %s, %s, %s::numeric, 0, 0, 0, now())",
                    need if award else None,
                    mine.fund,
                    kind,
                    award,
                    f"award:{award}:x" if award else f"fund:{mine.fund}:x",
                    amount,
                )
    assert totals(need)[1] == 0
    with actor_scope(mine.staff):
        assert ledger.fund_position(mine.fund).residual == D("1000.00")


def test_the_insurer_s_figures_are_finite_too(need, inject):
    with engine_scope(), pytest.raises(IntegrityError, match="entry_finite"):
        inject(
            "INSERT INTO entry (need_id, kind, layer, reference, d_residual, d_reserved, d_committed, d_paid,"
            " created_at) VALUES (%s, 'correct', 'statutory', 'x', 'NaN', 0, 0, 0, now())",
            need,
        )


@pytest.mark.parametrize(
    ("kind", "columns"),
    [
        ("reserve", {"d_reserved": "-5"}),
        ("release", {"d_reserved": "5"}),
        ("commit", {"d_reserved": "-5", "d_committed": "6"}),
        ("pay", {"d_committed": "-5", "d_paid": "6"}),
        ("return", {"d_paid": "5"}),
        ("reserve", {"d_reserved": "5", "d_residual": "100"}),
        ("external", {"d_reserved": "-50"}),
        ("merge", {"d_residual": "100"}),
        ("open", {"d_residual": "100"}),
        ("bribe", {"d_paid": "5"}),
    ],
)
def test_no_kind_of_entry_does_more_than_its_name_says(mine, need, kind, columns):
    with actor_scope(mine.staff), pytest.raises((ledger.LedgerError, DatabaseError)):
        ledger._post(
            [
                Entry(
                    need_id=need,
                    fund_id=mine.fund,
                    award_id=7,
                    kind=kind,
                    layer="charity",
                    reference="award:7:x",
                    **{name: D(value) for name, value in columns.items()},
                )
            ]
        )
    assert totals(need) == (D("100.00"), 0, 0, 0)


def test_one_insert_of_plus_and_minus_does_not_hide_a_promise_too_many(mine, need):
    """All entries of a statement count together; each award's own still has to add up."""
    with actor_scope(mine.staff):
        a, b = mine.promise(need, "100.00"), mine.promise(need, "100.00")
        ledger.reserve(a)
        entries = [
            ledger._award_entry("reserve", b, "reserve", d_reserved=D("100.00")),
            ledger._award_entry("release", b, "release", d_reserved=D("-100.00")),
        ]
        ledger._post(entries)  # adds up to nothing
        with pytest.raises(ledger.AwardAmountsError):
            ledger._post(
                [
                    ledger._award_entry("reserve", b, "again", d_reserved=D("100.00")),
                    ledger._award_entry("release", a, "one", d_reserved=D("-60.00")),
                    ledger._award_entry("release", a, "two", d_reserved=D("-60.00")),
                ]
            )
    assert totals(need)[1] == D("100.00")


def test_after_a_merge_the_award_goes_on_where_the_person_is_now(mine, need):
    held = mine.promise(need, "60.00")
    with actor_scope(mine.staff):
        ledger.reserve(held)
    with engine_scope():
        other = ledger.need_for(777_001, "C91").pk
        ledger.move_need(need, other, "merge:1")
    stranger = make.need("100.00")
    with actor_scope(mine.staff):
        with pytest.raises(ledger.AwardAmountsError):
            ledger.release(held)  # nothing is held there any more
        with pytest.raises(ledger.AwardAmountsError):
            ledger.release(mine.promise(stranger, "60.00", held.award_id))
        ledger.release(mine.promise(other, "60.00", held.award_id))
    assert totals(other) == (D("100.00"), 0, 0, 0)
    assert totals(need) == (0, 0, 0, 0)


def test_a_merge_that_is_taken_back_takes_the_award_back_too(mine, need):
    held = mine.promise(need, "60.00")
    with actor_scope(mine.staff):
        ledger.reserve(held)
    with engine_scope():
        other = ledger.need_for(777_002, "C91").pk
        ledger.move_need(need, other, "merge:1")
        ledger.move_need(other, need, "merge:1", "unmerge")
    with actor_scope(mine.staff):
        with pytest.raises(ledger.AwardAmountsError):
            ledger.release(mine.promise(other, "60.00", held.award_id), "release:wrong")
        ledger.release(held)
    assert totals(need) == (D("100.00"), 0, 0, 0)


def test_excess_that_a_correction_made_is_no_room_for_new_promises(mine, theirs, need):
    with actor_scope(mine.staff):
        held = mine.promise(need, "90.00")
        ledger.reserve(held)
    with engine_scope():
        ledger.post_settlement(bill(need), need, D("20.00"), 2)
        assert RecoveryCase.objects.get(need_id=need).amount == D("70.00")
    with actor_scope(theirs.staff), pytest.raises(ledger.ResidualExceededError):
        ledger.reserve(theirs.promise(need, "0.01"))
    with actor_scope(mine.staff):
        # half is given back: what was too much is gone first, and none of it can be promised again
        ledger.release(mine.promise(need, "50.00", held.award_id), "release:1")
        with pytest.raises(ledger.ResidualExceededError):
            ledger.reserve(mine.promise(need, "0.01"))


def test_withdrawn_expired_or_narrower_yeses_promise_nothing(mine, inject):
    from datetime import timedelta

    from django.utils import timezone

    from consent.models import Consent

    narrow, expired, withdrawn = make.need(), make.need(), make.need()
    mine.consented(narrow, categories=["identity"])
    mine.consented(expired, valid_for=timedelta(seconds=-1))
    mine.consented(withdrawn)
    with engine_scope():
        Consent.objects.filter(need_id=withdrawn).update(withdrawn_at=timezone.now())
    with actor_scope(mine.staff):
        for need in (narrow, expired, withdrawn):
            assert ledger.need_position(need) == ledger.NOTHING
            with pytest.raises(DatabaseError, match="row-level security"):
                ledger.reserve(mine.promise(need, "1.00"))


def test_a_budget_of_another_charity_is_not_touched(mine, theirs):
    with actor_scope(mine.staff):
        with pytest.raises(DatabaseError, match="row-level security"):
            ledger.change_budget(theirs.fund, D("-1.00"), f"fund:{theirs.fund}:budget:9")
        assert ledger.fund_position(theirs.fund) == ledger.NOTHING


def test_an_api_client_or_a_patient_posts_nothing(mine, need):
    for actor in (make.client_actor(mine.org, "settlements:write"), make.patient()):
        with actor_scope(actor), pytest.raises(DatabaseError, match="row-level security"):
            ledger.reserve(mine.promise(need, "1.00"))
