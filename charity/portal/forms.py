"""Forms of the portal. What may be done is decided by the services; these only read what was typed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from charity.applications.models import DocumentKind
from web.forms import CheckboxCards, DayInput, MoneyField, MoneyInput, RadioCards


def _text(label: Any, rows: int = 3, help_text: Any = "", **more: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        widget=forms.Textarea(attrs={"rows": rows}),
        max_length=more.pop("max_length", 500),
        help_text=help_text,
        **more,
    )


def _money(label: Any, limit: Decimal | None = None) -> MoneyField:
    return MoneyField(label=label, widget=MoneyInput(limit=limit))


class StepForm(forms.Form):
    """Several stand on one page: each has ids of its own."""

    step = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", f"{self.step}-%s")
        super().__init__(*args, **kwargs)


class ProposeForm(StepForm):
    step = "propose"

    def __init__(self, *args: Any, limit: Decimal | None = None, unknown: Any = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"] = _money(_("资助金额（元）"), limit)
        self.fields["reason"] = _text(_("理由（至少 10 个字）"))
        self.fields["payee"] = forms.CharField(
            label=_("付给谁"),
            max_length=120,
            help_text=_("户名和账号，加密保存"),
            widget=forms.TextInput(attrs={"autocomplete": "off"}),
        )
        if unknown:
            self.fields["accept"] = forms.MultipleChoiceField(
                label=_("待核实，但可以先过的条件"),
                choices=[(one["id"], one["text"] or one["id"]) for one in unknown],
                widget=CheckboxCards,
                required=False,
            )
            self.fields["accept_reason"] = _text(
                _("为什么可以先过"), 2, _("勾选了才要写，至少 10 个字"), required=False
            )

    def values(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            "amount": data["amount"],
            "reason": data["reason"],
            "payee": data["payee"],
            "accepted": {one: data.get("accept_reason", "") for one in data.get("accept", [])},
        }


class CorrectForm(StepForm):
    step = "correct"

    def __init__(self, *args: Any, limit: Decimal | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"] = _money(_("改成（元）"), limit)
        self.fields["reason"] = _text(_("为什么改"), 2)

    def values(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class DecideForm(StepForm):
    """approve, send_back or refuse: three ways of the same weight."""

    step = "decide"
    verdict = forms.ChoiceField(label=_("怎么决定"), widget=RadioCards)
    reason = _text(_("理由（患者会看到，至少 10 个字）"))
    clause = forms.CharField(
        label=_("依据哪一条"), max_length=60, required=False, help_text=_("不予资助时必填，如“第五条”")
    )
    no_conflict = forms.BooleanField(label=_("我与患者、医院、收款方没有利益关系"), required=False)
    amount = forms.DecimalField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, choices: Any = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["verdict"].choices = choices  # type: ignore[attr-defined]

    def values(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class ReasonForm(StepForm):
    reason = _text(_("理由（至少 10 个字）"), 2)

    def values(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class CancelForm(ReasonForm):
    step = "cancel"


class PayForm(StepForm):
    step = "pay"
    reference = forms.CharField(
        label=_("付款凭证号"),
        max_length=60,
        help_text=_("银行回单或药房单号，至少 4 个字"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def values(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class ReturnForm(StepForm):
    step = "return"

    def __init__(self, *args: Any, limit: Decimal | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"] = _money(_("退回来多少（元）"), limit)
        self.fields["reason"] = _text(_("为什么退回来"), 2)

    def values(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class RepaidForm(ReturnForm):
    """What came back; received_on is asked for, and the words are kept sealed."""

    step = "repaid"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"].label = _("追回了多少（元）")
        self.fields["received_on"] = forms.DateField(label=_("哪天到账"), widget=DayInput)
        self.fields["reason"] = _text(_("经过（至少 10 个字，加密保存）"), 2)
        self.order_fields(["amount", "received_on", "reason"])


class WriteOffForm(ReturnForm):
    step = "write_off"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"].label = _("多少不再追回（元）")
        self.fields["reason"] = _text(_("理由（至少 10 个字，加密保存）"), 2)


class ConfirmForm(StepForm):
    """Yes or no of the second person: which of the two buttons was pressed."""

    step = "confirm"
    action = forms.IntegerField(widget=forms.HiddenInput)
    answer = forms.ChoiceField(choices=[("yes", "yes"), ("no", "no")])

    def values(self) -> dict[str, Any]:
        return {"action_id": self.cleaned_data["action"], "yes": self.cleaned_data["answer"] == "yes"}


class RequestForm(StepForm):
    step = "request"
    kind = forms.ChoiceField(label=_("补哪种材料"), choices=DocumentKind.choices)
    note = _text(_("要补什么、怎么补（家属会看到）"), 2, max_length=200)

    def values(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class ReviewForm(StepForm):
    step = "review"
    text = _text(_("答复家属（至少 10 个字）"))
    reopen = forms.BooleanField(label=_("原来的不予资助不妥，重新办理"), required=False)

    def values(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class BudgetForm(StepForm):
    step = "budget"
    budget = MoneyField(label=_("新的预算（元）"), min_value=Decimal("0.00"))
    reason = forms.CharField(label=_("依据"), max_length=200, help_text=_("如“理事会决议 2026-03”"))


class TrialForm(StepForm):
    step = "trial"
    text = forms.CharField(
        label=_("规则（JSON）"),
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
        required=False,
        max_length=200_000,
    )
    file = forms.FileField(label=_("或者上传文件"), required=False)


class PublishForm(StepForm):
    step = "publish"
    source = forms.CharField(label=_("依据"), max_length=200, help_text=_("如“理事会决议 2026-03”"))
