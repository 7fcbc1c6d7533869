"""A family walks through the whole form on a phone without JavaScript."""

import io

import application_kit as kit
import pytest
from django.urls import reverse
from PIL import Image

import factories as make
from audit.models import Entry
from charity.applications.models import Application, Document
from consent.models import Consent
from outbox.models import Event
from scope import actor_scope, engine_scope

pytestmark = pytest.mark.django_db


def photo(size=(800, 600), colour="white", fmt="JPEG", **save):
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, fmt, **save)
    out.seek(0)
    out.name = "x"
    return out


IDENTITY = {
    "name": "陈雨涵",
    "id_number": kit.CHILD_ID,
    "birth_date_0": "2017",
    "birth_date_1": "3",
    "birth_date_2": "8",
    "household_area": "430104",
    "residence_area": "other",
    "residence_place": "河北省秦皇岛市海港区",
    "residence_year": "2019",
}


def test_from_the_start_page_to_the_status_page(acc, phone, fund):
    assert "开始申请" in phone.get("/").content.decode()
    first = phone.post(reverse("applications:new"))
    pk = int(first.url.split("/")[2])

    def step(name):
        return reverse("applications:step", args=[pk, name])

    def post(name, data):
        answer = phone.post(step(name), data)
        assert answer.status_code == 302, answer.content.decode()
        return answer.url

    assert post("who", {"who": "child"}) == step("identity")
    assert "孩子的身份证号" in phone.get(step("identity")).content.decode()
    assert post("identity", IDENTITY) == step("applicant")
    assert post("applicant", {"name": "林芳", "relation": "mother", "phone": "138 0000 5521"}) == step(
        "illness"
    )
    illness = {"name": "急淋", "hospital": "示例市儿童医院", "own_cost": "130,621.81", "procedures": ["hsct"]}
    assert post("illness", illness) == step("household")
    home = {"members": "4", "earners": "1", "income_yearly": "46000", "hardship": ["dibao_edge"]}
    assert post("household", home) == step("aid")
    aid = {"campaign_has": "yes", "campaign_name": "安心筹", "commercial_has": "no", "charity_has": "no"}
    assert post("aid", aid) == reverse("applications:documents", args=[pk])

    papers = reverse("applications:documents", args=[pk])
    answer = phone.post(papers, {"kind": "diagnosis", "files": [photo(), photo(colour="red")]})
    assert answer.url == papers
    assert phone.post(papers, {"next": "1"}).url == reverse("applications:funds", args=[pk])

    funds = reverse("applications:funds", args=[pk])
    assert fund.name in phone.get(funds).content.decode()
    ask = reverse("applications:consent", args=[pk, fund.pk])
    assert phone.post(funds, {"fund": [fund.pk]}).url == ask
    page = phone.get(ask)
    assert "不同意也没关系" in page.content.decode()
    digest = page.context["rendered"].sha256
    check = reverse("applications:check", args=[pk])
    assert phone.post(ask, {"decision": "yes", "text": digest}).url == check

    page = phone.get(check).content.decode()
    assert "陈*涵" in page
    assert kit.CHILD_ID not in page
    assert "13800005521" not in page
    refused = phone.post(check, {})
    assert refused.status_code == 400
    assert "请先打勾" in refused.content.decode()
    status = reverse("applications:status", args=[pk])
    assert phone.post(check, {"true": "on"}).url == status

    row = kit.as_family(acc, pk)
    assert row.state == "submitted"
    assert row.number.startswith("JL-")
    assert len(row.number) == len("JL-2026-004871")
    assert (row.disease_code, row.area, row.capacity) == ("C91.0", "430104", "parent")
    answers = row.answers
    assert answers["identity"] | {} == answers["identity"]
    assert answers["identity"]["residence_area"] == "130302"
    assert answers["identity"]["residence_since"] == "2019-12-31"
    assert answers["identity"]["sex"] == "2"
    assert answers["identity"]["phone"] == "13800005521"
    assert answers["illness"]["own_cost"] == "130621.81"
    with actor_scope(make.patient(acc)):
        assert Document.objects.count() == 2
        assert Consent.objects.get().decision is True
    with engine_scope("test"):
        topics = list(Event.objects.order_by("pk").values_list("topic", flat=True))
    assert topics.count("application.submitted") == 1
    assert Entry.objects.filter(action="application.submitted", subject=f"application:{pk}").count() == 1
    page = phone.get(status).content.decode()
    assert "正在核对身份" in page
    title = page.split("<title>")[1].split("</title>")[0]
    assert "陈" not in title
    assert "白血病" not in title


def test_a_later_step_cannot_be_opened_by_its_address(acc, phone):
    pk = int(phone.post(reverse("applications:new")).url.split("/")[2])
    for name in ("identity", "illness", "aid"):
        assert phone.get(reverse("applications:step", args=[pk, name])).url.endswith("/step/who/")
    for name in ("documents", "funds", "check"):
        assert phone.get(reverse(f"applications:{name}", args=[pk])).url.endswith("/step/who/")
    assert phone.post(reverse("applications:check", args=[pk]), {"true": "on"}).url.endswith("/step/who/")
    assert kit.as_family(acc, pk).state == "draft"


def test_looking_at_the_first_page_makes_no_draft(acc, phone):
    page = phone.get(reverse("applications:new"))
    assert page.status_code == 200
    assert "开始申请" in page.content.decode()
    with actor_scope(make.patient(acc)):
        assert not Application.objects.exists()
    made = phone.post(reverse("applications:new")).url
    assert phone.get(reverse("applications:new")).url == made


def test_taking_up_the_form_twice_makes_one_empty_draft(phone):
    assert phone.post(reverse("applications:new")).url == phone.post(reverse("applications:new")).url


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("id_number", "430104201703080421", "第 18 位对不上"),
        ("id_number", "4301042017030804", "您填了 16 位"),
        ("id_number", "43010420170308O4ZX", "只能有数字"),
        ("id_number", kit.with_check("43010420171332042"), "不是一个日期"),
        ("birth_date_1", "8", "身份证上是 2017年3月8日，您填的是 2017年8月8日"),
        ("birth_date_2", "31", ""),
        ("birth_date_1", "13", "填 1 到 12 之间的数"),
        ("birth_date_0", "", "“年”还没填"),
        ("name", "陈3涵", "姓名里不能有数字"),
        ("name", "陈雨😀", "姓名里不能有数字、符号或表情"),
        ("name", "· ·", "姓名里不能有数字、符号或表情"),
        ("residence_place", "月球", "没认出这个地方"),
        ("residence_year", "2999", "这一年还没到"),
    ],
)
def test_a_wrong_entry_is_named_beside_its_field_and_nothing_is_kept(acc, phone, field, value, words):
    pk = int(phone.post(reverse("applications:new")).url.split("/")[2])
    phone.post(reverse("applications:step", args=[pk, "who"]), {"who": "child"})
    answer = phone.post(reverse("applications:step", args=[pk, "identity"]), {**IDENTITY, field: value})
    assert answer.status_code == 400
    page = answer.content.decode()
    assert "要改一下" in page
    assert words in page
    assert "identity" not in kit.as_family(acc, pk).answers


def test_a_wrong_check_digit_and_a_wrong_birthday_are_both_named(phone):
    pk = int(phone.post(reverse("applications:new")).url.split("/")[2])
    phone.post(reverse("applications:step", args=[pk, "who"]), {"who": "child"})
    wrong = {**IDENTITY, "id_number": "430104201703080421", "birth_date_1": "8", "birth_date_2": "3"}
    page = phone.post(reverse("applications:step", args=[pk, "identity"]), wrong).content.decode()
    assert "有 2 处要改一下" in page
    assert "身份证上是 2017年3月8日，您填的是 2017年8月3日" in page


def test_a_child_without_a_number_gives_birthday_and_sex(acc, phone):
    pk = int(phone.post(reverse("applications:new")).url.split("/")[2])
    phone.post(reverse("applications:step", args=[pk, "who"]), {"who": "child"})
    url = reverse("applications:step", args=[pk, "identity"])
    page = phone.get(url + "?without=1").content.decode()
    assert 'name="id_number"' not in page
    without = {k: v for k, v in IDENTITY.items() if k != "id_number"} | {"without": "1", "sex": "2"}
    assert phone.post(url, without).status_code == 302
    kept = kit.as_family(acc, pk).answers["identity"]
    assert (kept["id_number"], kept["sex"]) == ("", "2")


def test_a_grown_up_is_no_child(phone):
    pk = int(phone.post(reverse("applications:new")).url.split("/")[2])
    phone.post(reverse("applications:step", args=[pk, "who"]), {"who": "child"})
    grown = {**IDENTITY, "id_number": kit.ADULT_ID, "birth_date_0": "1970", "birth_date_2": "15"}
    answer = phone.post(reverse("applications:step", args=[pk, "identity"]), grown)
    assert "已经满 18 岁" in answer.content.decode()


def test_going_back_shows_the_number_masked_and_keeps_it_when_left_alone(acc, phone):
    row = kit.draft(acc)
    url = reverse("applications:step", args=[row.pk, "identity"])
    page = phone.get(url + "?return=check").content.decode()
    assert kit.CHILD_ID not in page
    assert "430***********" in page
    changed = {
        **IDENTITY,
        "name": "陈雨寒",
        "id_number": "430***********" + kit.CHILD_ID[-4:],
        "return": "check",
    }
    assert phone.post(url, changed).url == reverse("applications:funds", args=[row.pk])
    kept = kit.as_family(acc, row.pk).answers["identity"]
    assert (kept["name"], kept["id_number"]) == ("陈雨寒", kit.CHILD_ID)


def test_changing_who_is_ill_asks_again_what_no_longer_fits(acc, phone, fund):
    row = kit.draft(acc, funds=[fund])
    phone.post(reverse("applications:step", args=[row.pk, "who"]), {"who": "self", "return": "check"})
    assert phone.get(reverse("applications:check", args=[row.pk])).url.endswith("/step/applicant/")


def test_what_was_agreed_for_a_fund_that_is_no_longer_chosen_ends(acc, phone, charity, fund):
    other = make.fund(charity)
    row = kit.draft(acc, funds=[fund, other])
    phone.post(reverse("applications:funds", args=[row.pk]), {"fund": [other.pk]})
    with actor_scope(make.patient(acc)):
        assert Consent.objects.get(fund_id=fund.pk).withdrawn_at is not None
        assert Consent.objects.get(fund_id=other.pk).withdrawn_at is None


def test_an_answer_to_an_older_text_of_the_notice_is_asked_again(acc, phone, fund):
    row = kit.draft(acc)
    phone.post(reverse("applications:funds", args=[row.pk]), {"fund": [fund.pk]})
    page = phone.post(
        reverse("applications:consent", args=[row.pk, fund.pk]), {"decision": "yes", "text": "0" * 64}
    )
    assert "说明有更新" in page.content.decode()
    with actor_scope(make.patient(acc)):
        assert not Consent.objects.exists()


def test_refusing_every_fund_still_lets_the_family_hand_in(acc, phone, fund):
    row = kit.draft(acc)
    phone.post(reverse("applications:funds", args=[row.pk]), {"fund": [fund.pk]})
    url = reverse("applications:consent", args=[row.pk, fund.pk])
    digest = phone.get(url).context["rendered"].sha256
    assert phone.post(url, {"decision": "no", "text": digest}).url.endswith("/check/")
    page = phone.get(reverse("applications:check", args=[row.pk])).content.decode()
    assert "还没有同意任何一家看" in page
    assert phone.post(reverse("applications:check", args=[row.pk]), {"true": "on"}).status_code == 302
    assert kit.as_family(acc, row.pk).state == "submitted"


def test_a_stale_page_of_a_handed_in_application_changes_nothing(acc, phone, fund):
    row = kit.hand_in(acc, [fund])
    answer = phone.post(reverse("applications:step", args=[row.pk, "who"]), {"who": "self"})
    assert answer.url == reverse("applications:status", args=[row.pk])
    after = kit.as_family(acc, row.pk)
    assert after.answers == row.answers
    again = phone.post(reverse("applications:check", args=[row.pk]), {"true": "on"})
    assert again.url == reverse("applications:status", args=[row.pk])
    assert kit.as_family(acc, row.pk).number == row.number


def test_a_session_that_ended_sends_to_sign_in_and_keeps_the_draft(acc, phone):
    row = kit.draft(acc)
    phone.logout()
    url = reverse("applications:step", args=[row.pk, "aid"])
    assert phone.get(url).url.startswith(reverse("patient_sign_in"))
    assert phone.post(url, {}).url.startswith(reverse("patient_sign_in"))
    assert kit.as_family(acc, row.pk).answers["aid"]["campaign"]["name"] == "安心筹"
    assert kit.browser(acc).get(url).status_code == 200


def test_a_draft_is_deleted_with_its_papers_and_consents(acc, phone, fund):
    row = kit.draft(acc, funds=[fund])
    phone.post(reverse("applications:documents", args=[row.pk]), {"kind": "other", "files": [photo()]})
    assert phone.get(reverse("applications:delete", args=[row.pk])).status_code == 200
    phone.post(reverse("applications:delete", args=[row.pk]))
    with actor_scope(make.patient(acc)):
        assert not Application.objects.exists()
        assert not Document.objects.exists()
        assert Consent.objects.get().withdrawn_at is not None


def test_what_was_handed_in_cannot_be_deleted(acc, phone, fund):
    row = kit.hand_in(acc, [fund])
    phone.post(reverse("applications:delete", args=[row.pk]))
    assert kit.as_family(acc, row.pk).state == "submitted"


def test_a_fund_that_closes_in_the_middle_does_not_stop_the_family(acc, phone, fund):
    row = kit.draft(acc)
    phone.post(reverse("applications:funds", args=[row.pk]), {"fund": [fund.pk]})
    with actor_scope(make.staff(fund.organisation, "fund_manager")):
        fund.status = "paused"
        fund.save()
    assert phone.get(reverse("applications:consent", args=[row.pk, fund.pk])).status_code == 404
    assert phone.get(reverse("applications:check", args=[row.pk])).status_code == 200
    assert phone.post(reverse("applications:check", args=[row.pk]), {"true": "on"}).status_code == 302
