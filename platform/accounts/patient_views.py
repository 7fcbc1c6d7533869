"""The patient's two sign-in pages: phone, code. Between them the number travels sealed in the session."""

from __future__ import annotations

import base64
import json
from typing import Any

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from scope import permission
from vault import masking
from vault.cipher import SealError, seal, unseal

from . import navigation, patients, sms
from .forms import CodeForm, PhoneForm
from .sessions import PATIENT_KEY

PENDING_KEY = "patient_pending"
PENDING_PURPOSE = "accounts.pending_phone"


def own_path(target: str | None) -> str:
    """`target` when it is a path of this site, else empty: nobody is sent away after signing in."""
    if target and target.startswith("/") and url_has_allowed_host_and_scheme(target, allowed_hosts=None):
        return target
    return ""


def _refusal(result: patients.CodeRequest) -> str:
    return {
        "phone_hour": _("这个号码一小时里要了太多次验证码。请过一小时再来。"),
        "phone_day": _("这个号码今天要了太多次验证码。请明天再来，或打求助电话。"),
        "source": _("这个网络里要验证码的人太多了。请过一小时再来，或换手机流量试试。"),
    }.get(result.reason, _("手机号是 11 位数字，1 开头。请对照手机再填一次。"))


def _remember(request: HttpRequest, phone: str, target: str) -> None:
    plain = json.dumps({"phone": phone, "next": target}).encode()
    request.session[PENDING_KEY] = base64.b64encode(seal(PENDING_PURPOSE, plain)).decode()


def _pending(request: HttpRequest) -> dict[str, str] | None:
    try:
        return json.loads(unseal(PENDING_PURPOSE, base64.b64decode(request.session[PENDING_KEY])))
    except (KeyError, SealError, ValueError):
        return None


@permission("public")
@never_cache
@sensitive_post_parameters("phone")
@require_http_methods(["GET", "POST"])
def sign_in(request: Any) -> HttpResponse:
    """Ask for the phone. The answer is the same whether the number has an account or not."""
    target = own_path(request.POST.get("next") or request.GET.get("next"))
    if request.patient is not None:
        return redirect(target or navigation.url_of("applications:mine") or navigation.home_of(request))
    form = PhoneForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        phone = form.cleaned_data["phone"]
        result = patients.request_code(phone, get_adapter().get_client_ip(request))
        if result.sent or result.reason == "wait":
            _remember(request, phone, target)
            return redirect("patient_verify")
        form.add_error("phone", _refusal(result))
    context = {"form": form, "next": target, "staff": request.user.is_authenticated}
    return render(request, "accounts/patient_sign_in.html", context, status=400 if form.errors else 200)


@permission("public")
@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def verify(request: Any) -> HttpResponse:
    """Ask for the code; a right one starts a new session under a new key."""
    pending = _pending(request)
    if pending is None:
        return redirect("patient_sign_in")
    phone, note = pending["phone"], ""
    form = CodeForm(request.POST if request.method == "POST" and "resend" not in request.POST else None)
    if "resend" in request.POST:
        result = patients.request_code(phone, get_adapter().get_client_ip(request))
        if result.reason == "wait":
            note = _("刚发过一条。没收到的话，请等 %(seconds)d 秒再要。") % {"seconds": result.seconds}
        else:
            note = _("又发了一条，请用最新的验证码。") if result.sent else _refusal(result)
    elif form.is_bound and form.is_valid():
        outcome = patients.verify(phone, form.cleaned_data["code"])
        if outcome.account is not None:
            logout(request)
            request.session.cycle_key()
            request.session[PATIENT_KEY] = outcome.account.pk
            rotate_token(request)
            return redirect(
                own_path(pending["next"]) or navigation.url_of("applications:mine") or reverse("home")
            )
        form.add_error("code", _sentence(outcome))
    context = {
        "form": form,
        "note": note,
        "masked_phone": masking.phone(phone),
        "demo_text": sms.ConsoleBackend.last(phone) if settings.JIELI_DEMO else "",
        "back_url": reverse("patient_sign_in"),
    }
    return render(request, "accounts/patient_verify.html", context, status=400 if form.errors else 200)


def _sentence(outcome: patients.Verification) -> str:
    if outcome.reason == "wrong":
        return _("验证码不对，请再看一遍短信。还可以试 %(left)d 次。") % {"left": outcome.left}
    if outcome.reason == "inactive":
        return _("这个号码现在不能登录，请打求助电话。")
    if outcome.reason == "tries":
        return _("试错太多次了。请点“再发一条”，用新的验证码。")
    return _("验证码过期了。请点“再发一条”，用新的验证码。")


@permission("public")
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    request.session.flush()
    return redirect("home")
