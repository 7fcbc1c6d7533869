"""The patient's sign-in pages: phone, code, on a new device a question; and the devices he signed in on.

Between phone and code the number travels sealed in the session; between code and answer the session names the
account that waits, and nobody is signed in.
"""

from __future__ import annotations

import base64
import json
from time import time as clock
from typing import Any

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from scope import permission
from vault import masking
from vault.cipher import SealError, seal, unseal

from . import devices, navigation, patients, sms
from .forms import CodeForm, DeviceForm, LetterForm, PhoneForm
from .models import PatientAccount
from .sessions import DEVICE_KEY, PATIENT_KEY, PENDING_KEY, WAITING_KEY

PENDING_PURPOSE = "accounts.pending_phone"
WAITING_SECONDS = 15 * 60
EVENT_WORDS = {
    "recognised": _lazy("在一台新设备上登录"),
    "refused": _lazy("有人在新设备上没答对，没让进"),
    "removed": _lazy("移除了一台设备"),
}


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
            return _arrived(request, outcome.account.pk, pending["next"])
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


def _new_session(request: Any) -> None:
    logout(request)
    request.session.cycle_key()
    rotate_token(request)


def _arrived(request: Any, account_id: int, target: str) -> HttpResponse:
    """The code was right: in, where the device is known or nothing is known to ask; else the question."""
    state = devices.arrive(account_id, devices.token_of(request))
    if state in {"known", "first"}:
        return _admit(request, account_id, state, target, keep=True)
    _new_session(request)
    request.session[WAITING_KEY] = {
        "account": account_id,
        "next": target,
        "until": clock() + WAITING_SECONDS,
        "locked": state == "locked",
    }
    return redirect("patient_device")


def _admit(request: Any, account_id: int, how: str, target: str, *, keep: bool) -> HttpResponse:
    """Signed in, under a new session key. keep: the browser gets a token, and is known the next time."""
    token = (devices.token_of(request) if keep else "") or devices.new_token()
    label = devices.label_of(request.headers.get("User-Agent", ""))
    mark = devices.admit(account_id, token, label, how)
    _new_session(request)
    request.session[PATIENT_KEY] = account_id
    request.session[DEVICE_KEY] = mark.hex()
    response = redirect(own_path(target) or navigation.url_of("applications:mine") or reverse("home"))
    if keep:
        devices.keep(response, token)
    return response


@permission("public")
@never_cache
@sensitive_post_parameters("tail", "birth_date", "letter")
@require_http_methods(["GET", "POST"])
def device(request: Any) -> HttpResponse:
    """A new device: what it has to know, or the insurer's letter. One sentence for every wrong answer."""
    waiting = request.session.get(WAITING_KEY)
    if not waiting or waiting["until"] < clock() or not _active(waiting["account"]):
        request.session.pop(WAITING_KEY, None)
        return redirect("patient_sign_in")
    account_id, locked = waiting["account"], waiting["locked"]
    by_letter = "letter" in request.POST
    form = DeviceForm(request.POST if request.method == "POST" and not by_letter else None)
    paper = LetterForm(request.POST if by_letter else None, auto_id="paper_%s")
    given = paper if by_letter else form
    if given.is_bound and given.is_valid() and (by_letter or not locked):
        source, data = get_adapter().get_client_ip(request), given.cleaned_data
        if by_letter:
            outcome = devices.letter(account_id, source, data["letter"])
        else:
            outcome = devices.answer(account_id, source, data["tail"], data["birth_date"])
        if outcome.right:
            how = "letter" if by_letter else "answer"
            return _admit(request, account_id, how, waiting["next"], keep=data["keep"])
        if outcome.left:
            sentence = _("对不上。请照着证件再看一遍。还可以试 %(left)d 次。") % {"left": outcome.left}
            given.add_error("letter" if by_letter else None, sentence)
        else:
            locked = waiting["locked"] = True
            request.session.modified = True
    context = {
        "form": given if given.errors else form,
        "question": form,
        "paper": paper,
        "locked": locked,
        "demo_answer": _demo_answer(account_id),
        "back_url": reverse("patient_sign_in"),
    }
    refused = bool(given.errors) or (locked and request.method == "POST")
    return render(request, "accounts/patient_device.html", context, status=400 if refused else 200)


def _active(account_id: int) -> bool:
    return PatientAccount.objects.filter(pk=account_id, is_active=True).exists()


def _demo_answer(account_id: int) -> str:
    """In a demonstration everybody may know what to answer; nowhere else."""
    if not settings.JIELI_DEMO or settings.PRODUCTION:
        return ""
    return import_string("devstack.demo.answers.of_account")(account_id)


@permission("patient")
@never_cache
@require_http_methods(["GET", "POST"])
def device_list(request: Any) -> HttpResponse:
    """The devices that open the account; one that is removed is out at its next click."""
    here = request.session.get(DEVICE_KEY, "")
    if request.method == "POST":
        number = request.POST.get("device", "")
        gone = devices.remove(request.actor, int(number)) if number.isdecimal() and len(number) < 16 else None
        if gone is not None and bytes(gone.token_hash).hex() == here:
            request.session.flush()
            return redirect("home")
        return redirect("patient_devices")
    rows = [
        {
            "device": row,
            "words": devices.words_of(row.label),
            "here": bytes(row.token_hash).hex() == here,
        }
        for row in devices.known(request.actor)
    ]
    events = [(event, EVENT_WORDS[event.action]) for event in devices.history(request.actor)]
    context = {"rows": rows, "events": events, "back_url": navigation.url_of("applications:mine")}
    return render(request, "accounts/patient_devices.html", context)


@permission("public")
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    request.session.flush()
    return redirect("home")
