"""Text messages to the family: that there is something to read, never what (no name, no disease, no amount).

Handlers of `document.requested`, `award.changed` and `case.decided`. At least once: a text twice does no harm, a text lost might.
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts import sms
from accounts.models import PatientAccount
from audit import record
from charity.awards.models import Award, Case

from .models import Application, DocumentRequest

TOLD = {Award.State.APPROVED, Award.State.PAID, Award.State.REFUSED}


def _send(application_id: int, text: str, why: str) -> None:
    account_id = Application.objects.values_list("account_id", flat=True).get(pk=application_id)
    account = PatientAccount.objects.get(pk=account_id)
    if not account.is_active:
        return
    record("family.texted", f"application:{application_id}", payload={"why": why})
    sms.backend().send(account.phone, text)


def document_requested(request_id: int) -> None:
    request = DocumentRequest.objects.get(pk=request_id)
    if request.closed_at is None:
        text = _("接力：您的申请要补一份材料，请登录接力看是哪一份。接力不收费，不要银行卡密码。")
        _send(request.application_id, text, "document_requested")


def award_changed(award_id: int) -> None:
    award = Award.objects.get(pk=award_id)
    if award.state in TOLD:
        _decided(award.case_id, f"award_{award.state}")


def case_decided(case_id: int) -> None:
    """A refusal before any award was proposed, or the answer to a review."""
    _decided(case_id, "case_decided")


def _decided(case_id: int, why: str) -> None:
    application_id = Case.objects.values_list("application_id", flat=True).get(pk=case_id)
    text = _("接力：您的申请有了新的结果，请登录接力查看。接力不收费，不要银行卡密码。")
    _send(application_id, text, why)
