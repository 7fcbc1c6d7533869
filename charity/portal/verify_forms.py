"""One form for each fact that can be checked; what was typed becomes the value that charity.findings reads."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from charity.applications.lookups import area_choices, icd10_of
from charity.findings.models import Fact, Finding
from charity.findings.reading import NONE
from charity.findings.services import MEANS
from matching.eligibility import HARDSHIP_NAMES
from matching.eligibility.criteria import INSUTYPES
from matching.linkage.values.areas import code_of, name_of
from web.forms import DayInput, MoneyField, RadioCards

from .forms import StepForm

FOUND, NOT_FOUND = "found", "not_found"
YES_NO = [("yes", _("做过")), ("no", _("没做过"))]


class AreaField(forms.CharField):
    """A place as people write it, or its code; gives the area code of GB/T 2260."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 60)
        kwargs.setdefault("help_text", _("写到区县，如“湖南省长沙市岳麓区”；也可以写六位代码"))
        kwargs.setdefault("widget", forms.TextInput(attrs={"list": "places", "autocomplete": "off"}))
        super().__init__(**kwargs)

    def clean(self, value: Any) -> str:
        text = super().clean(value).strip()
        if not text:
            return ""
        code = text if text.isascii() and text.isdigit() and len(text) == 6 else code_of(text) or ""
        if not code or not name_of(code):
            raise ValidationError(_("没认出这个地方。请从省写起，写到区县，比如“湖南省长沙市岳麓区”。"))
        return code


def places() -> list[str]:
    """Places to pick from while typing."""
    return [f"{city}{name}" for city, pairs in area_choices()[1:-1] for _code, name in pairs]


def _day(label: Any, **more: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=DayInput, **more)


def _money(label: Any, **more: Any) -> MoneyField:
    return MoneyField(label=label, min_value=Decimal("0.00"), **more)


def _fields_of(fact: str, procedures: dict[str, str]) -> dict[str, forms.Field]:
    if fact == Fact.HOUSEHOLD_AREA:
        return {"area": AreaField(label=_("户口簿上的户籍地"))}
    if fact == Fact.RESIDENCE:
        return {"area": AreaField(label=_("住在哪里")), "since": _day(_("从哪天起住"), required=False)}
    if fact == Fact.INSURED_AREA:
        return {"area": AreaField(label=_("在哪里参保"))}
    if fact == Fact.INSUTYPE:
        return {"kind": forms.ChoiceField(label=_("哪种医保"), choices=list(INSUTYPES.items()))}
    if fact == Fact.HARDSHIPS:
        kinds = [*HARDSHIP_NAMES.items(), (NONE, _("查过登记，没有任何困难认定"))]
        return {
            "kind": forms.ChoiceField(label=_("哪一种困难身份"), choices=kinds),
            "office": forms.CharField(label=_("哪个部门认定的"), max_length=60),
            "since": _day(_("从哪天起"), required=False),
            "until": _day(_("到哪天止"), required=False, help_text=_("证明上没有写，就不填")),
        }
    if fact == Fact.HOUSEHOLD:
        return {
            "members": forms.IntegerField(label=_("家里几口人"), min_value=1, max_value=30),
            "income": _money(_("全家一年收入（元）")),
            "living": _money(
                _("一年基本生活开支（元）"), required=False, help_text=_("支付能力 = 收入 − 基本生活开支")
            ),
        }
    if fact == Fact.MEDICAL_SPEND:
        return {"amount": _money(_("一年看病自付（元）"))}
    if fact == Fact.DIAGNOSIS:
        return {
            "name": forms.CharField(label=_("诊断证明上的病名"), max_length=80),
            "stage": forms.CharField(
                label=_("分期或分型"), max_length=20, required=False, help_text=_("照证明抄，如“ⅡB”")
            ),
        }
    if fact == Fact.FIRST_DIAGNOSIS:
        words = [("yes", _("初次确诊")), ("no", _("复发"))]
        return {"first": forms.ChoiceField(label=_("这次是"), choices=words, widget=RadioCards)}
    if fact in {Fact.DIAGNOSED_ON, Fact.TREATED_ON}:
        return {"day": _day(_("哪一天"))}
    if fact == Fact.PROCEDURES:
        return {
            "kind": forms.ChoiceField(label=_("哪种手术"), choices=list(procedures.items())),
            "done": forms.ChoiceField(label=_("做了没有"), choices=YES_NO, widget=RadioCards),
            "day": _day(_("哪天做的"), required=False),
        }
    return {
        "name": forms.CharField(label=_("医院全名"), max_length=80),
        "level": forms.ChoiceField(
            label=_("医院等级"), choices=[("", _("不清楚")), ("3", "三级"), ("2", "二级"), ("1", "一级")], required=False
        ),
    }  # fmt: skip


class FindingForm(StepForm):
    """What was found of one fact, and how."""

    step = "verify"
    use_required_attribute = False  # a browser would ask for the value of what could not be verified

    def __init__(
        self,
        *args: Any,
        fact: str,
        procedures: dict[str, str],
        papers: Sequence[tuple[int, str]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fact = fact
        self.own = _fields_of(fact, procedures)
        for field in self.own.values():
            field.error_messages["required"] = _("核实了就要填这一项。")
        not_found = self.is_bound and self.data.get("outcome") == NOT_FOUND
        self.fields["outcome"] = forms.ChoiceField(
            label=_("核实得怎样"),
            choices=[
                (FOUND, _("核实了，填在下面")),
                (NOT_FOUND, _("没能核实（条件仍是“待核实”，不算不符）")),
            ],
            widget=RadioCards,
            initial=FOUND,
        )
        for name, field in self.own.items():
            if not_found:
                field.required = field.widget.is_required = False
            self.fields[name] = field
        labels = dict(Finding.Means.choices)
        self.fields["means"] = forms.ChoiceField(
            label=_("怎么核实的"),
            choices=[(one, labels[Finding.Means(one)]) for one in MEANS],
            widget=RadioCards,
        )
        self.fields["document_id"] = forms.TypedChoiceField(
            label=_("哪份材料"),
            choices=[("", _("没有看材料")), *papers],
            coerce=int,
            empty_value=None,
            required=False,
            help_text=_("只列出已经核对过的材料") if papers else _("还没有核对过的材料；先在案件页核对"),
        )
        self.fields["source"] = forms.CharField(
            label=_("看了什么、问了谁"),
            max_length=300,
            widget=forms.Textarea(attrs={"rows": 2}),
            help_text=_("如“岳麓区民政局低保科，电话核对”。加密保存"),
        )
        self.fields["checked_on"] = _day(_("哪天核实的"), initial=timezone.localdate)
        if fact != Fact.HARDSHIPS:
            self.fields["valid_until"] = _day(
                _("这次核实管到哪天"), required=False, help_text=_("过了这天要重新核实；不填就一直有效")
            )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("means") == "document" and not data.get("document_id"):
            self.add_error("document_id", _("看了材料，请选是哪一份。"))
        return data

    def _value(self) -> tuple[str, dict[str, Any]]:
        data = self.cleaned_data

        def day(name: str) -> str:
            return data[name].isoformat() if data.get(name) else ""

        def amount(name: str) -> str:
            return str(data[name]) if data.get(name) is not None else ""

        if self.fact in {Fact.HOUSEHOLD_AREA, Fact.RESIDENCE}:
            more = {"since": day("since")} if self.fact == Fact.RESIDENCE else {}
            return "", {"area": data["area"], **more}
        if self.fact == Fact.INSURED_AREA:
            return "", {"value": data["area"]}
        if self.fact == Fact.INSUTYPE:
            return "", {"value": data["kind"]}
        if self.fact == Fact.HARDSHIPS:
            return data["kind"], {"office": data["office"], "since": day("since"), "until": day("until")}
        if self.fact == Fact.HOUSEHOLD:
            return "", {"members": data["members"], "income": amount("income"), "living": amount("living")}
        if self.fact == Fact.MEDICAL_SPEND:
            return "", {"amount": amount("amount")}
        if self.fact == Fact.DIAGNOSIS:
            return "", {"name": data["name"], "icd10": icd10_of(data["name"]), "stage": data["stage"]}
        if self.fact == Fact.FIRST_DIAGNOSIS:
            return "", {"first": data["first"] == "yes"}
        if self.fact in {Fact.DIAGNOSED_ON, Fact.TREATED_ON}:
            return "", {"day": day("day")}
        if self.fact == Fact.PROCEDURES:
            return data["kind"], {"done": data["done"] == "yes", "day": day("day")}
        return "", {"name": data["name"], "level": int(data["level"] or 0)}

    def values(self) -> dict[str, Any]:
        """Arguments of findings.services.record_finding after the fact."""
        data = self.cleaned_data
        if data["outcome"] == FOUND:
            key, value = self._value()
        else:
            key, value = data.get("kind", "") if self.fact in {Fact.HARDSHIPS, Fact.PROCEDURES} else "", None
        return {
            "key": key,
            "value": value,
            "means": data["means"],
            "source": data["source"],
            "checked_on": data["checked_on"],
            "document_id": data["document_id"],
            "valid_until": data.get("valid_until"),
        }


class CommitteeForm(StepForm):
    """The minutes of one meeting on one case."""

    step = "verify"
    met_on = _day(_("哪天开的会"), initial=timezone.localdate)
    decision = forms.ChoiceField(
        label=_("评审会怎么决定"),
        choices=[("approved", _("同意资助")), ("refused", _("不同意")), ("deferred", _("缓议，下次再议"))],
        widget=RadioCards,
    )
    amount = _money(_("最多资助多少（元）"), required=False, help_text=_("评审会没有定金额，就不填"))
    present = forms.IntegerField(label=_("有表决权的到会几人"), min_value=1, max_value=200)
    quorum = forms.IntegerField(label=_("章程要求至少几人"), min_value=1, max_value=200)
    votes_for = forms.IntegerField(label=_("同意几票"), min_value=0, max_value=200)
    votes_against = forms.IntegerField(label=_("不同意几票"), min_value=0, max_value=200)
    recused = forms.CharField(
        label=_("谁回避了"), max_length=200, required=False, help_text=_("有利益关系的人不参加讨论和表决")
    )
    minutes = forms.CharField(label=_("会议纪要的编号或要点"), max_length=300, help_text=_("加密保存"))
    no_conflict = forms.BooleanField(
        label=_("参会表决的人与患者、医院、收款方都没有利益关系"),
        required=False,
        help_text=_("慈善法第五十九条"),
    )

    def values(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class BillForm(StepForm):
    """Which bill the proposal is about."""

    step = "verify"
    bill = forms.TypedChoiceField(label=_("资助哪张账单"), coerce=int, widget=RadioCards)

    def __init__(self, *args: Any, bills: Sequence[tuple[int, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["bill"].choices = list(bills)  # type: ignore[attr-defined]

    def values(self) -> dict[str, Any]:
        return {"settlement_id": self.cleaned_data["bill"]}


class WithdrawForm(StepForm):
    """Taking a check back."""

    step = "withdraw"
    key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=30)
    reason = forms.CharField(label=_("为什么撤回"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}))

    def values(self) -> dict[str, Any]:
        return dict(self.cleaned_data)
