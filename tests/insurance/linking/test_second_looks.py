"""The desk's other rooms: a second person, a link found by number, twin bills, samples and their precision."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

import factories as make
from accounts.models import Membership
from accounts.staff import enrol_totp
from insurance.intake import processing
from insurance.intake.models import Settlement
from insurance.ledger import services as ledger
from insurance.linking import desk, finding, quality, sampling, suggesting, twins, undo
from insurance.linking.models import BillQuestion, LookUp, Merge, Quality, Review
from outbox import tasks
from people.models import Identity
from scope import Actor, actor_scope, engine_scope

pytestmark = pytest.mark.django_db
D = Decimal
SECRETS = ("陈雨涵", "王建国", "13800005521", "20170308", "03-08")


@pytest.fixture
def desks():
    """Two reviewers at their browsers."""
    operator = make.organisation("operator")
    clients = []
    for _ in range(2):
        user = make.user(operator, "linkage_reviewer")
        enrol_totp(user)
        client = Client()
        client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
        clients.append(client)
    return clients


def get(client, name, *args):
    response = client.get(reverse(f"linking:{name}", args=args))
    assert response.status_code == 200
    return response.content.decode()


def post(client, name, *args, **data):
    response = client.post(reverse(f"linking:{name}", args=args), data)
    tasks.drain()
    return response


def row(review_id):
    with engine_scope("test"):
        return Review.objects.get(pk=review_id)


@pytest.fixture
def automatic(people):
    """A second sender's description, linked by its number without asking: (identity, person, bill)."""
    people.bill(people.linked()[0], "1000.00")
    identity = people.insurer()
    bill = people.bill(identity, "250.50")
    person = people.link(identity).person_id
    tasks.drain()
    return identity, person, bill


# --- a second person -----------------------------------------------------------------------------


def test_the_first_reads_that_he_waits_and_the_second_agrees(people, desks):
    one, other = desks
    (a, first), (_, second) = (
        people.linked(),
        people.linked(
            name="欧阳静怡", id_number="", id_valid=False, birth_date=date(1984, 5, 2), phone="139"
        ),
    )
    need = people.bill(a, "1000.00").need_id
    with engine_scope("test"):
        ledger.external(need, "crowdfunding", "campaign:1:v1:1", paid=D("9.00"))
    with engine_scope("test"):
        review = suggesting.ask(first, second).pk
    assert "合并两个人" in get(one, "queue")
    post(one, "decide", review, answer="same")
    assert "等第二人复核" in get(one, "review", review)
    assert "已经动过救助款" in get(one, "review", review)
    assert "同意，照办" not in get(one, "review", review)
    post(one, "second", review, answer="yes")  # by hand, past the page
    assert row(review).state == "second"
    assert "同意，照办" in get(other, "review", review)
    assert f"第 {review} 号" in get(other, "seconds")
    post(other, "second", review, answer="yes")
    assert row(review).state == "same"
    post(other, "undo", review, reason="不是同一个孩子")
    assert "同事要撤回" in get(one, "review", review)
    assert "不是同一个孩子" in get(one, "review", review)
    post(one, "second", review, answer="no")
    assert row(review).undo_second, "who does not agree says why"
    post(one, "second", review, answer="no", note="两张都是他的")
    assert row(review).state == "same"
    assert "第二人不同意" in get(one, "review", review)
    page = get(other, "review", review)
    assert "复核没有同意您提的撤回：两张都是他的" in page
    assert "另一位身份核对员" in page


# --- a link found by number ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["bill", "person"])
def test_an_automatic_link_is_found_explained_and_undone(automatic, desks, people, kind):
    identity, person, bill = automatic
    one = desks[0]
    response = post(one, "find", kind=kind, first=bill.setl_id if kind == "bill" else str(person))
    with engine_scope("test"):
        asked = LookUp.objects.get()
    assert response.url == reverse("linking:found", args=[asked.pk])
    assert asked.state == "found"
    with engine_scope("test"):
        review = Review.objects.get(kind="auto", identity_id=identity)
    page = get(one, "review", review.pk)
    assert "为什么自动认定是同一人" in page
    assert not [secret for secret in SECRETS if secret in page]
    post(one, "undo", review.pk, reason="另有其人")
    assert row(review.pk).state == "undone"
    assert people.person_of(identity) != person


def test_what_stands_against_the_undo_of_an_automatic_link_is_the_same(automatic, desks):
    identity, _person, bill = automatic
    with engine_scope("test"):
        bill.refresh_from_db()
        ledger.external(bill.need_id, "crowdfunding", "campaign:1:v1:1", paid=D("9.00"))
    post(desks[0], "find", kind="bill", first=bill.setl_id)
    with engine_scope("test"):
        review = Review.objects.get(kind="auto", identity_id=identity)
    post(desks[0], "undo", review.pk, reason="另有其人")
    assert (row(review.pk).state, row(review.pk).undo_second) == ("same", True)
    post(desks[1], "second", review.pk, answer="yes")
    assert row(review.pk).state == "undone"


@pytest.mark.parametrize("given", ["S-none", "abc", "999999999", "陈雨涵", "-1", "1" * 64])
@pytest.mark.parametrize("kind", ["bill", "person", "two"])
def test_what_is_not_there_is_not_found(desks, kind, given):
    response = post(desks[0], "find", kind=kind, first=given, second="8")
    page = desks[0].get(response.url).content.decode()
    assert "没有可以撤回的认定" in page


def test_a_find_without_its_numbers_is_asked_again(desks):
    for data in (
        {},
        {"kind": "two", "first": "1"},
        {"kind": "two", "first": "1", "second": "1"},
        {"kind": "x"},
    ):
        assert post(desks[0], "find", **data).status_code == 400


def test_the_registry_is_not_walked_through_by_look_ups(automatic, desks, monkeypatch):
    monkeypatch.setattr(desk, "AN_HOUR", 2)
    monkeypatch.setattr(finding, "AN_HOUR", 2)
    for _ in range(2):
        assert post(desks[0], "find", kind="person", first="1").status_code == 302
    response = post(desks[0], "find", kind="person", first=str(automatic[1]))
    assert response.status_code == 400
    assert "查得太多" in response.content.decode()
    assert post(desks[1], "find", kind="person", first="1").status_code == 302
    with engine_scope("test"):
        asker = LookUp.objects.order_by("pk").first().asked_by
        org = Membership.objects.get(user_id=asker).organisation_id
    # a row that SQL put there past the desk is not answered either
    with actor_scope(Actor("staff", org_id=org, user_id=asker)), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO link_lookup (kind, first, second, asked_by, asked_at, state, reviews)"
            " VALUES ('person', %s, '', %s, now(), 'waiting', '{}') RETURNING id",
            [str(automatic[1]), asker],
        )
        row_id = cursor.fetchone()[0]
    with engine_scope("test"):
        finding.answer(row_id)
        assert LookUp.objects.get(pk=row_id).state == "none"


def test_two_persons_are_said_to_be_one_by_hand(people, desks):
    (_, first), (_, second) = (
        people.linked(),
        people.linked(
            name="欧阳静怡", id_number="", id_valid=False, birth_date=date(1984, 5, 2), phone="139"
        ),
    )
    post(desks[0], "find", kind="two", first=str(second), second=str(first))
    with engine_scope("test"):
        review = Review.objects.get(kind="merge")
    assert "这两个人是同一个人吗" in get(desks[0], "review", review.pk)
    post(desks[0], "decide", review.pk, answer="same")
    with engine_scope("test"):
        assert (Merge.objects.get().survivor_id, Merge.objects.get().absorbed_id) == (first, second)


# --- the next one --------------------------------------------------------------------------------


def test_after_an_answer_comes_the_next_in_the_queue_and_at_its_end_the_first(people, desks):
    people.linked()
    for place in range(4):
        people.bill(other := people.insurer(name=f"王建{'国军民华'[place]}"), f"{500 - place}.00")
        people.link(other)
    with engine_scope("test"):
        order = list(Review.objects.order_by("-at_stake").values_list("pk", flat=True))
    assert post(desks[0], "decide", order[1], answer="different").url.endswith(f"/{order[2]}/")
    assert post(desks[0], "decide", order[3], answer="later").url.endswith(f"/{order[0]}/")


# --- twin bills ----------------------------------------------------------------------------------


@pytest.fixture
def twin(people):
    """A bill that stands, and the same under another number, held: (held, standing, question id)."""
    identity, _ = people.linked()
    same = {"hospital_code": "H1", "medins_setl_id": "M1", "hospital_name": "示例市儿童医院"}
    standing = people.bill(identity, "700.00", **same)
    held = people.bill(identity, "700.00", status="held", **same)
    with engine_scope("test"):
        question = twins.ask(held, standing)
    return held, standing, question.pk


def test_a_twin_that_is_another_bill_is_opened(twin, desks):
    held, standing, question = twin
    page = get(desks[0], "bill", question)
    assert held.setl_id in page
    assert not [secret for secret in SECRETS if secret in page]
    post(desks[0], "bill_decide", question, answer="other")
    with engine_scope("test"):
        held.refresh_from_db()
        assert held.status == "active"
        assert ledger.need_position(held.need_id).residual == D("1400.00")


def test_a_twin_that_is_the_same_never_opens_not_even_when_the_other_is_reversed(twin, desks):
    held, standing, question = twin
    post(desks[0], "bill_decide", question, answer="same")
    with engine_scope("test"):
        Settlement.objects.filter(pk=standing.pk).update(status="reversed")
        standing.refresh_from_db()
        processing._release_twins(standing)
        held.refresh_from_db()
        assert (held.status, held.need_id) == ("twin", None)
    assert "没有重复的结算单" in get(desks[0], "bills")


def test_a_slip_about_a_bill_is_asked_again_and_nothing_of_it_was_lost(twin, desks):
    held, standing, question = twin
    answer = desks[0].post(reverse("linking:bill_decide", args=[question]), {"answer": "same"}, follow=True)
    assert 'data-key="Z"' in answer.content.decode()
    tasks.drain()
    assert "按错了，重新核对" in get(desks[0], "bill", question)
    post(desks[0], "bill_again", question)
    with engine_scope("test"):
        held.refresh_from_db()
        assert (held.status, held.need_id) == ("held", None)
        assert BillQuestion.objects.get(pk=question).decided_by is None
    post(desks[1], "bill_decide", question, answer="other")
    with engine_scope("test"):
        held.refresh_from_db()
        assert ledger.need_position(held.need_id).residual == D("1400.00")
    post(desks[0], "bill_again", question)
    with engine_scope("test"):
        held.refresh_from_db()
    assert held.status == "active", "what is in the books is not taken back here"


def test_an_answer_that_overtakes_the_engine_counts(twin, desks):
    held, _standing, question = twin
    post(desks[0], "bill_decide", question, answer="same")
    desks[0].post(reverse("linking:bill_again", args=[question]))
    post(desks[0], "bill_decide", question, answer="other")
    with engine_scope("test"):
        held.refresh_from_db()
        assert ledger.need_position(held.need_id).residual == D("1400.00")


def test_asked_again_after_the_other_was_reversed_it_stands_for_itself(twin, desks):
    held, standing, question = twin
    post(desks[0], "bill_decide", question, answer="same")
    with engine_scope("test"):
        Settlement.objects.filter(pk=standing.pk).update(status="reversed")
    post(desks[0], "bill_again", question)
    with engine_scope("test"):
        held.refresh_from_db()
        assert (held.status, BillQuestion.objects.get(pk=question).state) == ("active", "overtaken")


def test_when_the_other_is_reversed_first_nobody_has_to_answer(twin, desks):
    held, standing, question = twin
    with engine_scope("test"):
        Settlement.objects.filter(pk=standing.pk).update(status="reversed")
        standing.refresh_from_db()
        processing._release_twins(standing)
        held.refresh_from_db()
        assert held.status == "active"
        assert BillQuestion.objects.get().state == "overtaken"
    post(desks[0], "bill_decide", question, answer="same")
    with engine_scope("test"):
        held.refresh_from_db()
    assert held.status == "active"


# --- samples -------------------------------------------------------------------------------------


@pytest.fixture
def sampled(automatic):
    with engine_scope("test"):
        assert sampling.draw(random.Random(1)).accepted == 1
        return Review.objects.get(kind="sample")


def test_a_sample_is_judged_blind(sampled, desks):
    page = get(desks[0], "review", sampled.pk)
    assert "抽查" in page
    assert "权重" not in page
    assert "是同一人的可能" not in page
    assert f"第 {sampled.pk} 号" in get(desks[0], "samples")
    assert f"第 {sampled.pk} 号" not in get(desks[0], "queue")


@pytest.mark.parametrize(("answer", "right"), [("same", 1), ("different", 0)])
def test_its_answer_is_counted_once_and_a_wrong_link_comes_to_be_undone(sampled, desks, answer, right):
    post(desks[0], "decide", sampled.pk, answer=answer)
    with engine_scope("test"):
        from insurance.linking import handlers

        handlers.decided(sampled.pk)
        counted = Quality.objects.get()
        assert (counted.drawn, counted.right, counted.wrong) == (1, right, 1 - right)
        assert Review.objects.filter(kind="auto").exists() == (not right)
        assert (
            Identity.objects.get(pk=sampled.identity_id).person_id is not None
        )  # nothing is undone by itself
    page = get(desks[0], "precision")
    assert ("100.0%" in page) == bool(right)
    assert ("自动认定" in get(desks[0], "decided")) or right


def test_the_operator_reads_the_precision_on_the_health_page(sampled, desks):
    page = desks[0].get(reverse("accounts:health")).content.decode()
    assert "还没有抽查过" in page
    post(desks[0], "decide", sampled.pk, answer="same")
    page = desks[0].get(reverse("accounts:health")).content.decode()
    assert "抽查 1 件，对的 100.0%" in page


def test_no_decision_is_drawn_twice(sampled):
    with engine_scope("test"):
        assert sampling.draw(random.Random(2)).accepted == 0


def test_a_pair_that_was_rejected_near_the_threshold_is_drawn_too(people, monkeypatch):
    people.linked()
    people.linked(name="陈雨涵", id_number=people.number(serial=91), phone="13911110000", area="110105")
    monkeypatch.setattr(sampling, "NEAR", 40.0)
    with engine_scope("test"):
        drawn = sampling.draw(random.Random(1))
        told = [review.sampled["outcome"] for review in Review.objects.filter(kind="sample")]
    assert drawn.rejected >= 1
    assert "reject" in told


@given(st.integers(0, 5000), st.integers(1, 5000))
def test_the_interval_holds_the_share_and_narrows_with_more(right, judged):
    right = min(right, judged)
    low, high = quality.wilson(right, judged)
    assert 0 <= low <= right / judged <= high <= 1
    wider = quality.wilson(right, judged)
    narrower = quality.wilson(right * 4, judged * 4)
    assert narrower[1] - narrower[0] < wider[1] - wider[0]


def test_the_interval_is_wilson_s():
    low, high = quality.wilson(95, 100)
    assert (round(low, 4), round(high, 4)) == (0.8882, 0.9785)  # Wilson 1927; statsmodels gives the same
    assert quality.wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize("answer", ["same", "different"])
def test_the_answer_to_a_sample_is_no_decision_that_could_be_taken_back(sampled, desks, answer):
    """It was about the engine's own link, which has a page and an undo of its own."""
    post(desks[0], "decide", sampled.pk, answer=answer)
    before = row(sampled.pk)
    post(desks[1], "undo", sampled.pk, reason="按错了，请撤回。")
    assert (row(sampled.pk).state, row(sampled.pk).undo_asked_at) == (before.state, None)
    with engine_scope("test"):
        assert Identity.objects.get(pk=sampled.identity_id).person_id is not None
        Review.objects.filter(pk=sampled.pk).update(
            undo_asked_at=before.decided_at, undo_asked_by=before.decided_by
        )
        assert undo.carry_out(sampled.pk).reasons == ("not_decided",)
        assert Identity.objects.get(pk=sampled.identity_id).person_id is not None
