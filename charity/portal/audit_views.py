"""Is the record intact, and who vouches: for auditors of any organisation, the regulator and the operator.

Metadata only, never a person. An organisation reads its own entries; the regulator and the operator read who
did what of all. Everybody may check any entry's proof.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.models import Organisation, User
from audit import leaf, tree, witnessing
from audit import services as log
from audit.models import Checkpoint
from scope import permission
from vault import masking
from web import charts
from web.query import whole_number

from .audit_words import ACTIONS

ROLES = ("auditor", "administrator")
LIMIT = 200  # lines of one object's trail on the page; the export has all
SEES_ALL = {"regulator", "operator"}
LATE = timedelta(minutes=5)
"""An entry that waits longer for its leaf is told to the operator; in a quiet night no entry waits at all."""
SUBJECT = re.compile(r"^[a-z_]{2,30}:[a-z0-9_]{1,30}$")


def _may_read(request: Any, actor_label: str) -> bool:
    return request.organisation.kind in SEES_ALL or actor_label.endswith(f"@{request.actor.org_id}")


def _who(label: str, org_id: int | None) -> str:
    """'staff:12@3' as organisation and name, masked unless he is a colleague; other labels as they are."""
    match = re.fullmatch(r"(staff|client):(\d+)@(\d+)", label)
    if match is None:
        kinds = {"engine": _("接力系统"), "public": _("未登录的访客")}
        return kinds.get(label, _("患者账号") if label.startswith("patient") else label)
    organisation = Organisation.objects.filter(pk=int(match[3])).first()
    name = ""
    if match[1] == "staff":
        user = User.objects.filter(pk=int(match[2])).first()
        shown = str if match[3] == str(org_id) else masking.name
        name = shown(user.display_name) if user else _("命令行") if match[2] == "0" else match[2]
    else:
        name = _("接口 %(id)s") % {"id": match[2]}
    return f"{organisation or match[3]} · {name}"


def _holds(entry: log.EntryWithProof) -> bool:
    """The entry's hash, computed anew from what the table says now, leads to the signed root."""
    anew = tree.leaf_hash(
        leaf.leaf_bytes(
            entry_id=entry.entry_id,
            time=leaf.microseconds(entry.at),
            actor=entry.actor,
            action=entry.action,
            subject=entry.subject,
            payload_commitment=entry.commitment,
        )
    )
    return anew == entry.leaf_hash and entry.holds


def _newest_holds(size: int) -> bool:
    if size == 0:
        return True
    try:
        entry = log.entry_with_proof(size - 1)
    except log.NotInLog:
        return False
    return _holds(entry)


@permission(staff=ROLES)
@require_GET
def show(request: Any) -> HttpResponse:
    status = log.status()
    last = Checkpoint.objects.order_by("-size").first()
    number, subject = (
        request.GET.get("number", "").replace(",", "").strip(),
        request.GET.get("subject", "").strip(),
    )
    entry, path, error, readable, trail, capped = None, None, "", False, [], False
    if number:
        index = whole_number(number)
        if index is not None:
            try:
                entry = log.entry_with_proof(index)
                readable = _may_read(request, entry.actor)
                path = charts.merkle_path(
                    f"{entry.leaf_index:,}", [step.hex() for step in entry.proof], _holds(entry)
                )
            except log.NotInLog:
                error = _("记录里没有第 %(number)s 条，或者它还没有签进检查点（约一秒）。") % {
                    "number": number
                }
        else:
            error = _("编号是数字，从 0 开始。")
    elif subject:
        if SUBJECT.match(subject):
            found = log.trail(subject, LIMIT)
            capped = len(found) == LIMIT
            trail = [
                {
                    "entry": one,
                    "who": _who(one.actor, request.actor.org_id),
                    "action": ACTIONS.get(one.action, one.action),
                }
                for one in found
                if _may_read(request, one.actor)
            ]
            if not trail:
                error = _("没有关于它的记录，或者不是本机构的。")
        else:
            error = _("对象写成“种类:编号”，比如 case:5、award:9。")
    return render(
        request,
        "portal/audit.html",
        {
            "status": status,
            "checkpoint": last.note if last else "",
            "witnesses": status.witnesses,
            "figures": [
                {
                    "label": _("记录总数"),
                    "value": f"{status.entries:,}",
                    "sub": _("今日新增 %(n)s 条") % {"n": f"{status.today:,}"},
                },
                {
                    "label": _("检查点"),
                    "value": _age(status),
                    "sub": _("签到第 %(n)s 条") % {"n": f"{status.size:,}"},
                },
                _witness_figure(status),
                {"label": _("等着签的"), "value": f"{status.waiting:,}", "sub": _("平常一秒内签完")},
            ],
            "broken": not _newest_holds(status.size),
            "late": status.waiting_for > LATE,
            "entry": entry,
            "doer": _who(entry.actor, request.actor.org_id) if entry and readable else "",
            "action": ACTIONS.get(entry.action, entry.action) if entry else "",
            "payload": json.dumps(entry.payload, ensure_ascii=False, indent=1)
            if entry and readable and entry.payload is not None
            else "",
            "commitment": entry.commitment.hex() if entry else "",
            "readable": readable,
            "path": path,
            "intact": entry is not None and _holds(entry),
            "trail": trail,
            "capped": LIMIT if capped else 0,
            "error": error,
            "number": number[:16],
            "subject": subject[:48],
        },
        status=404 if error and number and entry is None else 200,
    )


def _witness_figure(status: log.LogStatus) -> dict[str, str]:
    if not status.witnesses:
        return {"label": _("外面的见证人"), "value": _("还没有"), "sub": _("谁都可以做，见下面")}
    furthest = max(size for _name, size, _at in status.witnesses)
    return {
        "label": _("外面的见证人"),
        "value": _("%(n)d 家") % {"n": len(status.witnesses)},
        "sub": _("见证到第 %(n)s 条") % {"n": f"{furthest:,}"},
    }


def _age(status: log.LogStatus) -> str:
    if status.checkpoint_age is None:
        return _("还没有")
    seconds = int(status.checkpoint_age.total_seconds())
    if seconds < 60:
        return _("%(n)d 秒前") % {"n": seconds}
    if seconds < 3600:
        return _("%(n)d 分钟前") % {"n": seconds // 60}
    return _("%(n)d 小时前") % {"n": seconds // 3600}


@permission(staff=ROLES)
@require_GET
def checkpoint(request: Any) -> HttpResponse:
    last = Checkpoint.objects.order_by("-size").first()
    if last is None:
        raise Http404
    response = HttpResponse(last.note, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="checkpoint-{last.size}.txt"'
    return response


@permission(staff=ROLES)
@require_GET
def witness_request(request: Any) -> HttpResponse:
    """What a witness checks (C2SP tlog-witness): the proof from the size that it saw (?old=) to now. Hashes only."""
    text = request.GET.get("old", "").replace(",", "").strip() or "0"
    try:
        old = whole_number(text)
        if old is None:
            raise witnessing.WitnessError("old is a number")
        body = witnessing.request(old)
    except witnessing.WitnessError as error:
        raise Http404 from error
    response = HttpResponse(body, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="request.txt"'
    return response


@permission(staff=ROLES)
@require_GET
def proof(request: Any, number: int) -> HttpResponse:
    """An entry's inclusion proof as text: leaf hash, siblings, checkpoint. Hashes only."""
    try:
        entry = log.entry_with_proof(number)
    except log.NotInLog as error:
        raise Http404 from error
    lines = [
        "jieli inclusion proof",
        f"index {entry.leaf_index}",
        f"size {entry.size}",
        f"leaf {entry.leaf_hash.hex()}",
        *(f"node {step.hex()}" for step in entry.proof),
        "",
        entry.checkpoint,
    ]
    response = HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="entry-{entry.leaf_index}.proof.txt"'
    return response
