"""What a new device has to answer, for a visitor of the demonstration. Named by accounts.patient_views alone."""

from __future__ import annotations

from charity.applications.models import Application
from scope import Actor, actor_scope


def of_account(account_id: int) -> str:
    """'身份证号后四位 7031，出生日期 20180512' of the account's first patient; '' when it described nobody."""
    with actor_scope(Actor("patient", account_id=account_id)):
        for application in Application.objects.filter(account_id=account_id).order_by("pk"):
            who = (application.answers or {}).get("identity") or {}
            if who.get("birth_date"):
                tail = (who.get("id_number") or "")[-4:] or who.get("name", "")
                return f"身份证号后四位 {tail}，出生日期 {who['birth_date'].replace('-', '')}"
    return ""
