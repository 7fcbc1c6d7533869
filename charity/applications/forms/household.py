"""The household, what it lives on, and help from elsewhere."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from matching.eligibility import HARDSHIP_NAMES
from web.forms import CheckboxCards, MoneyField

from .base import (
    CHOOSE,
    MUCH,
    REQUIRED,
    TOO_MUCH,
    YES_NO,
    StepForm,
    amounts,
    choice_field,
    kept_money,
    text_field,
)


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
        return {**kept, **amounts(kept, "income_yearly")}

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
        return {**self.cleaned_data, "income_yearly": kept_money(self.cleaned_data["income_yearly"])}


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
            self.fields[f"{key}_has"] = choice_field(question, YES_NO, hint)
            told = not self.is_bound or self.data.get(f"{key}_has") == "yes"
            self.fields[f"{key}_name"] = text_field(whose, required=told, limit=40)
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
                "amount": kept_money(data[f"{key}_amount"]) if data[f"{key}_has"] == "yes" else "",
            }
            for key in AID
        }
