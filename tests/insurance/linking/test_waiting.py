"""What waits for a second person: told at once, with what it moves; taken back before; a no comes with its reason."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

import factories as make
from accounts.staff import enrol_totp
from audit.models import Entry as AuditEntry
from insurance.ledger import services as ledger
from insurance.linking import desk, suggesting, waiting
from insurance.linking.models import Merge, NotSame, Review
from outbox import tasks
from people.models import Identity
from scope import Actor, engine_scope

pytestmark = pytest.mark.django_db
D = Decimal


class Desk:
    """A reviewer at his browser."""

    def __init__(self, operator, name="周甲"):
        self.user = make.user(operator, "linkage_reviewer", name=name)
        enrol_totp(self.user)
        self.client = Client()
        self.client.force_login(self.user, backend=settings.AUTHENTICATION_BACKENDS[0])

    def get(self, name, *args, query=""):
        response = self.client.get(reverse(f"linking:{name}", args=args) + query)
        assert response.status_code == 200
        return response.content.decode()

    def post(self, name, *args, drain=True, **data):
        response = self.client.post(reverse(f"linking:{name}", args=args), data, follow=True)
        assert response.status_code == 200
        if drain:
            tasks.drain()
        return response.content.decode()


@pytest.fixture
def desks():
    operator = make.organisation("operator")
    return Desk(operator), Desk(operator, "温乙")


def row(review_id):
    with engine_scope("test"):
        return Review.objects.get(pk=review_id)


@pytest.fixture
def pair(people):
    """Two persons with a bill each; of the first 9 yuan are paid by a campaign. (review id, survivor, absorbed)."""
    (a, first), (b, second) = (
        people.linked(),
        people.linked(
            name="欧阳静怡", id_number="", id_valid=False, birth_date=date(1984, 5, 2), phone="139"
        ),
    )
    need = people.bill(a, "1000.00").need_id
    people.bill(b, "250.00")
    with engine_scope("test"):
        ledger.external(need, "crowdfunding", "campaign:1:v1:1", paid=D("9.00"))
        return suggesting.ask(first, second).pk, first, second


def test_before_the_answer_the_page_says_that_one_alone_cannot_decide_and_what_would_move(pair, desks):
    page = desks[0].get("review", pair[0])
    assert "一个人定不了：" in page
    assert "已经动过救助款" in page
    assert "甲的求助项目 已付 ¥9.00" in page
    assert "1 张，余额 ¥250.00" in page


def test_the_first_reads_at_once_that_it_waits_why_for_whom_and_how_to_take_it_back(pair, desks):
    review = pair[0]
    said = desks[0].post("decide", review, answer="same", drain=False)
    for words in ("还没有办", "已经动过救助款", "¥9.00", "要另一位身份核对员同意", "等第二人复核", "收回"):
        assert words in said
    assert reverse("linking:review", args=[review]) in said
    tasks.drain()
    assert "您提的" in desks[0].get("seconds")
    assert "您提的" not in desks[1].get("seconds")
    assert "收回我的决定" in desks[0].get("review", review)
    assert "收回我的决定" not in desks[1].get("review", review)


def test_nothing_waits_where_one_is_enough(people, desks):
    (_a, first), (_b, second) = people.linked(), people.linked(
        name="欧阳静怡", id_number="", id_valid=False, birth_date=date(1984, 5, 2), phone="139"
    )  # fmt: skip
    with engine_scope("test"):
        review = suggesting.ask(first, second).pk
    assert "一个人定不了" not in desks[0].get("review", review)
    assert "还没有办" not in desks[0].post("decide", review, answer="same")
    assert row(review).state == "same"


def test_money_that_moves_while_the_question_waits_is_told(pair, desks, people):
    review, first, _second = pair
    with engine_scope("test"):
        need = people_need(first)
        ledger.external(need, "commercial", "commercial:7:v1:1", paid=D("991.00"))
        suggesting.need_changed(first)
    page = desks[0].get("review", review)
    assert "甲的商业保险 已付 ¥991.00" in page
    assert "会开追款" not in page


def people_need(person_id):
    from insurance.ledger.models import NeedAccount

    return NeedAccount.objects.get(person_id=person_id).pk


def test_what_is_then_too_much_is_told_before(pair, people):
    review, first, second = pair
    with engine_scope("test"):
        ledger.external(people_need(first), "crowdfunding", "campaign:1:v2:2", paid=D("1300.00"))
        ledger.external(people_need(second), "crowdfunding", "campaign:2:v1:1", paid=D("100.00"))
        suggesting.need_changed(first)
        told = Review.objects.get(pk=review).moves
        # 1,409 together on 1,250: 159 too much, of which 309 stood before
        assert told["over"] == "0.00"
        suggesting.need_changed(second)
        assert {one["side"] for one in told["aid"]} == {"left", "right"}


def test_who_decided_takes_it_back_and_nothing_has_moved(pair, desks):
    review, _first, second = pair
    desks[0].post("decide", review, answer="same", note="问过医院")
    assert row(review).state == "second"
    assert "收不回了" in desks[1].post("take_back", review), "only who decided"
    assert "收回了，什么也没有动" in desks[0].post("take_back", review)
    now = row(review)
    assert (now.state, now.decided_by, now.why_second) == ("open", None, [])
    with engine_scope("test"):
        assert not Merge.objects.exists()
        assert AuditEntry.objects.filter(action="link.taken_back", subject=f"review:{review}").count() == 1
    desks[1].post("decide", review, answer="same")
    desks[0].post("second", review, answer="yes")
    with engine_scope("test"):
        assert Merge.objects.get().absorbed_id == second


def test_after_the_second_has_answered_nothing_is_taken_back(pair, desks):
    review = pair[0]
    desks[0].post("decide", review, answer="same")
    desks[1].post("second", review, answer="yes", drain=False)
    assert "收不回了" in desks[0].post("take_back", review, drain=False)
    tasks.drain()
    assert row(review).state == "same"


def test_a_wish_to_undo_is_taken_back_too(pair, desks):
    review = pair[0]
    desks[0].post("decide", review, answer="same")
    desks[1].post("second", review, answer="yes")
    desks[0].post("undo", review, reason="看错了医院")
    assert row(review).undo_second
    page = desks[1].get("review", review)
    assert "撤回会动到什么" in page
    assert "看错了医院" in page
    desks[0].post("take_back", review)
    now = row(review)
    assert (now.state, now.undo_second, now.undo_asked_at, now.undo_reason) == ("same", False, None, None)
    assert desks[0].post("undo", review, reason="还是不对劲")
    assert row(review).undo_second


def test_the_second_sees_what_the_first_said_and_what_will_move(pair, desks):
    review = pair[0]
    desks[0].post("decide", review, answer="same", note="两次住院都是同一床")
    page = desks[1].get("review", review)
    for words in (
        "同事认为是同一人",
        "两次住院都是同一床",
        "甲的求助项目",
        "已付 ¥9.00",
        "乙的结算单",
        "¥250.00",
    ):
        assert words in page


def test_a_no_carries_its_reason_to_the_first_by_role(pair, desks):
    review = pair[0]
    desks[0].post("decide", review, answer="same")
    assert "请写一句为什么不同意" in desks[1].post("second", review, answer="no", note=" ")
    assert row(review).state == "second"
    desks[1].post("second", review, answer="no", note="一个在长沙，一个在杭州，同一天住院")
    now = row(review)
    assert (now.state, now.declined_what, now.declined_first) == ("open", "decision", desks[0].user.pk)
    listed = desks[0].get("queue")
    assert "复核的同事没有同意" in listed
    assert "放过一次" not in listed
    assert "您提的有" not in desks[1].get("queue")
    page = desks[0].get("review", review)
    assert "另一位身份核对员" in page
    assert "复核没有同意您提的“是同一人”：一个在长沙，一个在杭州，同一天住院" in page
    assert "温乙" not in page
    with engine_scope("test"), connection.cursor() as cursor:
        cursor.execute("SELECT second_note FROM link_review WHERE id = %s", [review])
        assert "长沙".encode() not in bytes(cursor.fetchone()[0])


# --- a slip ---------------------------------------------------------------------------------------


@pytest.fixture
def doubt(people):
    """An open question of an insurer's description with a bill: (review, identity, person)."""
    identity, person = people.linked()
    people.bill(identity, "1000.00")
    other = people.insurer(name="王建国")
    people.bill(other, "250.50")
    people.link(other)
    with engine_scope("test"):
        return Review.objects.get(identity_id=other).pk, other, person


def asks_about(identity_id):
    """Open questions in which this description, or the person that it is now, is asked about."""
    with engine_scope("test"):
        found = Review.objects.filter(state="open", identity_id=identity_id)
        return [(one.kind, one.candidate_id) for one in found]


def test_within_a_minute_a_yes_is_taken_back_without_a_word_and_is_no_no(doubt, desks, people):
    review, identity, person = doubt
    desks[0].post("decide", review, answer="same")
    assert people.person_of(identity) == person
    assert 'data-key="Z"' in desks[0].get("review", review)
    assert "按错了，撤回" not in desks[1].get("review", review), "only who decided"
    desks[0].post("undo", review, slip="1")
    assert people.person_of(identity) != person
    assert asks_about(identity) == [("merge", person)], "its bill has a person by now: are the two one?"
    with engine_scope("test"):
        assert not NotSame.objects.exists()


def test_a_minute_later_a_reason_is_asked_for(doubt, desks, people):
    review, identity, person = doubt
    desks[0].post("decide", review, answer="same")
    with engine_scope("test"):
        Review.objects.filter(pk=review).update(decided_at=timezone.now() - timedelta(seconds=61))
    assert "按错了，撤回" not in desks[0].get("review", review)
    assert "请写一句为什么撤回" in desks[0].post("undo", review, slip="1")
    assert people.person_of(identity) == person


def test_a_no_to_a_bill_s_description_can_be_taken_back_though_it_became_a_person(doubt, desks, people):
    review, identity, person = doubt
    desks[0].post("decide", review, answer="different")
    own = people.person_of(identity)
    assert own not in {None, person}
    desks[0].post("undo", review, slip="1")
    assert asks_about(identity) == [("merge", person)]
    with engine_scope("test"):
        assert not NotSame.objects.exists()
        merge = Review.objects.get(kind="merge").pk
    desks[0].post("decide", merge, answer="same")
    with engine_scope("test"):
        assert Identity.objects.get(pk=identity).person_id == person


def test_a_slip_about_an_appeal_opens_its_question_again(people, desks):
    _identity, person = people.linked()
    appeal = people.campaign(name="陈*涵", extra={"hospital": "示例市儿童医院"})
    people.link(appeal, amount=D("100.00"))
    with engine_scope("test"):
        review = Review.objects.get(identity_id=appeal).pk
    for answer in ("same", "different"):
        desks[0].post("decide", review, answer=answer)
        desks[0].post("undo", review, slip="1")
        assert (row(review).state, people.person_of(appeal)) == ("open", None)
    desks[0].post("decide", review, answer="same")
    assert people.person_of(appeal) == person


def test_a_slip_of_a_merge_parts_them_and_asks_anew(people, desks):
    (_a, first), (_b, second) = people.linked(), people.linked(
        name="欧阳静怡", id_number="", id_valid=False, birth_date=date(1984, 5, 2), phone="139"
    )  # fmt: skip
    with engine_scope("test"):
        review = suggesting.ask(first, second).pk
    desks[0].post("decide", review, answer="same")
    desks[0].post("undo", review, slip="1")
    now = row(review)
    assert (now.state, now.seconded_by, now.undo_asked_at) == ("open", None, None)
    with engine_scope("test"):
        assert Merge.objects.get().unmerged_at is not None
    desks[1].post("decide", review, answer="same")
    with engine_scope("test"):
        assert Merge.objects.filter(unmerged_at=None).count() == 1


# --- narrowing the queue ---------------------------------------------------------------------------


def test_the_queue_is_narrowed_by_sources_flag_age_worth_and_kind(doubt, pair, desks):
    one = desks[0]
    small, large = f"第 {doubt[0]} 号", f"第 {pair[0]} 号"
    for query, shown, gone in (
        ("?kind=merge", large, small),
        ("?kind=link", small, large),
        ("?flag=shared_id_other_name", small, large),
        ("?pair=insurer-insurer", small, None),
        ("?pair=campaign-insurer", None, small),
        ("?age=7", None, small),
        ("?worth=1000", small, None),
        ("?worth=100000", None, small),
        ("?flag=nonsense&age=x&worth=1&pair=a-b", small, None),
    ):
        page = one.get("queue", query=query)
        assert shown is None or shown in page, query
        assert gone is None or gone not in page, query
    assert "没有这样的" in one.get("queue", query="?worth=100000")
    assert "筛出 1 件，共 2 件" in one.get("queue", query="?kind=merge")


def test_the_next_question_is_of_the_same_filter(doubt, pair, desks, people):
    other = people.insurer(name="王建军")
    people.bill(other, "90.00")
    people.link(other)
    with engine_scope("test"):
        third = Review.objects.get(identity_id=other, kind="link").pk
    page = desks[0].get("review", doubt[0], query="?kind=link")
    assert f"{reverse('linking:review', args=[third])}?kind=link" in page
    assert "筛出来的第 2 件，共 2 件" in page
    url = reverse("linking:decide", args=[doubt[0]]) + "?kind=link"
    answer = desks[0].client.post(url, {"answer": "later"})
    assert answer.url == f"{reverse('linking:review', args=[third])}?kind=link"


def test_there_is_no_answer_to_several_at_once(doubt, pair, desks):
    page = desks[0].get("queue")
    assert 'type="checkbox"' not in page
    url = reverse("linking:decide", args=[doubt[0]])
    desks[0].client.post(url, {"answer": "same", "review": [str(pair[0])], "id": [str(pair[0])]})
    assert row(pair[0]).state == "open"


# --- a yes that something came up against ---------------------------------------------------------


def test_a_yes_to_look_at_again_is_listed_until_somebody_has(doubt, desks):
    review = doubt[0]
    desks[0].post("decide", review, answer="same")
    assert "要再看一次" not in desks[0].get("queue")
    with engine_scope("test"):
        Review.objects.filter(pk=review).update(flags=["reread_contradicts"], again_at=timezone.now())
    assert "有 1 件认定要再看一次" in desks[0].get("queue")
    assert f"第 {review} 号" in desks[1].get("decided", query="?again=1")
    assert "看过了，还是同一人" in desks[1].get("review", review)
    desks[1].post("look_again", review)
    assert "要再看一次" not in desks[0].get("queue")
    assert f"第 {review} 号" not in desks[0].get("decided", query="?again=1")
    assert "已由同事处理" in desks[0].post("look_again", review)


# --- words -----------------------------------------------------------------------------------------


def test_steps_tell_roles_and_the_newest_first():
    now = timezone.now()
    review = Review(
        state="same", decided_at=now - timedelta(hours=2), decided_by=7, note="问过",
        seconded_at=now - timedelta(hours=1), seconded_by=8, seconded_yes=True, second_note="看过病历",
    )  # fmt: skip
    told = waiting.steps(Actor("staff", user_id=7), review)
    assert [(one.who, one.text) for one in told] == [
        ("另一位身份核对员", "复核同意：看过病历"),
        ("您", "认为是同一人：问过"),
    ]


def test_lines_of_nothing_are_none():
    assert waiting.lines({}, merge=True) == ()
    assert waiting.money_moved({}) == ""


def test_the_desk_tells_a_slip_from_an_old_answer(doubt, desks):
    actor = Actor("staff", user_id=7)
    fresh = Review(decided_by=7, decided_at=timezone.now())
    assert desk.slipped(actor, fresh)
    assert not desk.slipped(actor, Review(decided_by=8, decided_at=timezone.now()))
    assert not desk.slipped(Actor("staff"), Review(decided_by=None, decided_at=timezone.now()))
