"""Form renderer and the widgets that a plain Django widget cannot be: money, choices with a hint, numbers."""

from __future__ import annotations

from decimal import Decimal, DecimalException
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.renderers import TemplatesSetting
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class JieliRenderer(TemplatesSetting):
    """For `FORM_RENDERER`; the templates of `django/forms/` are overridden by this app all the same."""

    form_template_name = "web/forms/form.html"
    field_template_name = "web/forms/field.html"


class MoneyInput(forms.TextInput):
    """A text field with ¥ in front; data-limit (yuan) lets the page hold the amount below it while typing."""

    template_name = "web/forms/widgets/money.html"

    def __init__(self, attrs: dict[str, Any] | None = None, limit: Decimal | None = None) -> None:
        base = {"inputmode": "decimal", "autocomplete": "off"}
        if limit is not None:
            over = gettext("最多可以填 %(limit)s：红色那一条限制住了。") % {"limit": f"¥{limit:,.2f}"}
            base |= {"data-limit": str(limit), "data-over": over}
        super().__init__({**base, **(attrs or {})})

    def format_value(self, value: Any) -> str | None:
        """What the server knows is written with separators; what somebody typed stays as typed."""
        return f"{value:,.2f}" if isinstance(value, Decimal) else super().format_value(value)


class MoneyField(forms.DecimalField):
    """Decimal yuan, two places; accepts ¥, 元, 万 and thousands separators, full-width too; never a float."""

    widget = MoneyInput
    default_error_messages = {
        "invalid": _("请填数字，比如 12345.67。"),
        "min_value": _("金额不能小于 ¥%(limit_value)s。"),
        "max_value": _("最多 ¥%(limit_value)s。"),
        "max_decimal_places": _("最多写到分（两位小数）。"),
    }

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", 14)
        kwargs.setdefault("decimal_places", 2)
        kwargs.setdefault("min_value", Decimal("0.01"))
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]
        if value in self.empty_values:
            return None
        text = str(value).strip().translate(str.maketrans("０１２３４５６７８９．，￥", "0123456789.,¥"))
        try:
            text = text.removeprefix("¥").removesuffix("元").replace(",", "").strip()
            # people say and write 4万, 1.5万
            places = 4 if text.endswith("万") else 0
            amount = Decimal(text.removesuffix("万").strip()).scaleb(places) + 0
        except DecimalException:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        if not amount.is_finite():
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return amount

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {}


class Choice(str):
    """A choice's label that carries a second line: `Choice("我的孩子", hint="还没满 18 岁")`."""

    hint: str

    def __new__(cls, label: str, hint: str = "") -> Choice:
        choice = super().__new__(cls, label)
        choice.hint = hint
        return choice


class RadioCards(forms.RadioSelect):
    """One choice out of few; cards on the phone, plain lines on the desktop."""

    template_name = "web/forms/widgets/choices.html"
    option_template_name = "web/forms/widgets/choice.html"


class CheckboxCards(forms.CheckboxSelectMultiple):
    """Several choices out of few."""

    template_name = "web/forms/widgets/choices.html"
    option_template_name = "web/forms/widgets/choice.html"


class IdNumberInput(forms.TextInput):
    """18 digits or 17 and an X; never remembered by the browser."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        base = {
            "autocomplete": "off",
            "autocapitalize": "characters",
            "spellcheck": "false",
            "maxlength": "24",
        }
        super().__init__({**base, **(attrs or {})})


class PhoneInput(forms.TextInput):
    """A mobile number with the phone's number keys."""

    input_type = "tel"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"inputmode": "tel", "autocomplete": "tel", "maxlength": "20", **(attrs or {})})


class DayInput(forms.DateInput):
    """A calendar day in the browser's own picker."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")
