"""Who the patient is, and who asks for them."""

from __future__ import annotations

import unicodedata
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.patients import normalise_phone
from matching.linkage.values import idnumber
from vault import masking
from web.forms import Choice, IdNumberInput, PhoneInput

from .. import lookups
from ..fields import DayField, shown
from .base import (
    ADULT,
    CHOOSE,
    REQUIRED,
    StepForm,
    age_on,
    choice_field,
    text_field,
)


class WhoForm(StepForm):
    section = "who"
    who = choice_field(  # type: ignore[assignment]
        gettext_lazy("选一个。您是替别人申请，也从这里开始。"),
        (
            ("self", Choice("我自己")),
            ("child", Choice("我的孩子", hint="还没满 18 岁")),
            ("family", Choice("我的父亲、母亲", hint="或爱人、成年子女")),
            ("other", Choice("别的人", hint="我是监护人，或受村居委会委托")),
        ),
    )


NAME_MARKS = frozenset("·•‧・.-'’ ")
"""What may stand between the letters of a name."""


def checked_name(typed: str) -> str:
    """The name with single spaces. Letters of any script, 〇, and rare characters of private fonts pass;
    digits, symbols and emoji raise ValidationError."""
    name = " ".join(typed.split())
    kinds = {c: unicodedata.category(c) for c in name if c not in NAME_MARKS}
    if not kinds or any(kind[0] not in "LM" and kind not in {"Nl", "Co"} for kind in kinds.values()):
        raise ValidationError(_("姓名里不能有数字、符号或表情，请照着身份证写。"))
    return name


ID_PROBLEMS = {
    "characters": gettext_lazy("只能有数字，最后一位可以是 X。请照着身份证或户口本再看一遍。"),
    "check_digit": gettext_lazy("第 18 位对不上，请照着身份证或户口本再看一遍。"),
    "birth_date": gettext_lazy("第 7 到 14 位是生日，现在不是一个日期。请再看一遍。"),
    "area": gettext_lazy("前 2 位不是省份，请照着身份证或户口本再看一遍。"),
}


def _digits_birth(id18: str) -> date | None:
    """The birth date that the digits say, even where another digit is wrong."""
    try:
        return date(int(id18[6:10]), int(id18[10:12]), int(id18[12:14])) if len(id18) == 18 else None
    except ValueError:
        return None


class IdentityForm(StepForm):
    section = "identity"
    name = text_field(gettext_lazy("姓名"), limit=40, hint=gettext_lazy("照着身份证或户口本写。"))
    id_number = forms.CharField(
        label=gettext_lazy("身份证号（18 位）"),
        max_length=30,
        widget=IdNumberInput,
        error_messages={"required": REQUIRED, "max_length": gettext_lazy("身份证号是 18 位。")},
    )
    birth_date = DayField(
        label=gettext_lazy("出生日期"), error_messages={"required": gettext_lazy("请填出生日期。")}
    )
    sex = choice_field(gettext_lazy("性别"), (("1", gettext_lazy("男")), ("2", gettext_lazy("女"))))
    household_area = forms.ChoiceField(
        label=gettext_lazy("户口在哪里"), error_messages={"required": CHOOSE, "invalid_choice": CHOOSE}
    )
    household_place = text_field(
        gettext_lazy("户口在其他地方的，写省、市、县"),
        required=False,
        hint=gettext_lazy("比如：湖北省武汉市江夏区"),
    )
    residence_area = forms.ChoiceField(
        label=gettext_lazy("现在住在哪里"), error_messages={"required": CHOOSE, "invalid_choice": CHOOSE}
    )
    residence_place = text_field(gettext_lazy("住在其他地方的，写省、市、县"), required=False)
    residence_year = forms.IntegerField(
        label=gettext_lazy("从哪一年起住在那里"),
        required=False,
        min_value=1900,
        error_messages={
            "invalid": gettext_lazy("请填 4 位数的年份，比如 2019。"),
            "min_value": gettext_lazy("请填 4 位数的年份，比如 2019。"),
        },
        widget=forms.TextInput(attrs={"inputmode": "numeric", "maxlength": "4", "autocomplete": "off"}),
    )
    address = text_field(gettext_lazy("详细住址"), required=False, limit=120, hint=gettext_lazy("方便寄信。"))

    def __init__(self, *args: Any, without_number: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.without_number = without_number
        del self.fields["id_number" if without_number else "sex"]
        for name in ("household_area", "residence_area"):
            self.fields[name].choices = lookups.area_choices()  # type: ignore[attr-defined]
            place = self.fields[name.replace("area", "place")]
            place.required = not self.is_bound or self.data.get(name) == lookups.OTHER_PLACE
            place.error_messages["required"] = _("您选了“其他地方”，请写省、市、县。")

    def initial_from(self, kept: dict[str, Any]) -> dict[str, Any]:
        first = dict(kept)
        if kept.get("id_number"):
            first["id_number"] = masking.id_number(kept["id_number"])
        for name in ("household", "residence"):
            if kept.get(f"{name}_place"):
                first[f"{name}_area"] = lookups.OTHER_PLACE
        if kept.get("residence_since"):
            first["residence_year"] = int(kept["residence_since"][:4])
        return first

    def clean_name(self) -> str:
        return checked_name(self.cleaned_data["name"])

    def clean_id_number(self) -> str:
        typed = self.cleaned_data["id_number"]
        kept = (self.answers.get("identity") or {}).get("id_number", "")
        if kept and typed.strip() == masking.id_number(kept):
            return kept
        number = idnumber.normalise(typed)
        found = idnumber.problems(typed)
        if "length" in found:
            raise ValidationError(_("身份证号是 18 位，您填了 %(count)d 位。") % {"count": len(number)})
        if found:
            self.wrong_number = number
            raise ValidationError(ID_PROBLEMS[found[0]])
        return number

    wrong_number = ""

    def clean_birth_date(self) -> date:
        birth = self.cleaned_data["birth_date"]
        today = timezone.localdate()
        if birth > today:
            raise ValidationError(_("这一天还没到，请再看一遍。"))
        if age_on(birth, today) > 125:
            raise ValidationError(_("年份太早了，请再看一遍。"))
        return birth

    def clean_residence_year(self) -> int | None:
        year = self.cleaned_data["residence_year"]
        if year is not None and year > timezone.localdate().year:
            raise ValidationError(_("这一年还没到，请再看一遍。"))
        return year

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        birth = data.get("birth_date")
        said = _digits_birth(data.get("id_number") or self.wrong_number)
        if birth and said and birth != said:
            self.add_error(
                "birth_date",
                _("身份证上是 %(card)s，您填的是 %(typed)s。") % {"card": shown(said), "typed": shown(birth)},
            )
        elif birth:
            age = age_on(birth, timezone.localdate())
            if self.who == "child" and age >= ADULT:
                self.add_error(
                    "birth_date", _("孩子已经满 18 岁了。请回到第一步，选“我的父亲、母亲或爱人、成年子女”。")
                )
        for name in ("household", "residence"):
            if data.get(f"{name}_area") == lookups.OTHER_PLACE:
                place = data.get(f"{name}_place", "")
                if place and not lookups.area_of(place):
                    self.add_error(
                        f"{name}_place", _("没认出这个地方。请从省写起，比如：湖北省武汉市江夏区。")
                    )
        return data

    def answer(self) -> dict[str, Any]:
        data = self.cleaned_data
        number = data.get("id_number", "")
        parsed = idnumber.parse(number) if number else None
        kept: dict[str, Any] = {
            "name": data["name"],
            "id_number": number,
            "birth_date": data["birth_date"].isoformat(),
            "sex": {"M": "1", "F": "2"}[parsed.sex] if parsed else data.get("sex", ""),
            "address": data["address"],
            "phone": (self.answers.get("applicant") or {}).get("phone", ""),
        }
        for name in ("household", "residence"):
            other = data[f"{name}_area"] == lookups.OTHER_PLACE
            place = data[f"{name}_place"] if other else ""
            kept[f"{name}_area"] = lookups.area_of(place) if other else data[f"{name}_area"]
            kept[f"{name}_place"] = place
        year = data.get("residence_year")
        # Of a year alone the last day counts: nobody is said to live there longer than he does.
        kept["residence_since"] = min(date(year, 12, 31), timezone.localdate()).isoformat() if year else ""
        return kept


RELATIONS = {
    "child": (("mother", gettext_lazy("母亲")), ("father", gettext_lazy("父亲"))),
    "family": (
        ("child", gettext_lazy("子女")),
        ("spouse", gettext_lazy("爱人")),
        ("parent", gettext_lazy("父母")),
        ("relative", gettext_lazy("其他亲属")),
    ),
    "other": (
        ("guardian", gettext_lazy("监护人")),
        ("committee", gettext_lazy("村（居）委会委托的人")),
        ("social_worker", gettext_lazy("社工")),
    ),
}


def relation_name(code: str) -> str:
    for choices in RELATIONS.values():
        for key, label in choices:
            if key == code:
                return str(label)
    return _("本人")


class ApplicantForm(StepForm):
    section = "applicant"
    name = text_field(gettext_lazy("您的姓名"), limit=40)
    relation = choice_field(gettext_lazy("您是病人的什么人"), ())
    phone = forms.CharField(
        label=gettext_lazy("联系电话"),
        max_length=30,
        widget=PhoneInput,
        help_text=gettext_lazy("有结果时发短信到这个号码。短信里没有姓名和病名。"),
        error_messages={"required": gettext_lazy("请填手机号。")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.who == "self":
            del self.fields["name"], self.fields["relation"]
        else:
            self.fields["relation"].choices = RELATIONS.get(self.who, RELATIONS["other"])  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        return checked_name(self.cleaned_data["name"])

    def clean_phone(self) -> str:
        try:
            return normalise_phone(self.cleaned_data["phone"])
        except ValueError:
            raise ValidationError(_("手机号是 11 位数字，1 开头。请对照手机再填一次。"))

    def answer(self) -> dict[str, Any]:
        patient = (self.answers.get("identity") or {}).get("name", "")
        own = {"name": patient, "relation": "self"} if self.who == "self" else {}
        return {**self.cleaned_data, **own}
