"""Who saw and did what, in plain words, from the audit log. Metadata only: no value is ever in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Organisation, User
from audit import services as audit
from charity.awards.models import Award, Case
from consent.models import Consent

from .models import Application, Document

WORDS: dict[str, Any] = {
    "case.viewed": gettext_lazy("看了您的资料"),
    "application.viewed": gettext_lazy("看了您的资料"),
    "field.revealed": gettext_lazy("看了完整信息"),
    "document.viewed": gettext_lazy("看了您的材料"),
    "document.downloaded": gettext_lazy("下载了您的材料"),
    "document.accepted": gettext_lazy("核对通过了一份材料"),
    "document.rejected": gettext_lazy("退回了一份材料"),
    "document.requested": gettext_lazy("请您补一份材料"),
    "family.texted": gettext_lazy("给您发了短信"),
    "document.reminded": gettext_lazy("提醒您补材料"),
    "identity.checked": gettext_lazy("核对了您的身份证件"),
    "hardship.certified": gettext_lazy("核对了困难证明"),
    "document.uploaded": gettext_lazy("上传了材料"),
    "document.removed": gettext_lazy("删掉了一份材料"),
    "document.request_answered": gettext_lazy("补交了材料"),
    "award.proposed": gettext_lazy("提出了资助方案"),
    "award.approved": gettext_lazy("批准了资助"),
    "award.paid": gettext_lazy("付了款"),
    "award.returned": gettext_lazy("记下了退款"),
    "award.released": gettext_lazy("放开了预留的钱"),
    "award.refused": gettext_lazy("没有批准资助"),
    "award.cancelled": gettext_lazy("取消了一笔还没付的资助"),
    "award.corrected": gettext_lazy("更正了资助的金额"),
    "award.sent_back": gettext_lazy("退回了资助方案"),
    "case.opened": gettext_lazy("开始办您的申请"),
    "case.assigned": gettext_lazy("安排了经办人"),
    "case.refused": gettext_lazy("决定这次不能资助"),
    "case.closed": gettext_lazy("结束了这件事"),
    "case.sealed": gettext_lazy("关上了您的资料"),
    "case.review_asked": gettext_lazy("请人复核"),
    "application.started": gettext_lazy("开始填申请"),
    "application.saved": gettext_lazy("填好了一页"),
    "application.submitted": gettext_lazy("交了申请"),
    "application.withdrawn": gettext_lazy("收回了申请"),
    "application.identity_checked": gettext_lazy("记下了身份核对的结果"),
    "application.proven": gettext_lazy("核对好了您的身份"),
    "application.unproven": gettext_lazy("把身份核对改回“待核对”"),
    "application.proof_refused": gettext_lazy("口令和申请上的病人对不上"),
    "application.need_found": gettext_lazy("找到了您的账单"),
    "linking.undone": gettext_lazy("更正了一条认错的记录"),
    "application.downloaded": gettext_lazy("下载了自己的资料"),
    "consent.given": gettext_lazy("同意了一家基金看"),
    "consent.refused": gettext_lazy("没有同意一家基金看"),
    "consent.withdrawn": gettext_lazy("收回了同意"),
    "consent.deletion_acknowledged": gettext_lazy("确认删掉了自己留的资料"),
    "person.linked": gettext_lazy("把记录和您对上了"),
    "person.represented": gettext_lazy("记下了您可以替病人办事"),
    "token.issued": gettext_lazy("给您寄了口令"),
    "token.redeemed": gettext_lazy("用了信上的口令"),
}
FIELDS: dict[str, Any] = {
    "name": gettext_lazy("姓名"),
    "id_number": gettext_lazy("身份证号"),
    "phone": gettext_lazy("电话"),
    "address": gettext_lazy("住址"),
    "birth_date": gettext_lazy("出生日期"),
    "payee": gettext_lazy("收款账户"),
}


@dataclass(frozen=True)
class Seen:
    """One line: when, who (organisation and member, or 您, or 接力), what, and why where it was said."""

    at: datetime
    who: str
    what: str
    why: str
    by_others: bool


def _subjects(application: Application) -> list[str]:
    cases = list(Case.objects.filter(application_id=application.pk).values_list("pk", flat=True))
    subjects = [f"application:{application.pk}", *(f"case:{pk}" for pk in cases)]
    subjects += [f"award:{pk}" for pk in Award.objects.filter(case_id__in=cases).values_list("pk", flat=True)]
    subjects += [
        f"document:{pk}"
        for pk in Document.objects.filter(application=application).values_list("pk", flat=True)
    ]
    subjects += [
        f"consent:{pk}"
        for pk in Consent.objects.filter(application_id=application.pk).values_list("pk", flat=True)
    ]
    if application.proof == Application.Proof.PROVEN and application.person_id:
        subjects.append(f"person:{application.person_id}")
    return subjects


def log(application: Application, limit: int = 200) -> list[Seen]:
    """Newest first. What the log does not yet know a word for is shown as work on the application."""
    entries = [entry for subject in _subjects(application) for entry in audit.trail(subject, limit)]
    entries.sort(key=lambda entry: entry.entry_id, reverse=True)
    entries = entries[:limit]
    names = _names([entry.actor for entry in entries])
    return [
        Seen(
            at=entry.at,
            who=_who(entry.actor, application, names),
            what=_what(entry, application),
            why=_why(entry.payload or {}),
            by_others=entry.actor.startswith(("staff:", "client:")),
        )
        for entry in entries
    ]


def _what(entry: audit.TrailEntry, application: Application) -> str:
    other = (entry.payload or {}).get("account") not in (None, application.account_id)
    if entry.action == "person.represented" and other:
        return _("记下了另一个账号可以替病人办事")
    return str(WORDS.get(entry.action) or _("处理了您的申请"))


def _parts(actor: str) -> tuple[int, int] | None:
    kind, _sep, rest = actor.partition(":")
    user, _at, organisation = rest.partition("@")
    if kind in {"staff", "client"} and user.isdigit() and organisation.isdigit():
        return int(user), int(organisation)
    return None


def _names(actors: list[str]) -> dict[str, str]:
    found = {actor: _parts(actor) for actor in set(actors)}
    users = User.objects.in_bulk(
        [ids[0] for actor, ids in found.items() if ids and actor.startswith("staff:")]
    )
    organisations = Organisation.objects.in_bulk([ids[1] for ids in found.values() if ids])
    names = {}
    for actor, ids in found.items():
        if ids is None:
            continue
        organisation = organisations.get(ids[1])
        where = organisation.name if organisation else _("一家机构")
        member = users.get(ids[0]) if actor.startswith("staff:") else None
        names[actor] = f"{where} {member.display_name}" if member else where
    return names


def _who(actor: str, application: Application, names: dict[str, str]) -> str:
    if actor == f"patient:{application.account_id}":
        return _("您")
    if actor.startswith("patient:"):
        return _("另一个替病人办事的账号")
    return names.get(actor) or _("接力平台")


def _why(payload: dict[str, Any]) -> str:
    said = []
    fields = payload.get("fields") or payload.get("field")
    if isinstance(fields, str):
        fields = [fields]
    if isinstance(fields, list):
        known = [str(FIELDS[name]) for name in fields if isinstance(name, str) and name in FIELDS]
        if known:
            said.append(_("看的是：%(fields)s") % {"fields": _("、").join(known)})
    reason = payload.get("reason")
    if isinstance(reason, str) and reason:
        said.append(_("理由：%(reason)s") % {"reason": str(REASONS.get(reason, reason))})
    return _("；").join(said)


REASONS: dict[str, Any] = {
    "call": gettext_lazy("打电话联系您"),
    "papers": gettext_lazy("核对纸质材料"),
    "payee": gettext_lazy("核对收款账户户名"),
    "other": gettext_lazy("其他"),
}
