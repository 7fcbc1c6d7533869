"""A family's number changed hands: the account goes to another number, or from no number to be reached at all.

Done by the operator after a charity or an insurer has checked the family's papers (docs/runbook.md). Whoever then
signs in with the new number is asked like on any new device: a wrong move opens nothing.
"""

from __future__ import annotations

import secrets

from django.utils.translation import gettext as _

from audit import record
from scope import Actor, actor_scope
from scope.actor import SYSTEM
from vault.index import blind

from . import devices, sessions
from .models import Device, PatientAccount
from .patients import PHONE_PURPOSE, normalise_phone


class Refused(ValueError):
    """Not possible; the text says why, without a number."""


def _find(phone: str) -> PatientAccount | None:
    return (
        PatientAccount.objects.select_for_update()
        .filter(phone_blind=blind(PHONE_PURPOSE, normalise_phone(phone)))
        .first()
    )


def _shut(account: PatientAccount) -> None:
    """Nobody is signed in any more and no device is known."""
    with actor_scope(Actor("patient", account_id=account.pk)):
        Device.objects.filter(account_id=account.pk).delete()
    sessions.end_of_account(account.pk)


def _unreachable(account: PatientAccount, reason: str) -> None:
    _shut(account)
    account.phone, account.phone_blind, account.is_active = "", secrets.token_bytes(16), False
    account.save(update_fields=["phone", "phone_blind", "is_active"])
    record("account.phone_released", f"patient_account:{account.pk}", payload={"reason": reason})


def release(phone: str) -> None:
    """The number's new owner gets an account of his own; the former owner's is kept and not reached by phone.

    Raises Refused, ValueError for what is no number.
    """
    with actor_scope(SYSTEM):
        account = _find(phone)
        if account is None:
            raise Refused(_("这个号码没有账号。"))
        _unreachable(account, "recycled")


def move(old: str, new: str) -> None:
    """The account is reached by the new number from now on; its devices are forgotten.

    An account that the new number has already gives way if it described nobody. Raises Refused, ValueError.
    """
    with actor_scope(SYSTEM):
        account, there = _find(old), _find(new)
        if account is None:
            raise Refused(_("旧号码没有账号。"))
        if there is not None:
            if there.pk == account.pk:
                raise Refused(_("两个号码是同一个。"))
            if devices.arrive(there.pk, "") != "first":
                raise Refused(_("新号码已经有申请。请家属用新号码登录，旧的申请不用了就请基金关上。"))
            _unreachable(there, "gave_way")
        _shut(account)
        account.phone = normalise_phone(new)
        account.phone_blind = blind(PHONE_PURPOSE, account.phone)
        account.save(update_fields=["phone", "phone_blind"])
        record("account.phone_moved", f"patient_account:{account.pk}")
