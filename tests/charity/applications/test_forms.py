"""The pieces under the pages: places, illnesses, days, order of the steps, what the rules are asked."""

from datetime import date, timedelta
from decimal import Decimal

import application_kit as kit
import pytest
from django import forms as django_forms
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

import factories as make
from charity.applications import forms, lookups, services, steps
from charity.applications.fields import DayField
from matching.linkage.values import idnumber
from scope import actor_scope


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("急淋", "C91.0"),
        ("急性淋巴细胞白血病（高危）", "C91.0"),
        ("孩子得了白血病", "C95.9"),
        ("ALL", "C91.0"),
        ("all over pain", ""),
        ("先心病 室间隔缺损", "Q21.0"),
        ("说不清", ""),
        ("", ""),
    ],
)
def test_an_illness_in_the_familys_words_gets_its_code_or_none(text, code):
    assert lookups.icd10_of(text) == code


@given(st.text(max_size=60))
def test_any_words_about_an_illness_are_taken(text):
    assert lookups.icd10_of(text) in {""} | {row["icd10"] for row in lookups._data("illnesses")}


def test_every_code_of_the_illness_table_is_an_icd10_code_and_found_by_each_name():
    for row in lookups._data("illnesses"):
        assert row["icd10"][0].isalpha()
        assert row["icd10"][1:3].isdigit()
        for name in (row["name"], *row["also"]):
            assert lookups.icd10_of(name) == row["icd10"], name


def test_every_place_of_the_list_is_one_that_the_linkage_knows():
    for city in lookups._data("areas"):
        for code, name in city["areas"]:
            assert lookups.area_of(city["city"] + name) == code
            assert lookups.place_name(code) == city["city"] + name


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)))
def test_a_day_comes_back_as_it_was_typed(day):
    assert DayField().clean([str(day.year), f" {day.month:02d}", str(day.day)]) == day


@given(st.lists(st.text(max_size=5), min_size=3, max_size=3))
def test_whatever_is_typed_as_a_day_is_a_day_nothing_or_a_plain_error(parts):
    try:
        found = DayField(required=False).clean(parts)
    except django_forms.ValidationError:
        return
    assert found is None or isinstance(found, date)


@given(st.text(max_size=30))
def test_whatever_is_typed_as_a_number_is_possible_or_refused_in_words(typed):
    data = {"name": "陈雨涵", "id_number": typed}
    form = forms.IdentityForm(data, answers={"who": {"who": "self"}})
    if "id_number" in form.errors:
        assert all(str(message).strip() for message in form.errors["id_number"])
    else:
        assert idnumber.parse(form.cleaned_data["id_number"]) is not None


def test_a_year_alone_never_makes_the_stay_longer_than_it_is():
    today = timezone.localdate()
    data = {
        "name": "陈雨涵",
        "id_number": kit.CHILD_ID,
        "birth_date_0": "2017",
        "birth_date_1": "3",
        "birth_date_2": "8",
        "household_area": "430104",
        "residence_area": "430104",
        "residence_year": str(today.year),
    }
    form = forms.IdentityForm(data, answers={"who": {"who": "child"}})
    assert form.is_valid(), form.errors
    assert form.answer()["residence_since"] == today.isoformat()


@given(st.sets(st.sampled_from(steps.NAMES[:-1])))
def test_the_first_open_page_is_the_first_that_lacks_answers(given_names):
    full = {**kit.CHILD, "funds": [1]}
    answers = {name: full[name] for name in given_names}
    found = steps.first_open(answers)
    before = steps.NAMES[: steps.NAMES.index(found)]
    assert all(steps.complete(name, answers) for name in before)
    assert found == "check" or not steps.complete(found, answers)


def test_a_child_that_came_of_age_has_to_be_asked_again():
    grown = timezone.localdate() - timedelta(days=19 * 366)
    answers = {**kit.CHILD, "identity": {**kit.CHILD["identity"], "birth_date": grown.isoformat()}}
    assert steps.first_open(answers) == "identity"


def test_the_rules_are_asked_with_the_familys_own_words_only():
    told = services.answers_for_rules(kit.CHILD)
    assert told.birth_date == date(2017, 3, 8)
    assert told.sex == "female"
    assert told.icd10 == "C91.0"
    assert told.own_cost == Decimal("130621.81")
    assert told.other_help == (("crowdfunding", Decimal("18600.00")),)
    assert told.hardship == ("dibao_edge",)
    assert told.residence_since == date(2019, 12, 31)


def test_no_hardship_is_an_answer_and_not_a_gap():
    answers = {**kit.CHILD, "household": {**kit.CHILD["household"], "hardship": ["none"]}}
    assert services.answers_for_rules(answers).hardship == ()
    assert services.answers_for_rules({}).hardship is None


def test_funds_are_offered_while_they_are_open_and_in_their_period(charity):
    open_fund = make.fund(charity)
    make.fund(charity, status="paused")
    make.fund(charity, period_end=timezone.localdate() - timedelta(days=1))
    with actor_scope(make.patient()):
        assert [choice.fund.pk for choice in services.fund_choices(kit.CHILD)] == [open_fund.pk]


def test_not_more_than_ten_drafts_lie_about(acc):
    actor = make.patient(acc)
    with actor_scope(actor):
        for _ in range(services.MAX_DRAFTS):
            services.start(actor)
        with pytest.raises(services.ApplicationError, match="太多"):
            services.start(actor)


@pytest.mark.parametrize(
    ("form", "data", "field", "words"),
    [
        (forms.HouseholdForm, {"hardship": ["none", "dibao"]}, "hardship", "不能再选别的"),
        (forms.HouseholdForm, {"hardship": ["king"]}, "hardship", "请选一个"),
        (forms.HouseholdForm, {"members": "0"}, "members", "至少 1 口人"),
        (forms.HouseholdForm, {"members": "2", "earners": "3"}, "earners", "不能比家里的人多"),
        (forms.HouseholdForm, {"income_yearly": "很多"}, "income_yearly", "请填数字"),
        (forms.HouseholdForm, {"income_yearly": "-1"}, "income_yearly", "不能小于"),
        (forms.AidForm, {"campaign_has": "yes"}, "campaign_name", "哪一家"),
        (forms.IllnessForm, {"own_cost": "1e400"}, "own_cost", ""),
        (forms.IllnessForm, {"own_cost": "NaN"}, "own_cost", "请填数字"),
        (forms.IllnessForm, {"own_cost": "1000000000"}, "own_cost", "多写了几个 0"),
        (forms.HouseholdForm, {"income_yearly": "20000000.01"}, "income_yearly", "多写了几个 0"),
        (forms.ApplicantForm, {"phone": "12345"}, "phone", "11 位数字"),
        (forms.WhoForm, {"who": "cat"}, "who", "请选一个"),
    ],
)
def test_a_wrong_answer_says_what_to_do(form, data, field, words):
    bound = form(data, answers={"who": {"who": "child"}})
    assert field in bound.errors
    assert any(words in str(message) for message in bound.errors[field])


@pytest.mark.parametrize(
    "name", ["陈雨涵", "阿依古丽·买买提", "李〇", "𠮷田", "Anna-Maria  O'Neil", "王\ue863"]
)
def test_a_name_of_any_script_is_taken(name):
    assert forms.checked_name(name) == " ".join(name.split())


def test_each_message_about_other_help_says_which_help_it_is_about():
    typed = {"campaign_has": "yes", "campaign_amount": "x", "charity_has": "no"}
    form = forms.AidForm(typed, answers={})
    said = {name: errors[0] for name, errors in form.errors.items()}
    assert set(said) == {"campaign_name", "campaign_amount", "commercial_has"}
    assert said["campaign_name"] == "众筹：请写是哪一家。"
    assert said["campaign_amount"].startswith("众筹：")
    assert said["commercial_has"] == "商业保险：请选一个。"


def test_no_two_pages_have_the_same_number():
    assert [step.number for step in steps.ORDER] == list(range(1, steps.STEPS + 1))
