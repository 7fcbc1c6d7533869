"""Sign-in of patients: a one-time code proves a phone number, and nothing else.

Limits: a code lives 5 minutes and takes 5 tries; a new one after 60 seconds; at most 5 an hour and 10 a day for
a phone, 30 an hour for a network address. Nothing answers whether a number has an account.
"""

from __future__ import annotations

import hmac
import re
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from django.db import connection, transaction
from django.utils import timezone

from vault.index import blind, blocking_key, code_hash

from . import sms
from .models import OneTimeCode, PatientAccount

PHONE = re.compile(r"1[3-9]\d{9}")
LIFETIME = timedelta(minutes=5)
RESEND = timedelta(seconds=60)
TRIES = 5
PER_PHONE_HOUR, PER_PHONE_DAY, PER_SOURCE_HOUR = 5, 10, 30
PHONE_PURPOSE = "accounts.phone"
SOURCE_PURPOSE = "accounts.source"


@dataclass(frozen=True)
class CodeRequest:
    """sent: a code is on its way. Else reason: phone | wait | phone_hour | phone_day | source;
    seconds: how long to wait, for `wait`."""

    sent: bool
    reason: Literal["", "phone", "wait", "phone_hour", "phone_day", "source"] = ""
    seconds: int = 0


@dataclass(frozen=True)
class Verification:
    """account when the code was right. Else reason: wrong | expired | tries | inactive; left: tries left."""

    account: PatientAccount | None
    reason: Literal["", "wrong", "expired", "tries", "inactive"] = ""
    left: int = 0


def normalise_phone(text: str) -> str:
    """11 digits of a mainland mobile; takes +86, 0086, spaces, hyphens, full-width digits.

    Raises ValueError (without the number) for anything else.
    """
    plain = re.sub(r"[\s\-‐-―()·]", "", unicodedata.normalize("NFKC", text))
    plain = re.sub(r"^(\+|00)?86(?=1\d{10}$)", "", plain)
    if not PHONE.fullmatch(plain) or not plain.isascii():
        raise ValueError("not a mainland mobile number")
    return plain


def _lock(key: str, value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [blocking_key(key, value)])


def request_code(phone: str, source_ip: str) -> CodeRequest:
    """Make a code and, after the commit, send it. Runs in the caller's scope (public)."""
    try:
        phone = normalise_phone(phone)
    except ValueError:
        return CodeRequest(False, "phone")
    with transaction.atomic():
        _lock("accounts.code_phone", phone)
        _lock("accounts.code_source", source_ip)
        refused = _throttle(blind(PHONE_PURPOSE, phone), blind(SOURCE_PURPOSE, source_ip))
        if refused:
            return refused
        code = f"{secrets.randbelow(10**6):06d}"
        now = timezone.now()
        OneTimeCode.objects.create(
            phone_blind=blind(PHONE_PURPOSE, phone),
            code_hash=_hash(phone, code),
            expires_at=now + LIFETIME,
            source_hash=blind(SOURCE_PURPOSE, source_ip),
        )
        if secrets.randbelow(100) == 0:
            forget_old_codes()
        transaction.on_commit(lambda: sms.send_code(phone, code))
    return CodeRequest(True)


def _throttle(phone_blind: bytes, source_hash: bytes) -> CodeRequest | None:
    now = timezone.now()
    times = list(
        OneTimeCode.objects.filter(phone_blind=phone_blind, created_at__gt=now - timedelta(days=1))
        .order_by("-created_at")
        .values_list("created_at", flat=True)[:PER_PHONE_DAY]
    )
    if times and now - times[0] < RESEND:
        return CodeRequest(False, "wait", int((RESEND - (now - times[0])).total_seconds()) + 1)
    if len(times) >= PER_PHONE_DAY:
        return CodeRequest(False, "phone_day")
    hour = now - timedelta(hours=1)
    if sum(time > hour for time in times) >= PER_PHONE_HOUR:
        return CodeRequest(False, "phone_hour")
    if OneTimeCode.objects.filter(source_hash=source_hash, created_at__gt=hour).count() >= PER_SOURCE_HOUR:
        return CodeRequest(False, "source")
    return None


def _hash(phone: str, code: str) -> bytes:
    return code_hash("accounts.sign_in", f"{phone}:{code}")


def verify(phone: str, code: str) -> Verification:
    """Check a code against the latest one of this phone; a right one is used up and proves the phone. Whether that
    is enough, the device decides (devices.arrive).

    Never raises for a wrong code: the count of tries must be committed. Runs in the caller's scope (public).
    """
    try:
        phone = normalise_phone(phone)
    except ValueError:
        return Verification(None, "wrong")
    typed = re.sub(r"\s", "", unicodedata.normalize("NFKC", code))
    with transaction.atomic():
        now = timezone.now()
        latest = (
            OneTimeCode.objects.select_for_update()
            .filter(phone_blind=blind(PHONE_PURPOSE, phone))
            .order_by("-created_at", "-id")
            .first()
        )
        if latest is None or latest.used_at is not None or latest.expires_at <= now:
            return Verification(None, "expired")
        if latest.tries >= TRIES:
            return Verification(None, "tries")
        latest.tries += 1
        if not hmac.compare_digest(bytes(latest.code_hash), _hash(phone, typed)):
            latest.save(update_fields=["tries"])
            left = TRIES - latest.tries
            return Verification(None, "wrong" if left else "tries", left)
        latest.used_at = now
        latest.save(update_fields=["tries", "used_at"])
        account, _created = PatientAccount.objects.get_or_create(
            phone_blind=blind(PHONE_PURPOSE, phone), defaults={"phone": phone}
        )
        if not account.is_active:
            return Verification(None, "inactive")
        account.last_seen_at = now
        account.save(update_fields=["last_seen_at"])
    return Verification(account)


def forget_old_codes() -> int:
    """Delete codes that no limit needs any more (older than a day). Returns how many."""
    return OneTimeCode.objects.filter(created_at__lt=timezone.now() - timedelta(days=1)).delete()[0]
