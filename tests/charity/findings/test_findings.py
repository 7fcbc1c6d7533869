"""What staff check: it is sealed, append-only, theirs alone, and the criteria rest on it."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

import cases
import factories as make
from audit.models import EntryPayload
from charity.applications.models import Application
from charity.awards import services as awards
from charity.awards.bills import bills_of
from charity.awards.candidates import evaluate_case
from charity.awards.models import Case
from charity.awards.rules import AwardError
from charity.findings import handlers, services, words
from charity.findings.models import CATEGORY, Fact, Finding
from consent import services as consents
from consent.models import Consent
from insurance.ledger.models import Entry
from outbox import emit
from outbox.tasks import drain
from scope import actor_scope, engine_scope

TODAY = timezone.localdate()
HOME = {
    "id": "home",
    "type": "area",
    "clause": "第二条",
    "text": "户籍在长沙市。",
    "params": {"options": [{"by": "household", "areas": ["4301"], "name": "长沙市"}]},
}
POOR = {
    "id": "poor",
    "type": "hardship",
    "clause": "第三条",
    "text": "低保或特困。",
    "params": {"classes": ["dibao", "tekun"]},
}
DONE = {
    "id": "done",
    "type": "procedure",
    "clause": "第四条",
    "text": "完成移植。",
    "params": {"procedure": "hsct", "name": "造血干细胞移植", "state": "done"},
}
BURDEN = {
    "id": "burden",
    "type": "ratio",
    "clause": "第五条",
    "text": "自付占支付能力四成以上。",
    "params": {"min": "0.4"},
}
STAGED = {
    "id": "staged",
    "type": "diagnosis",
    "clause": "第六条",
    "text": "白血病高危。",
    "params": {"diseases": [{"icd10": ["C91"], "names": ["白血病"], "stages": ["高危"]}]},
}
VALUES = {
    Fact.HOUSEHOLD_AREA: {"area": "430104"},
    Fact.RESIDENCE: {"area": "430104", "since": "2014-12-31"},
    Fact.INSURED_AREA: {"value": "430100"},
    Fact.INSUTYPE: {"value": "390"},
    Fact.HOUSEHOLD: {"members": 3, "income": "60000.00", "living": "20000.00"},
    Fact.MEDICAL_SPEND: {"amount": "30000.00"},
    Fact.DIAGNOSIS: {"name": "急性淋巴细胞白血病", "icd10": "C91.0", "stage": "高危"},
    Fact.FIRST_DIAGNOSIS: {"first": True},
    Fact.DIAGNOSED_ON: {"day": "2026-05-01"},
    Fact.TREATED_ON: {"day": "2026-06-01"},
    Fact.HOSPITAL: {"name": "示例市儿童医院", "level": 3},
}


def told(**more):
    return {"means": "phone", "source": "岳麓区派出所户籍科 0731-0000", "checked_on": TODAY, **more}


def check(on, fact, value, **more):
    with actor_scope(on.worker):
        done = services.record_finding(on.worker, on.case.pk, fact, value=value, **told(**more))
    drain()
    on.reload()
    return done


def result(on, name):
    with actor_scope(on.worker):
        return next(row for row in Case.objects.get(pk=on.case.pk).criteria if row.get("id") == name)


def test_a_checked_fact_meets_its_criterion_and_says_how_it_was_checked(db):
    on = cases.stage(criteria=[HOME])
    assert result(on, "home")["status"] == "unknown"
    check(on, "household_area", {"area": "430104"})
    met = result(on, "home")
    assert (met["status"], met["actual"]) == ("met", "湖南省长沙市岳麓区")
    assert "打电话问" in met["source"]
    assert met["clause"] == "第二条"


def test_a_checked_fact_may_also_speak_against_it(db):
    on = cases.stage(criteria=[HOME])
    check(on, "household_area", {"area": "130302"})
    assert result(on, "home")["status"] == "failed"
    assert on.case.verdict == "ineligible"


def test_could_not_verify_is_never_not_eligible(db):
    on = cases.stage(criteria=[HOME, POOR, DONE])
    for fact in ("household_area", "hardships", "procedures"):
        key = "hsct" if fact == "procedures" else "dibao" if fact == "hardships" else ""
        check(on, fact, None, key=key)
    assert {result(on, name)["status"] for name in ("home", "poor", "done")} == {"unknown"}
    assert on.case.verdict == "undetermined"


def test_the_newest_check_counts_and_the_former_ones_stay(db):
    on = cases.stage(criteria=[HOME])
    check(on, "household_area", {"area": "130302"})
    check(on, "household_area", {"area": "430104"})
    assert result(on, "home")["status"] == "met"
    with actor_scope(on.worker):
        services.withdraw(on.worker, on.case.pk, "household_area", reason="看错了人的户口本")
    drain()
    assert result(on, "home")["status"] == "unknown"
    with actor_scope(on.worker):
        assert [row.outcome for row in services.findings_of(on.case)] == ["found", "found", "withdrawn"]
        with pytest.raises(AwardError):
            services.withdraw(on.worker, on.case.pk, "household_area", reason="再撤一次看看")


def test_a_check_that_ran_out_no_longer_counts(db, monkeypatch):
    on = cases.stage(criteria=[HOME])
    check(on, "household_area", {"area": "430104"}, valid_until=TODAY)
    assert result(on, "home")["status"] == "met"
    with engine_scope("test"):
        assert handlers.sweep_expired() == 0
    real = timezone.localdate
    monkeypatch.setattr(
        timezone, "localdate", lambda value=None, zone=None: real(value, zone) + timedelta(days=not value)
    )
    with engine_scope("test"):
        assert handlers.sweep_expired() == 1
    assert result(on, "home")["status"] == "unknown"


def test_a_hardship_needs_the_offices_word_and_its_end(db):
    on = cases.stage(criteria=[POOR])
    assert result(on, "poor")["status"] == "unknown"
    until = (TODAY + timedelta(days=90)).isoformat()
    check(on, "hardships", {"office": "岳麓区民政局", "since": "2026-01-01", "until": until}, key="dibao")
    met = result(on, "poor")
    assert met["status"] == "met"
    assert "岳麓区民政局" in met["source"]


def test_a_register_without_the_person_says_no_hardship(db):
    on = cases.stage(criteria=[POOR])
    check(on, "hardships", {"office": "岳麓区民政局"}, key="none", means="register")
    assert result(on, "poor")["status"] == "failed"
    check(on, "hardships", {"office": "岳麓区民政局", "since": "2026-11-01", "until": ""}, key="tekun")
    assert result(on, "poor")["status"] in {"met", "unknown"}


def test_another_class_than_asked_leaves_the_question_open(db):
    on = cases.stage(criteria=[POOR])
    check(on, "hardships", {"office": "岳麓区民政局", "since": "2026-01-01", "until": ""}, key="orphan")
    assert result(on, "poor")["status"] == "unknown"


def test_an_operation_is_verified_one_by_one(db):
    other = {
        **DONE,
        "id": "other",
        "params": {"procedure": "chd_surgery", "name": "先心病手术", "state": "not_done"},
    }
    on = cases.stage(criteria=[DONE, other])
    check(on, "procedures", {"done": True, "day": "2026-07-01"}, key="hsct")
    assert result(on, "done")["status"] == "met"
    assert result(on, "other")["status"] == "unknown"
    check(on, "procedures", {"done": False, "day": ""}, key="chd_surgery")
    assert result(on, "other")["status"] == "met"


def test_income_less_living_costs_is_the_capacity_to_pay(db):
    on = cases.stage(criteria=[BURDEN], residual="30000.00")
    assert result(on, "burden")["status"] == "unknown"
    check(on, "capacity_to_pay", {"members": 3, "income": "90000.00", "living": "20000.00"})
    assert (result(on, "burden")["status"], result(on, "burden")["actual"]) == ("met", "42.8%")
    check(on, "capacity_to_pay", {"members": 3, "income": "90000.00", "living": ""})
    assert result(on, "burden")["status"] == "failed"


def test_a_stage_that_the_family_told_counts_once_it_was_read_on_paper(db):
    ill = cases.answers()["illness"] | {"stage": "高危"}
    on = cases.stage(criteria=[STAGED], told=cases.answers(illness=ill))
    assert result(on, "staged")["status"] == "unknown"
    assert result(on, "staged")["tentative"] == "met"
    row = cases.paper(on)
    with pytest.raises(AwardError) as caught:
        check(on, "diagnoses", {"stage": "高危"}, means="document", document_id=row.pk)
    assert caught.value.code == "document"
    from charity.awards import casework

    with actor_scope(on.worker):
        casework.accept_document(on.worker, on.case.pk, row.pk, seal="hospital")
    check(on, "diagnoses", {"stage": "高危"}, means="document", document_id=row.pk)
    assert result(on, "staged")["status"] == "met"


@pytest.mark.parametrize("fact", sorted(VALUES))
def test_every_kind_of_check_can_be_recorded_and_evaluated(db, fact):
    on = cases.stage(criteria=[HOME, BURDEN, STAGED])
    check(on, fact, VALUES[fact])
    assert on.case.evaluated_at


def test_every_fact_has_its_category():
    assert set(CATEGORY) == set(Fact.values)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"means": "meeting"}, "means"),
        ({"source": "  "}, "reason"),
        ({"checked_on": TODAY + timedelta(days=1)}, "date"),
        ({"valid_until": TODAY - timedelta(days=1)}, "date"),
        ({"means": "document", "document_id": 999_999}, "document"),
    ],
)
def test_a_check_that_says_too_little_is_refused_and_changes_nothing(db, change, code):
    on = cases.stage(criteria=[HOME])
    with actor_scope(on.worker), pytest.raises(AwardError) as caught:
        services.record_finding(
            on.worker, on.case.pk, "household_area", value={"area": "430104"}, **told(**change)
        )
    assert caught.value.code == code
    with engine_scope("test"):
        assert not Finding.objects.exists()


def test_only_case_workers_and_approvers_of_the_house_check(db):
    on, other = cases.stage(criteria=[HOME]), cases.stage(criteria=[HOME])
    for actor in (on.payer, on.manager, other.worker):
        with actor_scope(actor), pytest.raises(AwardError) as caught:
            services.record_finding(actor, on.case.pk, "household_area", value={"area": "430104"}, **told())
        assert caught.value.code in {"role", "not_found"}


def test_nothing_is_recorded_of_what_the_family_did_not_open(db):
    on = cases.stage(criteria=[POOR], categories=["identity", "bills"])
    with pytest.raises(AwardError) as caught:
        check(on, "hardships", {"office": "岳麓区民政局"}, key="dibao")
    assert caught.value.code == "category"


def test_after_a_withdrawal_nobody_reads_it_and_a_new_yes_does_not_bring_it_back(db):
    on = cases.stage(criteria=[HOME])
    check(on, "household_area", {"area": "430104"})
    with actor_scope(make.patient(on.account)) as family:
        consents.withdraw(family, on.consent)
    with actor_scope(on.worker):
        assert not Finding.objects.exists()
    drain()
    with engine_scope("test"):
        assert not Finding.objects.exists(), "erased with the sealed case"
    with actor_scope(on.worker):
        with pytest.raises(AwardError):
            services.record_finding(
                on.worker, on.case.pk, "household_area", value={"area": "430104"}, **told()
            )
    make.consent_again(on.consent)
    drain()
    on.reload()
    assert result(on, "home")["status"] == "unknown"


def test_the_audit_entry_names_the_fact_and_never_the_value(db):
    on = cases.stage(criteria=[HOME])
    check(on, "household_area", {"area": "430104"})
    with engine_scope("test"):
        payload = EntryPayload.objects.get(entry__action="finding.recorded").payload
    assert payload["fact"] == "household_area"
    text = json.dumps(payload, ensure_ascii=False)
    assert "430104" not in text
    assert "派出所" not in text


def test_value_and_source_are_sealed_in_the_database(db):
    on = cases.stage(criteria=[HOME])
    check(on, "household_area", {"area": "430104"})
    with engine_scope("test"), connection.cursor() as cursor:
        cursor.execute("SELECT value, source FROM finding")
        stored = b"".join(bytes(part) for part in cursor.fetchone())
    assert b"430104" not in stored
    assert "派出所".encode() not in stored


def test_the_same_event_again_changes_nothing(db):
    on = cases.stage(criteria=[HOME])
    check(on, "household_area", {"area": "430104"})
    before = (on.case.met, on.case.unknown, on.case.verdict)
    with engine_scope("test"):
        evaluate_case(on.case)
        evaluate_case(on.case)
    on.reload()
    assert (on.case.met, on.case.unknown, on.case.verdict) == before


def test_another_house_cannot_wake_the_evaluation(db):
    on, other = cases.stage(criteria=[HOME]), cases.stage(criteria=[HOME])
    with engine_scope("test"):
        Case.objects.filter(pk=on.case.pk).update(verdict="marker")
    with actor_scope(other.worker):
        emit("finding.recorded", case_id=on.case.pk)
    drain()
    assert on.reload().verdict == "marker"


INSERT = """INSERT INTO finding (case_id, organisation_id, application_id, consent_id, fact, key, category, outcome,
 value, means, source, checked_on, recorded_by_id, recorded_at, document_id)
 VALUES (%(case)s, %(org)s, %(application)s, %(consent)s, %(fact)s, '', %(category)s, 'found', '\\x00', %(means)s,
 '\\x00', now(), %(user)s, now(), NULL)"""


def inserted(on):
    """A check of one's own as INSERT takes it."""
    return {
        "case": on.case.pk,
        "org": on.org.pk,
        "application": on.application.pk,
        "consent": on.consent.pk,
        "fact": "household_area",
        "category": "identity",
        "means": "phone",
        "user": on.worker.user_id,
    }


@pytest.mark.parametrize(
    "lie",
    [
        "somebody else's name",
        "another house's case",
        "another application",
        "another category",
        "nothing was looked at",
        "a decided case",
    ],
)
def test_sql_of_the_web_role_cannot_write_a_check_that_is_not_ones_own(db, lie):
    on, other = cases.stage(criteria=[HOME]), cases.stage(criteria=[HOME])
    row = inserted(on)
    change = {
        "somebody else's name": {"user": on.approver.user_id},
        "another house's case": {"case": other.case.pk},
        "another application": {"application": other.application.pk},
        "another category": {"category": "other_aid"},
        "nothing was looked at": {"means": "document"},
        "a decided case": {},
    }[lie]
    if lie == "a decided case":
        with engine_scope("test"):
            Case.objects.filter(pk=on.case.pk).update(state="paid")
    with (
        actor_scope(on.worker),
        pytest.raises(DatabaseError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(INSERT, {**row, **change})


def test_a_renewed_consent_keeps_what_was_checked(db):
    on = cases.stage(criteria=[HOME])
    check(on, "household_area", {"area": "430104"})
    with engine_scope("test"):
        Consent.objects.filter(pk=on.consent.pk).update(valid_until=timezone.now() + timedelta(days=5))
    make.consent_again(on.consent)
    drain()
    on.reload()
    assert on.case.consent_id != on.consent.pk
    assert result(on, "home")["status"] == "met"
    with actor_scope(on.worker):
        assert len(services.findings_of(on.case)) == 1


def test_the_engine_erases_no_check_of_a_case_that_is_open(db):
    on = cases.stage(criteria=[HOME])
    check(on, "household_area", {"area": "430104"})
    with engine_scope("test"), pytest.raises(DatabaseError), transaction.atomic():
        Finding.objects.all().delete()


def test_sql_of_the_web_role_neither_changes_nor_removes_a_check(db):
    on = cases.stage(criteria=[HOME])
    check(on, "household_area", {"area": "430104"})
    for statement in ("UPDATE finding SET fact = 'residence'", "DELETE FROM finding", "TRUNCATE finding"):
        with (
            actor_scope(on.worker),
            pytest.raises(DatabaseError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_another_house_and_another_family_read_nothing(db):
    on, other = cases.stage(criteria=[HOME]), cases.stage(criteria=[HOME])
    check(on, "household_area", {"area": "430104"})
    for actor in (other.worker, make.patient(other.account), make.patient()):
        with actor_scope(actor):
            assert not Finding.objects.exists()


COMMITTEE = {
    "criteria": [
        {
            "id": "board",
            "type": "committee",
            "clause": "第六条",
            "text": "评审会同意。",
            "params": {"name": "评审会"},
        }
    ],
    "process": {"committee": True, "queue": "first_come", "promised_days": 10},
}


def meet(on, actor=None, **change):
    actor = actor or on.worker
    values = {
        "met_on": TODAY,
        "decision": "approved",
        "present": 5,
        "quorum": 3,
        "votes_for": 4,
        "votes_against": 1,
        "minutes": "评审会纪要 2026-11",
        "no_conflict": True,
        **change,
    }
    with actor_scope(actor):
        done = services.record_committee(actor, on.case.pk, **values)
    drain()
    on.reload()
    return done


def test_the_committee_decides_and_sets_a_ceiling(db):
    on = cases.stage(**COMMITTEE)
    assert result(on, "board")["status"] == "unknown"
    meet(on, amount=Decimal("4000.00"))
    assert result(on, "board")["status"] == "met"
    assert on.case.offer == Decimal("4000.00")


def test_a_deferred_decision_stays_unknown_and_a_no_is_a_no(db):
    on = cases.stage(**COMMITTEE)
    meet(on, decision="deferred", votes_for=0, votes_against=0)
    assert result(on, "board")["status"] == "unknown"
    meet(on, decision="refused", votes_for=1, votes_against=4)
    assert result(on, "board")["status"] == "failed"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"no_conflict": False}, "conflict"),
        ({"present": 2}, "quorum"),
        ({"votes_for": 5, "votes_against": 1}, "votes"),
        ({"votes_for": 2, "votes_against": 2}, "votes"),
        ({"decision": "refused"}, "votes"),
        ({"met_on": TODAY + timedelta(days=1)}, "date"),
        ({"amount": Decimal("-1")}, "amount"),
        ({"minutes": "x"}, "reason"),
    ],
)
def test_a_meeting_that_does_not_hold_is_not_recorded(db, change, code):
    on = cases.stage(**COMMITTEE)
    with pytest.raises(AwardError) as caught:
        meet(on, **change)
    assert caught.value.code == code


def test_a_fund_without_a_committee_has_no_meeting(db):
    on = cases.stage(criteria=[HOME])
    with pytest.raises(AwardError) as caught:
        meet(on)
    assert caught.value.code == "fact"


def test_the_fund_manager_may_record_the_meeting_and_the_approver_may_not(db):
    on = cases.stage(**COMMITTEE)
    meet(on, on.manager)
    with pytest.raises(AwardError) as caught:
        meet(on, on.approver)
    assert caught.value.code == "role"


BY_BILL = {"residual": {"basis": "person", "after": ["charity"], "scope": "bill", "clause": "第五条"}}


def two_bills():
    with engine_scope("test"):
        from people.models import Person

        person = Person.objects.create().pk
    need = cases.bills(person, ["3000.00", "8000.00"])
    org = make.organisation()
    fund = cases.fund_with_rule(org, **BY_BILL)
    return cases.stage(org=org, fund=fund, person_id=person, need_id=need)


def of_case(on):
    with actor_scope(on.worker):
        return {str(bill.borne): bill for bill in bills_of(Case.objects.get(pk=on.case.pk))}


def propose(on, amount):
    with actor_scope(on.worker):
        return awards.propose(
            on.worker,
            on.case.pk,
            amount=Decimal(amount),
            reason="材料齐全，建议按规则资助。",
            payee="示例医院 账户",
        )


def test_a_rule_of_one_bill_looks_at_the_largest_open_one_until_staff_choose(db):
    on = two_bills()
    assert result(on, "own_cost")["actual"] == "¥8,000.00"
    small = of_case(on)["3000.00"].settlement_id
    with actor_scope(on.worker):
        services.choose_bill(on.worker, on.case.pk, small)
    drain()
    on.reload()
    assert result(on, "own_cost")["actual"] == "¥3,000.00"
    with pytest.raises(AwardError) as caught:
        propose(on, "3000.01")
    assert caught.value.code == "limit"
    propose(on, "2500.00")
    with engine_scope("test"):
        assert Entry.objects.get(award_id__isnull=False).settlement_id == small
    assert of_case(on)["3000.00"].open == Decimal("3000.00")


def test_what_is_bound_to_one_bill_leaves_the_other_bills_open(db):
    on = two_bills()
    small = of_case(on)["3000.00"].settlement_id
    with actor_scope(on.worker):
        services.choose_bill(on.worker, on.case.pk, small)
    drain()
    propose(on, "2500.00")
    house = make.organisation()
    other = cases.stage(org=house, fund=cases.fund_with_rule(house, **BY_BILL), application=on.application)
    drain()
    seen = of_case(other)
    assert seen["3000.00"].open == Decimal("500.00")
    assert seen["8000.00"].open == Decimal("8000.00")
    with actor_scope(other.worker):
        services.choose_bill(other.worker, other.case.pk, small)
    drain()
    with pytest.raises(AwardError):
        propose(other, "500.01")


def test_anothers_bill_is_not_found_and_an_episode_rule_has_no_choice(db):
    on, other = two_bills(), two_bills()
    with actor_scope(on.worker), pytest.raises(AwardError) as caught:
        services.choose_bill(on.worker, on.case.pk, of_case(other)["3000.00"].settlement_id)
    assert caught.value.code == "not_found"
    plain = cases.stage()
    with actor_scope(plain.worker), pytest.raises(AwardError) as caught:
        services.choose_bill(plain.worker, plain.case.pk, 1)
    assert caught.value.code == "fact"


def test_a_quota_is_counted_and_full_places_wait_in_the_queue(db):
    quota = {
        "id": "places",
        "type": "quota",
        "clause": "第九条",
        "text": "每年 1 人。",
        "params": {"people": 1, "per": "year"},
    }
    on = cases.stage(criteria=[quota])
    assert result(on, "places")["status"] == "met"
    assert "1 个名额" in result(on, "places")["actual"]
    propose(on, "4000.00")
    with actor_scope(on.approver):
        awards.approve(on.approver, on.case.pk, reason="同意，金额在规则之内。", no_conflict=True)
    drain()
    assert result(on, "places")["status"] == "met", "one's own award does not take one's place"
    later = cases.stage(org=on.org, fund=on.fund)
    assert result(later, "places")["status"] == "unknown"
    assert "排队" in result(later, "places")["missing"]


def test_nobody_online_chooses_the_id_of_a_check(db):
    on = cases.stage(criteria=[HOME])
    row = inserted(on)
    forged = INSERT.replace("(case_id", "(id, case_id").replace("VALUES (", "VALUES (9000000000, ")
    for statement, passes in ((forged, False), (INSERT, True)):
        with actor_scope(on.worker), transaction.atomic(), connection.cursor() as cursor:
            if passes:
                cursor.execute(statement, row)
            else:
                with pytest.raises(DatabaseError), transaction.atomic():
                    cursor.execute(statement, row)


def test_the_family_takes_along_what_was_checked_about_it_and_no_more(db):
    on = cases.stage(**COMMITTEE | {"criteria": [HOME, DONE, *COMMITTEE["criteria"]]})
    check(on, "household_area", {"area": "430104"})
    check(on, "procedures", {"done": True, "day": "2026-06-01"}, key="hsct")
    account = on.account
    meet(on)
    with actor_scope(make.patient(account)):
        copy = words.copy_for_family(on.application.pk)
    assert [row["found"] for row in copy] == ["湖南省长沙市岳麓区", "已做造血干细胞移植，2026-06-01"]
    assert "派出所" not in json.dumps(copy, ensure_ascii=False)
    with actor_scope(make.patient(make.account())):
        assert words.copy_for_family(on.application.pk) == []
    with engine_scope("test"):
        Application.objects.filter(pk=on.application.pk).update(proof="claimed")
    with actor_scope(make.patient(account)):
        assert words.copy_for_family(on.application.pk) == []
