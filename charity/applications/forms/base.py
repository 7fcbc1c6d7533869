"""What the pages of the draft share: words for what is missing, kinds of fields, the page itself."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from web.forms import RadioCards

REQUIRED = gettext_lazy("这里还没填。")
CHOOSE = gettext_lazy("请选一个。")
YES_NO = (("yes", gettext_lazy("有")), ("no", gettext_lazy("没有")))
ADULT = 18
MUCH = Decimal("20000000.00")
"""Yuan. A family's figure above it is taken for a slip of the finger and asked again."""
TOO_MUCH = gettext_lazy("超过 2000 万元了。请看看是不是多写了几个 0；不是的话，请打电话告诉我们。")


def age_on(birth: date, day: date) -> int:
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def text_field(
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


def choice_field(label: Any, choices: Any, hint: Any = "", required: bool = True) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label,
        choices=choices,
        required=required,
        help_text=hint,
        widget=RadioCards,
        error_messages={"required": CHOOSE, "invalid_choice": CHOOSE},
    )


def kept_money(amount: Decimal | None) -> str:
    return "" if amount is None else str(amount.quantize(Decimal("0.01")))


def amounts(kept: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: Decimal(kept[name]) for name in names if kept.get(name)}


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
