"""Sending text messages. The back end is named in settings.JIELI_SMS_BACKEND; texts hold nothing personal."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Protocol

from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from vault.index import blind

logger = logging.getLogger(__name__)
PURPOSE = "accounts.sms_file"


class Backend(Protocol):
    def send(self, phone: str, text: str) -> None:
        """Hand the text (no name, no disease) to the carrier; phone: 11 digits. Raises on failure."""


class ConsoleBackend:
    """Demo and development: the text goes to the log and to var/sms/<keyed hash of the phone>.txt."""

    def send(self, phone: str, text: str) -> None:
        logger.info("sms (not sent, demo): %s", text)
        path = self.path(phone)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_text(f"{timezone.localtime():%Y-%m-%d %H:%M:%S} {text}\n")

    @staticmethod
    def path(phone: str) -> Path:
        return Path(settings.VAR_DIR) / "sms" / f"{blind(PURPOSE, phone).hex()}.txt"

    @classmethod
    def last(cls, phone: str) -> str:
        """The last text that this phone would have received, empty when none."""
        path = cls.path(phone)
        return path.read_text().strip() if path.exists() else ""


def backend() -> Backend:
    return import_string(settings.JIELI_SMS_BACKEND)()


def send_code(phone: str, code: str) -> None:
    """Send a sign-in code. A failure is logged without the number; the person may ask again after a minute."""
    text = _("【接力】验证码 %(code)s，5 分钟内有效。不要告诉别人，工作人员不会问您要。") % {"code": code}
    try:
        backend().send(phone, text)
    except Exception as error:
        logger.error("a text message could not be handed over (%s)", type(error).__name__)
