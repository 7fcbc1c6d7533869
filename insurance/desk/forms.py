from __future__ import annotations

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from insurance.intake.models import Progress, RecordState
from web.forms import DayInput


class FilterForm(forms.Form):
    """The list's filters; `state` stands in the tabs."""

    state = forms.ChoiceField(
        choices=[("", ""), *RecordState.choices], required=False, widget=forms.HiddenInput
    )
    setl_id = forms.CharField(label=_("结算编号"), max_length=64, required=False)
    progress = forms.ChoiceField(
        label=_("进度"), choices=[("", _("全部进度")), *Progress.choices], required=False
    )
    since = forms.DateField(label=_("收到日期不早于"), required=False, widget=DayInput)


class CorrectionForm(forms.Form):
    """A corrected record, uploaded or pasted."""

    file = forms.FileField(
        label=_("更正后的 JSON 文件"),
        required=False,
        help_text=_("只放这一条记录。"),
        widget=forms.FileInput(attrs={"accept": ".json,application/json"}),
    )
    text = forms.CharField(
        label=_("或者把更正后的 JSON 粘贴在这里"),
        required=False,
        strip=True,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "autocomplete": "off"}),
    )

    def clean(self) -> dict[str, object]:
        data = super().clean() or {}
        limit = min(settings.JIELI_PUSH_MAX_BYTES, 1 << 20)
        if not self.errors:
            file, text = data.get("file"), data.get("text") or ""
            if bool(file) == bool(text):
                raise forms.ValidationError(_("请上传文件，或者粘贴内容，二选一。"))
            if file and file.size > limit:
                raise forms.ValidationError(_("文件太大。一条记录最多 256 KB。"))
            data["body"] = file.read() if file else str(text).encode("utf-8", "surrogatepass")
        return data


class InvitationForm(forms.Form):
    setl_id = forms.CharField(
        label=_("结算编号"),
        max_length=64,
        help_text=_("只能选本机构推送、已经收下的结算单。"),
        error_messages={"required": _("请填写结算编号。")},
    )
