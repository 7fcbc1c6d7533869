"""The pages of the application as forms. `answer()` gives what is kept (JSON: dates ISO, amounts as strings)."""

from __future__ import annotations

import unicodedata
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.patients import normalise_phone
from matching.eligibility import HARDSHIP_NAMES
from matching.linkage import idnumber
from vault import masking
from web.forms import CheckboxCards, Choice, IdNumberInput, MoneyField, PhoneInput, RadioCards

from . import lookups
from .fields import DayField, FilesField, shown
from .models import DocumentKind

REQUIRED = gettext_lazy("这里还没填。")
CHOOSE = gettext_lazy("请选一个。")
YES_NO = (("yes", gettext_lazy("有")), ("no", gettext_lazy("没有")))
ADULT = 18
MUCH = Decimal("20000000.00")
"""Yuan. A family's figure above it is taken for a slip of the finger and asked again."""
TOO_MUCH = gettext_lazy("超过 2000 万元了。请看看是不是多写了几个 0；不是的话，请打电话告诉我们。")


def age_on(birth: date, day: date) -> int:
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def _text(
    label: Any, *, required: bool = True, limit: int = 60, hint: Any = "", **attrs: str
) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=required,
        max_length=limit,
        help_text=hint,
        error_messages={"required": REQUIRED, "max_length": gettext_lazy("太长了，请写短一点。")},
        widget=forms.TextInput(attrs={"autocomplete": "off", **attrs}),
    )


def _choice(label: Any, choices: Any, hint: Any = "", required: bool = True) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label,
        choices=choices,
        required=required,
        help_text=hint,
        widget=RadioCards,
        error_messages={"required": CHOOSE, "invalid_choice": CHOOSE},
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


class StepForm(forms.Form):
    """A page of the draft: built from the answers so far, gives its own section of them."""

    section = ""

    def __init__(self, data: Any = None, *, answers: dict[str, Any], **kwargs: Any) -> None:
        self.answers = answers
        kwargs.setdefault("initial", self.initial_from(answers.get(self.section) or {}))
        super().__init__(data, **kwargs)

    def initial_from(self, kept: dict[str, Any]) -> dict[str, Any]:
        return dict(kept)

    def answer(self) -> dict[str, Any]:
        return dict(self.cleaned_data)

    @property
    def who(self) -> str:
        return (self.answers.get("who") or {}).get("who", "self")


class WhoForm(StepForm):
    section = "who"
    who = _choice(  # type: ignore[assignment]
        gettext_lazy("选一个。您是替别人申请，也从这里开始。"),
        (
            ("self", Choice("我自己")),
            ("child", Choice("我的孩子", hint="还没满 18 岁")),
            ("family", Choice("我的父亲、母亲", hint="或爱人、成年子女")),
            ("other", Choice("别的人", hint="我是监护人，或受村居委会委托")),
        ),
    )


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
    name = _text(gettext_lazy("姓名"), limit=40, hint=gettext_lazy("照着身份证或户口本写。"))
    id_number = forms.CharField(
        label=gettext_lazy("身份证号（18 位）"),
        max_length=30,
        widget=IdNumberInput,
        error_messages={"required": REQUIRED, "max_length": gettext_lazy("身份证号是 18 位。")},
    )
    birth_date = DayField(
        label=gettext_lazy("出生日期"), error_messages={"required": gettext_lazy("请填出生日期。")}
    )
    sex = _choice(gettext_lazy("性别"), (("1", gettext_lazy("男")), ("2", gettext_lazy("女"))))
    household_area = forms.ChoiceField(
        label=gettext_lazy("户口在哪里"), error_messages={"required": CHOOSE, "invalid_choice": CHOOSE}
    )
    household_place = _text(
        gettext_lazy("户口在其他地方的，写省、市、县"),
        required=False,
        hint=gettext_lazy("比如：湖北省武汉市江夏区"),
    )
    residence_area = forms.ChoiceField(
        label=gettext_lazy("现在住在哪里"), error_messages={"required": CHOOSE, "invalid_choice": CHOOSE}
    )
    residence_place = _text(gettext_lazy("住在其他地方的，写省、市、县"), required=False)
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
    address = _text(gettext_lazy("详细住址"), required=False, limit=120, hint=gettext_lazy("方便寄信。"))

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
    name = _text(gettext_lazy("您的姓名"), limit=40)
    relation = _choice(gettext_lazy("您是病人的什么人"), ())
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


PROCEDURES = (
    ("hsct", gettext_lazy("做过骨髓（造血干细胞）移植")),
    ("chd_surgery", gettext_lazy("做过先天性心脏病手术")),
)


class DataListInput(forms.TextInput):
    """Free text with suggestions of the browser's own (works without JavaScript)."""

    def __init__(self, options: list[str], attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"autocomplete": "off", **(attrs or {})})
        self.options = options

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        from django.utils.html import format_html, format_html_join

        box = super().render(name, value, {**(attrs or {}), "list": f"{name}-list"}, renderer)
        return format_html(
            '{}<datalist id="{}-list">{}</datalist>',
            mark_safe(box),  # noqa: S308 (rendered by Django's own widget)
            name,
            format_html_join("", '<option value="{}"></option>', ((o,) for o in self.options)),
        )


class IllnessForm(StepForm):
    section = "illness"
    name = _text(
        gettext_lazy("得的什么病"), limit=80, hint=gettext_lazy("照着诊断证明写，写不全也行。比如：白血病")
    )
    stage = _text(
        gettext_lazy("第几期、哪一型"),
        required=False,
        limit=30,
        hint=gettext_lazy("诊断证明上写了就照着写。"),
    )
    hospital = _text(gettext_lazy("在哪家医院看的"), limit=80, hint=gettext_lazy("写全名。"))
    admitted_on = DayField(
        label=gettext_lazy("最近一次哪天住院"), required=False, help_text=gettext_lazy("没住院的不用填。")
    )
    discharged_on = DayField(
        label=gettext_lazy("哪天出院"), required=False, help_text=gettext_lazy("还没出院的不用填。")
    )
    own_cost = MoneyField(
        label=gettext_lazy("医保报完，自己大约还要付多少"),
        required=False,
        min_value=Decimal("0"),
        max_value=MUCH,
        error_messages={"max_value": TOO_MUCH},
        help_text=gettext_lazy("大概数就行。医保提供的账单会更准。"),
    )
    procedures = forms.MultipleChoiceField(
        label=gettext_lazy("做过这些治疗吗"),
        choices=PROCEDURES,
        required=False,
        widget=CheckboxCards,
        help_text=gettext_lazy("没做过的不用选。"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].widget = DataListInput(lookups.illness_names(), {"maxlength": "80"})

    def initial_from(self, kept: dict[str, Any]) -> dict[str, Any]:
        return {**kept, **_money(kept, "own_cost")}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        first, last, today = data.get("admitted_on"), data.get("discharged_on"), timezone.localdate()
        if first and first > today:
            self.add_error("admitted_on", _("这一天还没到，请再看一遍。"))
        if last and last > today:
            self.add_error("discharged_on", _("这一天还没到。还没出院的不用填。"))
        if first and last and last < first:
            self.add_error("discharged_on", _("出院在住院之前了，请再看一遍。"))
        return data

    def answer(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            "name": data["name"],
            "icd10": lookups.icd10_of(data["name"]),
            "stage": data["stage"],
            "hospital": data["hospital"],
            "admitted_on": data["admitted_on"].isoformat() if data["admitted_on"] else "",
            "discharged_on": data["discharged_on"].isoformat() if data["discharged_on"] else "",
            "own_cost": _kept_money(data["own_cost"]),
            "procedures": data["procedures"],
        }


def _kept_money(amount: Decimal | None) -> str:
    return "" if amount is None else str(amount.quantize(Decimal("0.01")))


def _money(kept: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: Decimal(kept[name]) for name in names if kept.get(name)}


class HouseholdForm(StepForm):
    section = "household"
    members = forms.IntegerField(
        label=gettext_lazy("家里几口人"),
        min_value=1,
        max_value=30,
        help_text=gettext_lazy("一起吃住、钱一起花的人，病人也算。"),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "maxlength": "2"}),
        error_messages={
            "required": REQUIRED,
            "invalid": gettext_lazy("请填数字，比如 4。"),
            "min_value": gettext_lazy("至少 1 口人。"),
            "max_value": gettext_lazy("请再看一遍，最多填 30。"),
        },
    )
    earners = forms.IntegerField(
        label=gettext_lazy("几个人有收入"),
        min_value=0,
        max_value=30,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "maxlength": "2"}),
        error_messages={
            "required": REQUIRED,
            "invalid": gettext_lazy("请填数字，没有就填 0。"),
            "min_value": gettext_lazy("没有就填 0。"),
            "max_value": gettext_lazy("请再看一遍，最多填 30。"),
        },
    )
    income_yearly = MoneyField(
        label=gettext_lazy("全家一年收入"),
        min_value=Decimal("0"),
        max_value=MUCH,
        error_messages={"required": gettext_lazy("请填大概数，没有就填 0。"), "max_value": TOO_MUCH},
        help_text=gettext_lazy("工资、种地、养老金都算，大概数就行。"),
    )
    hardship = forms.MultipleChoiceField(
        label=gettext_lazy("家里有这些困难证明吗"),
        choices=[
            *((key, str(text)) for key, text in HARDSHIP_NAMES.items()),
            ("none", gettext_lazy("都没有")),
        ],
        widget=CheckboxCards,
        help_text=gettext_lazy("可以选几个。没核对之前先记成“您填写的”。"),
        error_messages={
            "required": gettext_lazy("请选一个，没有就选“都没有”。"),
            "invalid_choice": CHOOSE,
        },
    )

    def initial_from(self, kept: dict[str, Any]) -> dict[str, Any]:
        return {**kept, **_money(kept, "income_yearly")}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        claimed = data.get("hardship") or []
        if "none" in claimed and len(claimed) > 1:
            self.add_error("hardship", _("选了“都没有”，就不能再选别的。"))
        members, earners = data.get("members"), data.get("earners")
        if members is not None and earners is not None and earners > members:
            self.add_error("earners", _("有收入的人不能比家里的人多。"))
        return data

    def answer(self) -> dict[str, Any]:
        return {**self.cleaned_data, "income_yearly": _kept_money(self.cleaned_data["income_yearly"])}


AID = {
    "campaign": (
        gettext_lazy("网上众筹过吗"),
        gettext_lazy("哪个平台"),
        gettext_lazy("水滴筹、轻松筹这样的网上求助。"),
    ),
    "commercial": (
        gettext_lazy("商业保险赔过吗"),
        gettext_lazy("哪家保险"),
        gettext_lazy("惠民保、百万医疗、学平险都算。"),
    ),
    "charity": (gettext_lazy("别的基金、单位帮过吗"), gettext_lazy("哪一家"), ""),
}


AID_GROUPS = {
    "campaign": gettext_lazy("众筹"),
    "commercial": gettext_lazy("商业保险"),
    "charity": gettext_lazy("基金"),
}


class AidForm(StepForm):
    section = "aid"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for key, (question, whose, hint) in AID.items():
            self.fields[f"{key}_has"] = _choice(question, YES_NO, hint)
            told = not self.is_bound or self.data.get(f"{key}_has") == "yes"
            self.fields[f"{key}_name"] = _text(whose, required=told, limit=40)
            self.fields[f"{key}_name"].error_messages["required"] = _("请写是哪一家。")
            self.fields[f"{key}_amount"] = MoneyField(
                label=gettext_lazy("拿到多少"),
                required=False,
                min_value=Decimal("0"),
                max_value=MUCH,
                error_messages={"max_value": TOO_MUCH},
            )

    def initial_from(self, kept: dict[str, Any]) -> dict[str, Any]:
        first: dict[str, Any] = {}
        for key in AID:
            row = kept.get(key)
            if row:
                first[f"{key}_has"] = "yes" if row["has"] else "no"
                first[f"{key}_name"] = row["name"]
                first[f"{key}_amount"] = Decimal(row["amount"]) if row["amount"] else None
        return first

    def clean(self) -> dict[str, Any]:
        """The three groups have the same questions: each message says which one it is about."""
        data = super().clean() or {}
        for name, errors in self.errors.items():
            for error in errors.as_data():
                error.message = f"{AID_GROUPS[name.rpartition('_')[0]]}{_('：')}{error.message}"
        return data

    def answer(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            key: {
                "has": data[f"{key}_has"] == "yes",
                "name": data[f"{key}_name"] if data[f"{key}_has"] == "yes" else "",
                "amount": _kept_money(data[f"{key}_amount"]) if data[f"{key}_has"] == "yes" else "",
            }
            for key in AID
        }


class UploadForm(forms.Form):
    kind = forms.ChoiceField(
        label=gettext_lazy("这是什么材料"),
        choices=[("", gettext_lazy("请选择")), *DocumentKind.choices],
        error_messages={"required": CHOOSE, "invalid_choice": CHOOSE},
    )
    files = FilesField(  # type: ignore[assignment]
        label=gettext_lazy("照片或 PDF"),
        help_text=gettext_lazy("可以一次选几张。拍清楚四个角，每个文件不超过 10 MB。"),
        error_messages={
            "required": gettext_lazy("还没选照片。"),
            "empty": gettext_lazy("这个文件是空的，请重新拍一张。"),
            "missing": gettext_lazy("还没选照片。"),
            "invalid": gettext_lazy("没传上来，请再试一次。"),
        },
    )

    def __init__(self, *args: Any, kind: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["files"].widget.attrs["accept"] = "image/*,application/pdf"
        if kind:
            del self.fields["kind"]


class SubmitForm(forms.Form):
    true = forms.BooleanField(
        label=gettext_lazy("上面写的都是真的"),
        help_text=gettext_lazy("不确定的，我已经写明"),
        error_messages={"required": gettext_lazy("请先打勾，确认写的都是真的。")},
    )


class TokenForm(forms.Form):
    application = forms.ChoiceField(
        label=gettext_lazy("这封信是寄给谁的"),
        widget=RadioCards,
        error_messages={"required": CHOOSE, "invalid_choice": CHOOSE},
    )
    token = forms.CharField(
        label=gettext_lazy("信上的 16 位口令"),
        max_length=40,
        help_text=gettext_lazy("字母和数字，大小写都行，横线不用填。"),
        error_messages={"required": gettext_lazy("请填信上的口令。")},
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "autocapitalize": "characters",
                "spellcheck": "false",
                "class": "input token-input",
            }
        ),
    )

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["application"].choices = choices  # type: ignore[attr-defined]
        if len(choices) == 1:
            self.fields["application"].initial = choices[0][0]


class ReviewForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("哪里不对，想让人再看什么"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={
            "required": gettext_lazy("请写几句，好让复核的人明白。"),
            "max_length": gettext_lazy("太长了，请写短一点。"),
        },
    )
