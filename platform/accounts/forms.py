"""Forms of the accounts' pages. (Widgets of `web` stand above this room; plain ones with attributes do.)"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import SetPasswordForm
from django.utils.translation import gettext_lazy as _
from oauth2_provider.settings import oauth2_settings

from .administration import scopes_for
from .models import ROLES_BY_KIND, Organisation, Role
from .patients import normalise_phone


class PhoneForm(forms.Form):
    phone = forms.CharField(
        label=_("您的手机号"),
        max_length=30,
        help_text=_("我们发一条短信，里面有 6 位验证码。不收费。"),
        error_messages={"required": _("请填手机号。")},
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "tel"}),
    )

    def clean_phone(self) -> str:
        try:
            return normalise_phone(self.cleaned_data["phone"])
        except ValueError:
            raise forms.ValidationError(_("手机号是 11 位数字，1 开头。请对照手机再填一次。"))


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("短信里的 6 位验证码"),
        max_length=20,
        error_messages={"required": _("请填验证码。")},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
    )


DAYS = ("%Y%m%d", "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y %m %d", "%Y年%m月%d日", "%Y年%m月%d")


def _keep() -> forms.BooleanField:
    return forms.BooleanField(
        label=_("这是我自己的手机，下次不用再问"),
        help_text=_("借别人的手机填，就不要勾。"),
        required=False,
        initial=True,
    )


class DeviceForm(forms.Form):
    """What a new device has to know of one person of the account."""

    tail = forms.CharField(
        label=_("身份证号的后四位"),
        max_length=40,
        help_text=_("最后是 X 的也要填。还没有身份证号的，填病人的姓名。"),
        error_messages={"required": _("请填身份证号的后四位。"), "max_length": _("只填后四位就行。")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )
    birth_date = forms.DateField(
        label=_("出生日期"),
        input_formats=DAYS,
        help_text=_("8 位数字：年、月、日，比如 19520307。"),
        error_messages={
            "required": _("请填出生日期。"),
            "invalid": _("请填 8 位数字，比如 19520307。"),
        },
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    keep = _keep()


class LetterForm(forms.Form):
    letter = forms.CharField(
        label=_("信上的 16 位口令"),
        max_length=40,
        error_messages={"required": _("请照着信填口令。"), "max_length": _("口令是 16 位。")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )
    keep = _keep()


def _roles_field(organisation: Organisation) -> forms.MultipleChoiceField:
    labels = dict(Role.choices)
    return forms.MultipleChoiceField(
        label=_("角色"),
        choices=[(role, labels[role]) for role in ROLES_BY_KIND.get(organisation.kind, ())],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("请至少选一个角色。")},
    )


class InviteForm(forms.Form):
    display_name = forms.CharField(label=_("姓名"), max_length=40)
    email = forms.EmailField(
        label=_("工作邮箱"),
        help_text=_("用来登录。"),
        error_messages={"invalid": _("邮箱要写完整，比如 wang@example.cn。")},
    )

    def __init__(self, organisation: Organisation, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["roles"] = _roles_field(organisation)


class RolesForm(forms.Form):
    def __init__(self, organisation: Organisation, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["roles"] = _roles_field(organisation)


class ScopesForm(forms.Form):
    def __init__(self, organisation: Organisation, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        labels = oauth2_settings.SCOPES
        self.fields["scopes"] = forms.MultipleChoiceField(
            label=_("可以做什么"),
            choices=[(scope, labels.get(scope, scope)) for scope in scopes_for(organisation)],
            widget=forms.CheckboxSelectMultiple,
            error_messages={"required": _("请至少选一项。")},
        )


class ClientForm(ScopesForm):
    name = forms.CharField(label=_("用在哪里"), max_length=60, help_text=_("比如：结算系统（正式）。"))


class FirstPasswordForm(SetPasswordForm):
    error_messages = {**SetPasswordForm.error_messages, "password_mismatch": _("两次填的密码不一样。")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new_password1"].label = _("新密码")
        self.fields["new_password1"].help_text = _("至少 12 个字符，不要用常见的密码。")
        self.fields["new_password2"].label = _("再填一次")
