"""How allauth behaves here: staff are invited, never sign up; second-factor secrets are sealed at rest."""

from __future__ import annotations

import base64
import time
from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from scope import actor_scope
from scope.actor import SYSTEM
from vault.cipher import seal, unseal

MFA_PURPOSE = "accounts.mfa"


class StaffAccountAdapter(DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("邮箱或密码不对。请再试一次；忘了密码就找本机构的管理员重设。"),
        "invalid_login": _("邮箱或密码不对。"),
        "too_many_login_attempts": _("试错的次数太多。请过 5 分钟再试。"),
        "account_inactive": _("这个账号已停用。请找本机构的管理员。"),
        "enter_current_password": _("请填现在的密码。"),
        "incorrect_password": _("密码不对，请再试一次。"),
        "incorrect_code": _("验证码不对，请看一眼验证器再试。"),
        "rate_limited": _("操作太快了，请稍等一会儿。"),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def clean_email(self, email: str) -> str:
        return email.strip().lower()

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        if credentials.get("email"):
            credentials["email"] = credentials["email"].strip().lower()
        return super().authenticate(request, **credentials)

    def set_password(self, user: Any, password: str) -> None:
        """Own password, after the old one was right: the database takes it in this context alone."""
        with actor_scope(SYSTEM):
            super().set_password(user, password)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return reverse("home")

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account_login")

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Who signed in within the last five minutes need not do it again (the first enrolment)."""
        records = get_authentication_records(self.request, self.request.user)
        recent = time.time() - app_settings.REAUTHENTICATION_TIMEOUT
        if any(entry.get("at", 0) > recent for entry in records):
            return False
        return super().is_reauthentication_required(app=app, **kwargs)

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """allauth's own messages name the signed-in person; pages say what matters themselves."""

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """No mail: changes of the second factor are in the audit log."""


class SealedMFAAdapter(DefaultMFAAdapter):
    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("验证码不对，请看一眼验证器再试。"),
        "cannot_delete_authenticator": _("工作人员必须有两步验证，不能停用。换手机请让管理员重设。"),
        "cannot_generate_recovery_codes": _("请先设好验证器，再生成恢复码。"),
    }

    def encrypt(self, text: str) -> str:
        return base64.b64encode(seal(MFA_PURPOSE, text.encode())).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(MFA_PURPOSE, base64.b64decode(encrypted_text)).decode()

    def can_delete_authenticator(self, authenticator: Any) -> bool:
        return authenticator.type != "totp"
