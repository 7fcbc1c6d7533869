from __future__ import annotations

from decimal import Decimal

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

import factories as make
from accounts.staff import enrol_totp
from audit.models import Entry
from insurance.intake.models import Settlement
from insurance.ledger.models import NeedAccount
from insurance.linking import desk
from insurance.linking.models import Review
from outbox import tasks
from people.models import Identity
from scope import actor_scope, engine_scope

pytestmark = pytest.mark.django_db
SECRETS = ("陈雨涵", "王建国", "13800005521", "20170308", "03-08")


@pytest.fixture
def question(people):
    """One open question: a number with two names. (review id, identity id, person id)."""
    identity, person = people.linked()
    people.bill(identity, "1000.00", hospital_name="示例市儿童医院", disease_name="急性淋巴细胞白血病")
    other = people.insurer(name="王建国")
    people.bill(other, "250.50")
    people.link(other)
    with engine_scope("test"):
        return Review.objects.get(identity_id=other).pk, other, person


@pytest.fixture
def operator():
    return make.organisation("operator")


def browser(org, *roles):
    user = make.user(org, *roles)
    enrol_totp(user)
    client = Client()
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client


@pytest.fixture
def reviewer(operator):
    return browser(operator, "linkage_reviewer")


def state_of(review_id):
    with engine_scope("test"):
        return Review.objects.get(pk=review_id).state


def test_the_queue_shows_what_hangs_on_it_and_nothing_personal(reviewer, question):
    page = reviewer.get(reverse("linking:queue")).content.decode()
    assert "¥1,250.50" in page
    assert not [secret for secret in (*SECRETS, "陈*涵", "王*国") if secret in page]


def test_the_pair_is_masked_and_its_weights_add_up(reviewer, question):
    response = reviewer.get(reverse("linking:review", args=[question[0]]))
    page = response.content.decode()
    assert not [secret for secret in SECRETS if secret in page]
    assert "138****5521" in page
    assert "2017-**-**" in page
    pair = response.context["page"].pair
    assert pair.prior + sum(row.weight or 0 for row in pair.rows) == pytest.approx(pair.total, abs=0.02)


def test_the_view_is_recorded(reviewer, question):
    reviewer.get(reverse("linking:review", args=[question[0]]))
    with engine_scope("test"):
        assert Entry.objects.filter(action="link.viewed", subject=f"review:{question[0]}").count() == 1


def test_an_empty_queue_says_so(reviewer):
    assert "没有要核对的" in reviewer.get(reverse("linking:queue")).content.decode()


def test_yes_links_and_posts_the_bill(reviewer, question, people):
    review_id, identity, person = question
    reviewer.post(reverse("linking:decide", args=[review_id]), {"answer": "same", "note": "改过名"})
    tasks.drain()
    assert people.person_of(identity) == person
    with engine_scope("test"):
        bill = Settlement.objects.get(identity_id=identity)
        need = NeedAccount.objects.get(person_id=person)
        assert (bill.need_id, need.residual) == (need.pk, Decimal("1250.50"))
        told = Entry.objects.get(action="settlement.person_found", subject=f"settlement:{bill.pk}")
    assert told.content.payload["subjects"] == [f"need:{need.pk}"]


def test_no_makes_another_person(reviewer, question, people):
    review_id, identity, person = question
    reviewer.post(reverse("linking:decide", args=[review_id]), {"answer": "different"})
    tasks.drain()
    assert people.person_of(identity) not in {None, person}


def test_an_answer_leads_back_to_itself_and_counts_for_the_day(reviewer, question):
    where = reverse("linking:review", args=[question[0]])
    page = reviewer.get(where).content.decode()
    assert "今天您已核对" not in page
    assert page.count('form="answer"') == 3
    answer = {"answer": "different"}
    page = reviewer.post(reverse("linking:decide", args=[question[0]]), answer, follow=True).content.decode()
    assert f'<a href="{where}" data-key="Z">按错了？去撤回' in page
    assert "今天您已核对 1 件。" in page
    assert "都核对完了" in page


def test_later_keeps_it_open_at_the_end(reviewer, question):
    reviewer.post(reverse("linking:decide", args=[question[0]]), {"answer": "later", "note": "问过"})
    with engine_scope("test"):
        review = Review.objects.get(pk=question[0])
    assert (review.state, review.note) == ("open", "问过")
    assert review.postponed_at is not None


def test_the_second_of_two_reviewers_is_told(reviewer, question, operator):
    second = browser(operator, "linkage_reviewer")
    url = reverse("linking:decide", args=[question[0]])
    reviewer.post(url, {"answer": "same"})
    page = second.post(url, {"answer": "different"}, follow=True).content.decode()
    assert "已由同事处理" in page
    assert state_of(question[0]) == "same"


def test_an_answer_that_does_not_exist_decides_nothing(reviewer, question):
    reviewer.post(reverse("linking:decide", args=[question[0]]), {"answer": "perhaps"})
    assert state_of(question[0]) == "open"


@pytest.mark.parametrize(
    ("kind", "role"),
    [("operator", "administrator"), ("charity", "case_worker"), ("statutory_insurer", "intake_clerk")],
)
def test_nobody_else_may_open_the_desk(question, kind, role):
    other = browser(make.organisation(kind), role)
    for url in (reverse("linking:queue"), reverse("linking:review", args=[question[0]])):
        assert other.get(url).status_code == 403
    assert other.post(reverse("linking:decide", args=[question[0]]), {"answer": "same"}).status_code == 403
    assert state_of(question[0]) == "open"


@pytest.mark.parametrize("kind", ["charity", "statutory_insurer", "crowdfunding", "regulator"])
def test_row_level_security_hides_pairs_from_a_reviewer_of_another_organisation(question, kind):
    stranger = make.staff(make.organisation(kind), "linkage_reviewer")
    with actor_scope(stranger):
        assert Review.objects.count() == 0
        assert Identity.objects.count() == 0
        assert Review.objects.filter(pk=question[0]).update(note="x") == 0


def test_a_reviewer_sees_only_descriptions_under_review(question, people, operator):
    hidden, _ = people.linked(name="赵晓东", id_number=people.number(serial=301), phone="13600001234")
    with actor_scope(make.staff(operator, "linkage_reviewer")):
        seen = set(Identity.objects.values_list("pk", flat=True))
    assert question[1] in seen
    assert hidden not in seen


@pytest.mark.parametrize(
    "change",
    [
        {"weight": 99.0},
        {"state": "undone"},
        {"state": "same", "decided_by": 1, "decided_at": "2026-01-01T00:00Z"},
        {"candidate_id": 1},
    ],
)
def test_the_database_refuses_what_a_reviewer_may_not_change(question, operator, change):
    with pytest.raises(DatabaseError), actor_scope(make.staff(operator, "linkage_reviewer")):
        Review.objects.filter(pk=question[0]).update(**change)


def test_a_decision_cannot_be_turned_round(question, operator):
    actor = make.staff(operator, "linkage_reviewer")
    with actor_scope(actor):
        desk.decide(actor, question[0], "same")
        with pytest.raises(desk.AlreadyDecidedError), transaction.atomic():
            desk.decide(actor, question[0], "different")
    with pytest.raises(DatabaseError), actor_scope(actor):
        Review.objects.filter(pk=question[0]).update(state="different")


def test_taking_back_a_yes_parts_the_two_again(reviewer, question, people):
    review_id, identity, person = question
    reviewer.post(reverse("linking:decide", args=[review_id]), {"answer": "same"})
    tasks.drain()
    reviewer.post(reverse("linking:undo", args=[review_id]), {"reason": "看错了行"})
    tasks.drain()
    assert people.person_of(identity) not in {None, person}
    assert state_of(review_id) == "undone"
    assert "已撤回" in reviewer.get(reverse("linking:decided")).content.decode()


def test_an_undo_needs_a_reason(reviewer, question):
    reviewer.post(reverse("linking:decide", args=[question[0]]), {"answer": "same"})
    reviewer.post(reverse("linking:undo", args=[question[0]]), {"reason": " "})
    with engine_scope("test"):
        assert Review.objects.get(pk=question[0]).undo_asked_at is None


def test_what_a_reviewer_writes_is_sealed_at_rest(reviewer, question):
    review_id = question[0]
    reviewer.post(reverse("linking:decide", args=[review_id]), {"answer": "same", "note": "陈雨涵改过名"})
    reviewer.post(reverse("linking:undo", args=[review_id]), {"reason": "认错了陈雨涵"})
    with engine_scope("test"), connection.cursor() as cursor:
        cursor.execute("SELECT note, undo_reason FROM link_review WHERE id = %s", [review_id])
        stored = [bytes(value) for value in cursor.fetchone()]
        review = Review.objects.get(pk=review_id)
    assert (review.note, review.undo_reason) == ("陈雨涵改过名", "认错了陈雨涵")
    assert not any("陈雨涵".encode() in value for value in stored)
