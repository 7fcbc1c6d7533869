"""The illness and the stay in hospital."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from web.forms import CheckboxCards, MoneyField

from .. import lookups
from ..fields import DayField
from .base import (
    MUCH,
    TOO_MUCH,
    StepForm,
    amounts,
    kept_money,
    text_field,
)

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
    name = text_field(
        gettext_lazy("得的什么病"), limit=80, hint=gettext_lazy("照着诊断证明写，写不全也行。比如：白血病")
    )
    stage = text_field(
        gettext_lazy("第几期、哪一型"),
        required=False,
        limit=30,
        hint=gettext_lazy("诊断证明上写了就照着写。"),
    )
    hospital = text_field(gettext_lazy("在哪家医院看的"), limit=80, hint=gettext_lazy("写全名。"))
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
        return {**kept, **amounts(kept, "own_cost")}

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
            "own_cost": kept_money(data["own_cost"]),
            "procedures": data["procedures"],
        }
