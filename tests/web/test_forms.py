import re
from decimal import Decimal

import pytest
from django import forms
from django.template import Context, Template
from django.utils import translation

from web.forms import CheckboxCards, Choice, JieliRenderer, MoneyField, RadioCards


class Sample(forms.Form):
    amount = MoneyField(label="金额", max_value=Decimal("27361.81"), help_text="看结算单")
    who = forms.ChoiceField(
        label="谁",
        widget=RadioCards,
        choices=[("child", Choice("我的孩子", "还没满 18 岁")), ("self", "我自己")],
    )
    papers = forms.MultipleChoiceField(
        label="材料", required=False, widget=CheckboxCards, choices=[("a", "诊断证明")]
    )


@pytest.fixture(autouse=True)
def chinese():
    with translation.override("zh-hans"):
        yield


@pytest.mark.parametrize(
    "typed",
    ["12345.67", "12,345.67", "¥12,345.67", "￥１２，３４５．６７", " 12345.67 ", "12345.67元", "1.234567万"],
)
def test_an_amount_is_understood_however_it_is_typed(typed):
    assert MoneyField().clean(typed) == Decimal("12345.67")


def test_ten_thousands_become_plain_yuan():
    assert str(MoneyField().clean("4万")) == "40000"


@pytest.mark.parametrize("typed", ["一万", "1e400x", "1e999999万", "万", "NaN", "NaN万", "12.345", "-1", "0"])
def test_it_refuses_what_is_no_payable_amount(typed):
    with pytest.raises(forms.ValidationError):
        MoneyField().clean(typed)


def test_it_refuses_more_than_the_limit_on_the_server_too():
    form = Sample({"amount": "27361.82", "who": "self"})
    assert form.errors["amount"] == ["最多 ¥27361.81。"]


@pytest.mark.parametrize("renderer", [None, JieliRenderer()])
def test_a_field_shows_the_same_words_as_the_summary(renderer):
    form = Sample({"amount": "x", "who": ""}, renderer=renderer)
    summary = Template("{% load jieli %}{% error_summary form %}").render(Context({"form": form}))
    page = str(form)
    assert "有 2 处要改一下" in summary
    assert 'href="#id_amount"' in summary
    assert "请填数字，比如 12345.67。" in summary
    assert "请填数字，比如 12345.67。" in page
    assert 'id="id_amount_error"' in page
    assert "id_amount_helptext" in page
    assert 'aria-invalid="true"' in page


def test_an_empty_field_is_asked_for_without_blame():
    assert Sample({"amount": "", "who": "self"}).errors["amount"] == ["这里还没填。"]


def test_there_is_no_summary_without_an_error():
    form = Sample({"amount": "5", "who": "self"})
    assert form.is_valid()
    assert Template("{% load jieli %}{% error_summary form %}").render(Context({"form": form})).strip() == ""


def test_choices_are_labelled_cards_with_their_hint_in_a_group():
    page = str(Sample())
    assert re.search(r"<legend>\s*谁", page)
    assert "还没满 18 岁" in page
    assert page.count('class="choice"') == 3


def test_a_known_amount_is_shown_with_separators_and_a_typed_one_as_typed():
    assert 'value="12,345.60"' in str(Sample(initial={"amount": Decimal("12345.6")}))
    assert 'value="12345.6"' in str(Sample({"amount": "12345.6"}))
