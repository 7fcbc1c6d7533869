"""The words of an appeal: kept sealed, read by the engine, shown to the reviewer masked, and to nobody else."""

from __future__ import annotations

import json

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

import appeals as texts
import factories as make
from accounts.models import User
from accounts.staff import enrol_totp
from audit.models import Entry
from charity.campaigns import appeals
from charity.campaigns.models import Campaign, CampaignAppeal, CampaignReading
from insurance.linking.models import Review
from matching.linkage.values import extract
from outbox.tasks import drain
from people.models import Identity
from scope import actor_scope, engine_scope

db = pytest.mark.django_db

TITLE = "救救我9岁的女儿"
STORY = (
    "大家好，我叫陈国富，电话13800005521，住在湖南省长沙市芙蓉区幸福路12号3栋。\n"
    "我女儿陈雨涵今年9岁，2017年3月8日出生。8月确诊急性淋巴细胞白血病，目前在示例市儿童医院化疗。"
)
SECRETS = ("陈雨涵", "雨涵", "国富", "13800005521", "3月8日", "幸福路", "3栋")


def told(platform, beneficiary=None, appeal=None, **changes):
    """Push what a platform says, with the words of the family; the campaign after the engine has read it."""
    stated = {"name": "", "age": None, "sex": "", "area": "", "hospital": "", "disease": ""}
    result = platform.one(
        beneficiary={**stated, **(beneficiary or {})},
        appeal={"title": TITLE, "story": STORY} if appeal is None else appeal,
        **changes,
    )
    assert result["state"] == "accepted", result
    drain()
    return result


def identity_of(result):
    with engine_scope("test"):
        return Identity.objects.get(source="campaign", source_id=result["id"])


def reading_of(result):
    with engine_scope("test"):
        return CampaignReading.objects.get(pk=result["id"])


@db
def test_what_is_not_stated_is_filled_from_the_words(platform):
    identity = identity_of(told(platform))
    assert identity.name == "陈雨涵"
    assert identity.birth_date.isoformat() == "2017-03-08"
    assert (identity.sex, identity.area) == ("2", "430102")
    assert identity.extra["hospital"] == "示例市儿童医院"
    assert identity.extra["disease"] == "急性淋巴细胞白血病"


@db
def test_what_is_stated_wins_and_a_contradiction_is_kept(platform):
    result = told(platform, {"name": "王*", "age": 65, "sex": "male", "hospital": "示例市第一医院"})
    identity = identity_of(result)
    assert (identity.name, identity.sex, identity.birth_date) == ("王*", "1", None)
    assert identity.extra["age"] == 65
    assert identity.extra["hospital"] == "示例市第一医院"
    found = {one["field"]: one for one in reading_of(result).found}
    assert {field for field, one in found.items() if one["contradicts"]} >= {"name", "age", "sex"}
    assert not found["hospital"]["contradicts"]
    assert {field for field, one in found.items() if one["used"]} == {"area", "disease"}


@db
def test_what_was_read_is_kept_with_its_place_and_the_version_of_the_rules(platform):
    result = told(platform)
    reading = reading_of(result)
    assert (reading.version, reading.extractor) == (1, extract.VERSION)
    words = {"title": TITLE, "story": STORY}
    for one in reading.found:
        said = words[one["where"]][one["start"] : one["end"]]
        assert said
        if one["field"] in ("name", "hospital", "disease"):
            assert said == one["value"]
    assert {one["where"] for one in reading.found} == {"title", "story"}


@db
def test_the_words_lie_sealed(platform):
    result = told(platform)
    with engine_scope("test"), connection.cursor() as cursor:
        cursor.execute("SELECT title, story FROM campaign_appeal WHERE campaign_id = %s", [result["id"]])
        row = cursor.fetchone()
        cursor.execute("SELECT found, passages FROM campaign_reading WHERE campaign_id = %s", [result["id"]])
        row += cursor.fetchone()
    for value in row:
        assert not any(secret.encode() in bytes(value) for secret in (*SECRETS, "女儿"))


@db
def test_other_words_are_a_new_version_and_words_left_out_are_gone(platform):
    told(platform)
    assert (
        platform.one(
            beneficiary={"name": "", "age": None, "sex": "", "area": "", "hospital": "", "disease": ""},
            appeal={"title": TITLE, "story": STORY},
        )["state"]
        == "duplicate"
    )
    again = told(platform, appeal={"story": STORY.replace("化疗", "住院化疗")})
    assert again["version"] == 2
    with engine_scope("test"):
        assert CampaignAppeal.objects.get(pk=again["id"]).title is None
    last = platform.one()
    drain()
    assert last["version"] == 3
    with engine_scope("test"):
        assert CampaignAppeal.objects.get(pk=last["id"]).story is None
    assert reading_of(last).found == []
    assert identity_of(last).name == "陈*涵"


@db
def test_words_that_say_the_same_of_the_person_do_not_ask_the_reviewer_again(platform, shop, patient):
    patient.bill()
    result = told(platform, {"name": "陈*涵", "age": 9, "area": "430100"})
    shop.answer("same")
    told(platform, {"name": "陈*涵", "age": 9, "area": "430100"}, {"title": TITLE, "story": STORY + "谢谢！"})
    assert identity_of(result).person_id == patient.person_id


@db
def test_a_campaign_without_words_keeps_the_version_it_had_before_there_were_any(platform):
    platform.one()
    with engine_scope("test"):
        assert not CampaignAppeal.objects.exists()
        assert not CampaignReading.objects.exists()
    assert platform.one(appeal={"title": "", "story": None})["state"] == "duplicate"


@db
@pytest.mark.parametrize(
    ("appeal", "reason"),
    [
        ("words", ("wrong_type", "appeal")),
        ({"title": 7}, ("wrong_type", "appeal.title")),
        ({"title": "长" * 201}, ("too_long", "appeal.title")),
        ({"story": "长" * 20_001}, ("too_long", "appeal.story")),
        ({"story": "求助\x07"}, ("bad_characters", "appeal.story")),
        ({"story": "求助\u202e"}, ("bad_characters", "appeal.story")),
        ({"story": "求\x00助"}, ("bad_characters", "appeal.story")),
    ],
)
def test_words_that_cannot_be_kept_are_refused_by_name(platform, appeal, reason):
    result = platform.one(appeal=appeal)
    assert result["state"] == "refused"
    assert reason in [(one["code"], one["field"]) for one in result["reasons"]]


@db
def test_lone_surrogates_do_not_break_the_answer(platform, shop):
    body = json.dumps(shop.campaign(appeal={"story": "求助"})).replace("\\u6c42", "\\ud800")
    answer = platform.push(body)
    assert answer.status_code in (200, 400)
    assert answer.status_code == 400 or answer.json()["results"][0]["state"] == "refused"


@db
def test_long_words_lines_and_emoji_are_taken(platform):
    result = told(platform, {"name": "陈*"}, {"title": "😭👨‍👩‍👧", "story": "一\r\n二\t三" + "求" * 19_000})
    with engine_scope("test"):
        assert CampaignAppeal.objects.get(pk=result["id"]).story.startswith("一\n二 三")


@db
def test_unknown_parts_of_the_words_are_named(platform):
    assert platform.one(appeal={"photos": []})["unknown_fields"] == ["appeal.photos"]


@db
def test_without_name_and_words_it_is_refused_still(platform):
    assert platform.one(beneficiary={"name": ""})["state"] == "refused"


# the reviewer's page --------------------------------------------------------------------------------------


def browser(organisation, *roles):
    actor = make.staff(organisation, *roles)
    user = User.objects.get(pk=actor.user_id)
    enrol_totp(user)
    client = Client()
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client


def asked(platform, patient, **stated):
    patient.bill()
    result = told(platform, {"name": "陈*涵", **stated})
    with engine_scope("test"):
        return result, Review.objects.get(identity_id=identity_of(result).pk, state="open").pk


@db
def test_the_reviewer_sees_where_each_field_was_read_and_nothing_else_personal(platform, patient):
    _, review_id = asked(platform, patient, age=12, phone="13800005521")
    client = browser(make.organisation("operator"), "linkage_reviewer")
    html = client.get(reverse("linking:review", args=[review_id])).content.decode()
    for seen in (
        "<mark>示例市儿童医院</mark>",
        "<mark>9岁</mark>",
        "求助正文",
        "标题",
        "和平台填的不一样，按平台填的算",
        "求助文字里的年龄",
    ):
        assert seen in html, seen
    assert not [secret for secret in SECRETS if secret in html]
    with engine_scope("test"):
        entry = Entry.objects.get(action="link.viewed", subject=f"review:{review_id}")
    assert entry is not None


def rows(table):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return cursor.fetchone()[0]


@db
def test_only_the_platform_reads_its_words_and_only_the_reviewer_what_was_read(platform, patient, shop):
    asked(platform, patient)
    operator = make.organisation("operator")
    other = shop.Platform()
    seen = {
        "reviewer": make.staff(operator, "linkage_reviewer"),
        "administrator": make.staff(operator, "org_admin"),
        "charity": make.staff(make.organisation("charity"), "case_officer"),
        "staff": make.staff(platform.organisation, "intake_clerk"),
        "own": make.client_actor(platform.organisation, "campaigns:write"),
        "other": make.staff(other.organisation, "intake_clerk"),
    }
    for who, actor in seen.items():
        with actor_scope(actor):
            assert rows("campaign_appeal") == (1 if who == "own" else 0), who
            assert rows("campaign_reading") == (1 if who == "reviewer" else 0), who


@db
def test_the_web_writes_no_reading_and_no_words_for_another_s_campaign(platform, shop, patient):
    result, _ = asked(platform, patient)
    reviewer = make.staff(make.organisation("operator"), "linkage_reviewer")
    for statement in (
        "UPDATE campaign_reading SET extractor = 'x'",
        f"INSERT INTO campaign_appeal (campaign_id) VALUES ({result['id']})",
        "DELETE FROM campaign_appeal",
    ):
        with (
            actor_scope(reviewer),
            pytest.raises(DatabaseError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
    with engine_scope("test"):
        assert Campaign.objects.filter(pk=result["id"]).exists()
        assert CampaignAppeal.objects.get(pk=result["id"]).story == STORY


# masking of passages --------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [text for text, _ in texts.RULES + texts.FIRST + texts.SECOND])
def test_a_passage_shows_no_name_and_its_mark_stands_where_it_was_read(text):
    for one in extract.extract(text):
        found = appeals.Read(one.field, one.value, "story", one.start, one.end)
        hidden = appeals.masked(text, [one.value] if one.field == "name" else [])
        shown = appeals.passage(found, text, hidden)
        assert len(hidden) == len(text)
        assert len(shown.said) <= one.end - one.start or one.field == "name"
        assert len(shown.before.strip("…")) <= appeals.AROUND
        assert len(shown.after.strip("…")) <= appeals.AROUND
        whole = shown.before + shown.said + shown.after
        for start, end in extract.names(text):
            name = text[start:end]
            plain = not any(sign in name for sign in "*某") and not name.startswith(("小", "老"))
            if plain and len(name) > 2 and not name.endswith(("女士", "阿姨", "先生")):
                assert name not in whole


@pytest.mark.parametrize("piece", ["1", "村", "1号", "小区", "a@", "王", "某", "发起人", "年1月", "1990-1"])
def test_a_hostile_text_is_masked_to_its_end(piece):
    text = piece * (20_000 // len(piece))
    assert len(appeals.masked(text, ["陈雨涵"])) == len(text)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("住在清河镇李家村3组，电话13800005521", "李家村"),
        ("住在清河镇李家村3组，电话13800005521", "13800005521"),
        ("微信chen_2017", "chen_2017"),
        ("2017年3月8日出生", "3月8日"),
        ("生于2017-03-08", "03-08"),
        ("生于2017.3.8", "3.8"),
        ("幸福路12号3栋", "12号"),
        ("发起人：周敏", "周敏"),
    ],
)
def test_homes_numbers_days_and_names_are_hidden(text, secret):
    assert secret in text
    assert secret not in appeals.masked(text, [])


def test_plain_words_stay():
    text = "来自农村，今年9岁，8月查出白血病"
    assert appeals.masked(text, []) == text


@given(st.text(alphabet="陈雨涵我叫今年0123456789岁，。\n 幸福路号栋年月日*", max_size=80), st.data())
def test_no_text_breaks_the_mask(text, data):
    if not text:
        return
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    hidden = appeals.masked(text, ["陈雨涵"])
    shown = appeals.passage(appeals.Read("hospital", "", "story", start, end), text, hidden)
    assert "雨涵" not in shown.before
    assert "雨涵" not in shown.after
    assert len(shown.said) == end - start or shown.said == ""


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("电话138 0000 5521，女儿9岁", "138 0000 5521"),
        ("电话138-0000-5521，女儿9岁", "0000"),
        ("电话一三八零零零零五五二一，女儿9岁", "一三八"),
        ("身份证430102 20170308 1234，女儿9岁", "1234"),
        ("女儿生于二〇一七年三月八日，白血病", "三月八日"),
        ("女儿2017年农历三月初八出生，白血病", "初八"),
        ("生日是3月8日，今年9岁", "3月8日"),
    ],
)
def test_numbers_in_groups_and_days_in_words_are_hidden_too(text, hidden):
    shown = appeals.masked(text, [])
    assert len(shown) == len(text)
    assert hidden not in shown


def test_a_short_name_at_the_end_of_a_text_ends_where_the_text_ends():
    assert "8月确诊" in appeals.masked("我们8月确诊，我叫王明", [])
    for text in ("我叫王明", "我叫欧阳明", "孩子名叫王"):
        assert len(appeals.masked(text, [])) == len(text)
        assert all(0 <= start < end <= len(text) for start, end in extract.names(text))
        assert all(one.end <= len(text) for one in extract.extract(text))
