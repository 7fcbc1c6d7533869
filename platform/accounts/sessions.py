"""Sessions in the database (settings.SESSION_ENGINE), of no use to who reads or copies their rows.

A row is found by a hash of the session key, which only the browser holds; its contents are sealed (vault) and
bound to that key, so that another's contents under one's own key do not open. Beside them stand the ids of who is
signed in, so that a person's sessions can be ended.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.contrib.sessions.backends import db
from django.utils import timezone

from vault.cipher import SealError, seal, unseal
from vault.keys import UnknownKeyError

if TYPE_CHECKING:
    from .models import Session

PATIENT_KEY = "patient_account_id"
DEVICE_KEY = "patient_device"  # hex of the device's hash
WAITING_KEY = "patient_waiting"  # the code was right, the device is new: nobody is signed in yet
PENDING_KEY = "patient_pending"  # a code is on its way
STAFF_KEY = "_auth_user_id"
MARK = 16


def row_key(session_key: str) -> str:
    """Under which a session stands in the table: 160 bits of SHA-256 over its key (166 random bits), as hex."""
    return hashlib.sha256(f"jieli.session:{session_key}".encode()).hexdigest()[:40]


def mark(session_key: str | None) -> str | None:
    """The beginning of the row key: names a session in the actor without being worth anything."""
    return row_key(session_key)[:MARK] if session_key else None


def _number(value: Any) -> int | None:
    return int(value) if str(value or "").isdecimal() else None


class SessionStore(db.SessionStore):
    @classmethod
    def get_model_class(cls) -> type[Session]:
        from .models import Session

        return Session

    def _purpose(self) -> str:
        return f"accounts.session:{self.session_key}"

    def encode(self, session_dict: dict[str, Any]) -> str:
        return base64.b64encode(seal(self._purpose(), self.serializer().dumps(session_dict))).decode()

    def decode(self, session_data: str | bytes) -> dict[str, Any]:
        """{} for what was sealed under another session's key, or by a vault key that is gone."""
        try:
            return self.serializer().loads(unseal(self._purpose(), base64.b64decode(session_data)))
        except (SealError, UnknownKeyError, ValueError):
            return {}

    def _get_session_from_db(self) -> Session | None:
        found = (
            self.get_model_class()
            .objects.filter(session_key=row_key(self.session_key or ""), expire_date__gt=timezone.now())
            .first()
        )
        if found is None:
            self._session_key = None
        return found

    def exists(self, session_key: str) -> bool:
        return self.model.objects.filter(session_key=row_key(session_key)).exists()

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        key = self._get_or_create_session_key()  # type: ignore[attr-defined]
        return self.get_model_class()(
            session_key=row_key(key),
            session_data=self.encode(data),
            expire_date=self.get_expiry_date(),
            user_id=_number(data.get(STAFF_KEY)),
            account_id=_number(data.get(PATIENT_KEY)),
        )

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key:
            self.model.objects.filter(session_key=row_key(key)).delete()

    # The asynchronous twins go the same way: the inherited ones would store the key itself.
    async def _aget_session_from_db(self) -> Session | None:
        return await sync_to_async(self._get_session_from_db)()

    async def aexists(self, session_key: str) -> bool:
        return await sync_to_async(self.exists)(session_key)

    async def acreate_model_instance(self, data: dict[str, Any]) -> Session:
        return await sync_to_async(self.create_model_instance)(data)

    async def adelete(self, session_key: str | None = None) -> None:
        await sync_to_async(self.delete)(session_key)


def end_of_user(user_id: int, but: str | None = None) -> int:
    """End a member's sessions now, except the one with this mark. Returns how many ended."""
    return _end(SessionStore.get_model_class().objects.filter(user_id=user_id), but)


def end_of_account(account_id: int) -> int:
    """End a patient's sessions now. Returns how many ended."""
    return _end(SessionStore.get_model_class().objects.filter(account_id=account_id), None)


def _end(rows: Any, but: str | None) -> int:
    if but:
        rows = rows.exclude(session_key__startswith=but)
    return rows.delete()[0]
