"""Uploads, handing in, the letter's token, the request for a review."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from web.forms import RadioCards

from ..fields import FilesField
from ..models import DocumentKind
from .base import (
    CHOOSE,
)


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
