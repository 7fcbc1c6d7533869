"""Which devices an account was opened on, and what a new one is asked (decision 7).

A phone's code proves a phone, and numbers are given to somebody else when their owner gives them up. So a browser
that the account does not know is asked for the last four digits of the ID number and the birth date of one of the
people whom the account described in its applications: anyone of them. (Whose ID number is not there yet: his
name.) An account that described nobody has nothing to hide, and nothing is asked.

The comparison is the database's (migration 0005): keyed hashes that the web role writes and cannot read, wrong
answers counted beside them. Five in 24 hours lock new devices out; known ones go on. Nothing tells which part of
an answer was wrong.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any, Literal

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit import record
from audit import services as audit
from scope import Actor, actor_scope
from vault.index import blind, code_hash

from .models import Device, DeviceTry
from .patients import SOURCE_PURPOSE

COOKIE = "jieli_device"
SALT = "accounts.device"
COOKIE_AGE = timedelta(days=400)  # browsers keep none for longer; the database forgets a device as soon
KEPT_TRIES = timedelta(days=1)
# As people.registry makes them; the room above reads the same letters in the same way.
LETTER_PURPOSE, LETTER_ALPHABET = "people.proof", "ABCDEFGHJKMNPQRSTWXYZ23456789"

State = Literal["known", "first", "ask", "locked"]


@dataclass(frozen=True)
class Answer:
    """right, or how many tries are left; 0: locked for new devices, or too many tries from this address."""

    right: bool
    left: int = 0


@dataclass(frozen=True)
class Event:
    """A line of the account's own history of devices: the same thing, so many times on one day.

    action: recognised | refused | removed.
    """

    day: date
    action: str
    times: int


# ---- hashes ----------------------------------------------------------------------------------------------


def _plain(text: str) -> str:
    return re.sub(r"[\s·•.\-]", "", unicodedata.normalize("NFKC", text)).upper()


def tail_of(text: str) -> str:
    """What is compared of an ID number or of a name: a number's last four, whether all of it was typed or not."""
    plain = _plain(text)
    return plain[-4:] if re.fullmatch(r"\d{14,17}[\dX]", plain) else plain


def device_hash(account_id: int, token: str) -> bytes:
    return code_hash("accounts.device", f"{account_id}:{token}")


def answer_hash(account_id: int, tail: str, birth_date: date) -> bytes:
    return code_hash("accounts.device_answer", f"{account_id}:{tail_of(tail)}:{birth_date.isoformat()}")


def letter_hash(text: str) -> bytes:
    return code_hash(LETTER_PURPOSE, "".join(c for c in text.upper() if c in LETTER_ALPHABET))


# ---- the cookie ------------------------------------------------------------------------------------------


def token_of(request: HttpRequest) -> str:
    """The browser's own token, '' when it has none or one that we did not sign."""
    return request.get_signed_cookie(COOKIE, default="", salt=SALT, max_age=COOKIE_AGE) or ""


def new_token() -> str:
    return secrets.token_urlsafe(32)


def keep(response: HttpResponse, token: str) -> None:
    """Give the browser its token: for this site's sign-in pages, not for scripts, signed, 400 days."""
    response.set_signed_cookie(
        COOKIE,
        token,
        salt=SALT,
        max_age=COOKIE_AGE,
        path="/sign-in/",
        httponly=True,
        secure=settings.PRODUCTION,
        samesite="Lax",
    )


# ---- signing in ------------------------------------------------------------------------------------------


def _call(function: str, *values: Any) -> Any:
    marks = ", ".join(["%s"] * len(values))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}({marks})", list(values))
        return cursor.fetchone()[0]


def _waiting(account_id: int) -> Any:
    """The scope of somebody whose code was right and who may read nothing yet."""
    return actor_scope(Actor("public", account_id=account_id))


def arrive(account_id: int, token: str) -> State:
    """What happens after the right code. token: the browser's, '' when it has none."""
    with _waiting(account_id):
        return _call("device_state", device_hash(account_id, token) if token else b"")


def answer(account_id: int, source_ip: str, tail: str, birth_date: date) -> Answer:
    """One try. Never raises for a wrong one: its count has to be committed."""
    return _try("device_answer", answer_hash(account_id, tail, birth_date), account_id, source_ip)


def letter(account_id: int, source_ip: str, text: str) -> Answer:
    """The token of the insurer's letter instead, when it went to somebody for whom the account speaks: used up."""
    return _try("device_letter", letter_hash(text), account_id, source_ip)


def _try(function: str, given: bytes, account_id: int, source_ip: str) -> Answer:
    with _waiting(account_id):
        left = _call(function, given, blind(SOURCE_PURPOSE, source_ip))
        if left != -1:
            record("device.refused", f"patient_account:{account_id}", payload={"left": left})
    return Answer(left == -1, max(left, 0))


def admit(account_id: int, token: str, label: str, how: str) -> bytes:
    """Open the account on this device from now on. how: known | first | answer | letter. The device's hash."""
    mark, subject = device_hash(account_id, token), f"patient_account:{account_id}"
    with actor_scope(Actor("patient", account_id=account_id)):
        _call("device_remember", mark, label)
        if how != "known":
            record("device.recognised", subject, payload={"how": how})
        record("patient.signed_in", subject)
    return mark


def label_of(agent: str) -> str:
    """'android-wechat' from a User-Agent header: what the owner needs to tell two devices apart, and no more."""
    systems = (
        ("HarmonyOS", "harmony"), ("iPad", "ipad"), ("iPhone", "iphone"), ("Android", "android"),
        ("Windows", "windows"), ("Mac OS", "mac"), ("Linux", "linux"),
    )  # fmt: skip
    browsers = (
        ("MicroMessenger", "wechat"), ("Edg", "edge"), ("Firefox", "firefox"), ("Chrome", "chrome"),
        ("Safari", "safari"),
    )  # fmt: skip
    system = next((word for mark, word in systems if mark in agent), "other")
    browser = next((word for mark, word in browsers if mark in agent), "")
    return f"{system}-{browser}"


SYSTEMS = {
    "harmony": _("华为手机"),
    "android": _("安卓手机"),
    "iphone": _("苹果手机"),
    "ipad": _("苹果平板"),
    "windows": _("Windows 电脑"),
    "mac": _("苹果电脑"),
    "linux": _("Linux 电脑"),
}
BROWSERS = {"wechat": _("微信"), "edge": "Edge", "firefox": "Firefox", "chrome": "Chrome", "safari": "Safari"}


def words_of(label: str) -> str:
    """A label in words: 安卓手机 · 微信."""
    system, _dash, browser = label.partition("-")
    words = [str(SYSTEMS.get(system, _("别的设备")))]
    if browser in BROWSERS:
        words.append(str(BROWSERS[browser]))
    return " · ".join(words)


# ---- what the account's owner does -----------------------------------------------------------------------


def remember_person(
    actor: Actor, application_id: int, *, numbers: Iterable[str], name: str, birth_date: date | None
) -> None:
    """From now on a new device may answer with this person, as the application describes him (again).

    numbers: his ID number in all its forms; with none of them his name takes their place.
    """
    if actor.account_id is None:
        raise PermissionError("an account describes people")
    tails = {tail_of(number) for number in numbers if number} or {name}
    hashes = [
        answer_hash(actor.account_id, tail, birth_date) for tail in sorted(tails) if tail and birth_date
    ]
    _call("answer_remember", application_id, hashes)


def forget_person(actor: Actor, application_id: int) -> None:
    """The application is gone: nobody needs to know its patient any more."""
    _call("answer_remember", application_id, [])


def known(actor: Actor) -> list[Device]:
    """The devices of the account, the last used first."""
    return list(Device.objects.filter(account_id=actor.account_id).order_by("-last_seen_at", "-pk"))


def remove(actor: Actor, device_id: int) -> Device | None:
    """Whoever is signed in there is out at his next click. None when it is not one of the account's."""
    device = Device.objects.filter(account_id=actor.account_id, pk=device_id).first()
    if device is None:
        return None
    record("device.removed", f"patient_account:{actor.account_id}", payload={"device": device.pk})
    Device.objects.filter(pk=device.pk).delete()
    return device


def history(actor: Actor, limit: int = 10) -> list[Event]:
    """What the log knows of the account's devices, newest first."""
    entries = audit.trail(f"patient_account:{actor.account_id}", 200)
    lines = groupby(
        (entry for entry in entries if entry.action.startswith("device.")),
        key=lambda entry: (timezone.localdate(entry.at), entry.action.removeprefix("device.")),
    )
    return [Event(day, action, len(list(same))) for (day, action), same in lines][:limit]


def forget_tries() -> int:
    """Delete wrong answers that count no more (engine). Returns how many."""
    return DeviceTry.objects.filter(at__lt=timezone.now() - KEPT_TRIES).delete()[0]
