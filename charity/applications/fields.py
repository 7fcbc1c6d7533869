"""Form fields of the patient's pages: a day in three boxes, several files, yes-no with details."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


class DayParts(forms.MultiWidget):
    """Year, month and day as three number boxes: no wheel to turn back to 1952."""

    template_name = "applications/widgets/day.html"
    labels = (gettext_lazy("年"), gettext_lazy("月"), gettext_lazy("日"))

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        lengths = ("4", "2", "2")
        super().__init__(
            [
                forms.TextInput(
                    {"inputmode": "numeric", "maxlength": length, "autocomplete": "off", "label": label}
                )
                for length, label in zip(lengths, self.labels, strict=True)
            ],
            attrs,
        )

    def decompress(self, value: Any) -> list[Any]:
        if isinstance(value, str) and value:
            value = date.fromisoformat(value)
        return [value.year, value.month, value.day] if isinstance(value, date) else [None, None, None]


class DayField(forms.Field):
    """A calendar day. Errors say which box is wrong. cleaned: date or None."""

    widget = DayParts

    def clean(self, value: Any) -> date | None:
        parts = ["".join(c for c in str(part or "") if not c.isspace()) for part in (value or [])]
        if not any(parts):
            if self.required:
                raise ValidationError(self.error_messages["required"], code="required")
            return None
        numbers = []
        for part, name, low, high in zip(
            parts, (_("年"), _("月"), _("日")), (1900, 1, 1), (2100, 12, 31), strict=False
        ):
            if not part.isdecimal():
                raise ValidationError(
                    _("“%(part)s”要填数字。") % {"part": name}
                    if part
                    else _("“%(part)s”还没填。") % {"part": name}
                )
            if not low <= int(part) <= high:
                raise ValidationError(
                    _("“%(part)s”填 %(low)d 到 %(high)d 之间的数。")
                    % {"part": name, "low": low, "high": high}
                )
            numbers.append(int(part))
        try:
            return date(*numbers)
        except (ValueError, TypeError):
            raise ValidationError(_("没有这一天，请再看一遍。"))


class SeveralFiles(forms.ClearableFileInput):
    allow_multiple_selected = True
    template_name = "django/forms/widgets/file.html"


class FilesField(forms.FileField):
    """One or more uploads; cleaned: list of UploadedFile."""

    widget = SeveralFiles

    def clean(self, data: Any, initial: Any = None) -> Any:
        found = list(data) if isinstance(data, list | tuple) else ([data] if data else [])
        return [super(FilesField, self).clean(one, initial) for one in found] or super().clean(None, initial)


def shown(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
