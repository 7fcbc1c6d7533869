"""Who saw and did what, in plain words, from the audit log. Metadata only: no value is ever in it.

What belongs to the family: its application with everything under it and, once the person is proven, that
person's records, wherever they came from (application_trail(), migration 0010). Before the proof nothing here
tells whether such records exist. An entry about several people, a page of a list or a doubtful pair, shows
nothing of the others. What a charity or the platform only suspects is not told here: a look at such a page is
a look at the data like any other, and the suspicion itself has no words below.

An organisation is named in full, its member by the surname: enough to complain about (the number of the entry
leads the organisation to the person), too little to be looked up at home.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Organisation, User
from audit import record
from audit import services as audit
from audit.models import Entry
from charity.awards.models import Award, Case
from consent.models import Consent
from scope import Actor
from vault import masking

from .models import Application, Document

SEEN, FULL, TAKEN, DONE = "seen", "full", "taken", "done"
#: Reads: how much of the data they showed, and where. SEEN: masked, on a page or by an interface; FULL: unmasked;
#: TAKEN: a paper or a file that left the system.
READS: dict[str, tuple[str, Any]] = {
    "case.viewed": (SEEN, gettext_lazy("案件页")),
    "application.viewed": (SEEN, gettext_lazy("申请")),
    "document.viewed": (SEEN, gettext_lazy("您的材料")),
    "queue.viewed": (SEEN, gettext_lazy("案件名单")),
    "queue.searched": (SEEN, gettext_lazy("查找案件的结果")),
    "payments.viewed": (SEEN, gettext_lazy("付款名单")),
    "recoveries.viewed": (SEEN, gettext_lazy("追款名单")),
    "link.viewed": (SEEN, gettext_lazy("记录核对页")),
    "person.viewed": (SEEN, gettext_lazy("账单和办理进度")),
    "settlements.viewed": (SEEN, gettext_lazy("待核对账单的清单")),
    "settlement.twin_viewed": (SEEN, gettext_lazy("账单核对页")),
    "records.viewed": (SEEN, gettext_lazy("送来的账单清单")),
    "record.viewed": (SEEN, gettext_lazy("送来的一张账单")),
    "invitations.viewed": (SEEN, gettext_lazy("邀请信清单")),
    "campaigns.viewed": (SEEN, gettext_lazy("求助项目清单")),
    "campaign.viewed": (SEEN, gettext_lazy("求助项目")),
    "field.revealed": (FULL, gettext_lazy("完整信息")),
    "invitation.opened": (FULL, gettext_lazy("写给您的信")),
    "document.downloaded": (TAKEN, gettext_lazy("下载您的材料")),
    "queue.printed": (TAKEN, gettext_lazy("打印案件名单")),
    "queue.exported": (TAKEN, gettext_lazy("导出案件名单")),
    "recoveries.exported": (TAKEN, gettext_lazy("追款名单")),
    "records.exported": (TAKEN, gettext_lazy("导出账单清单")),
    "invitation.printed": (TAKEN, gettext_lazy("打印写给您的信")),
}
#: A read of which the table above does not know yet: never less than "somebody looked".
LOOKS = ("viewed", "searched", "listed", "opened", "revealed", "downloaded", "printed", "exported")
#: Rooms whose work on the application is told even without words of its own.
OURS = ("application", "award", "case", "consent", "document", "family", "hardship", "identity")
WORDS: dict[str, Any] = {
    "document.accepted": gettext_lazy("核对通过了一份材料"),
    "document.rejected": gettext_lazy("退回了一份材料"),
    "document.requested": gettext_lazy("请您补一份材料"),
    "family.texted": gettext_lazy("给您发了短信"),
    "document.reminded": gettext_lazy("提醒您补材料"),
    "identity.checked": gettext_lazy("核对了您的身份证件"),
    "hardship.certified": gettext_lazy("核对了困难证明"),
    "finding.recorded": gettext_lazy("核实了一项情况"),
    "document.uploaded": gettext_lazy("上传了材料"),
    "document.removed": gettext_lazy("删掉了一份材料"),
    "document.request_answered": gettext_lazy("补交了材料"),
    "award.proposed": gettext_lazy("提出了资助方案"),
    "award.approved": gettext_lazy("批准了资助"),
    "award.paid": gettext_lazy("付了款"),
    "award.returned": gettext_lazy("记下了退款"),
    "award.written_off": gettext_lazy("决定不再追回多给的钱"),
    "recovery.proposed": gettext_lazy("登记了一笔追款，等另一个人确认"),
    "recovery.confirmed": gettext_lazy("确认了一笔追款"),
    "recovery.declined": gettext_lazy("没有同意一笔追款"),
    "award.released": gettext_lazy("放开了预留的钱"),
    "award.refused": gettext_lazy("没有批准资助"),
    "award.cancelled": gettext_lazy("取消了一笔还没付的资助"),
    "award.corrected": gettext_lazy("更正了资助的金额"),
    "award.sent_back": gettext_lazy("退回了资助方案"),
    "case.opened": gettext_lazy("开始办您的申请"),
    "case.evaluated": gettext_lazy("对照基金的规则核对了条件"),
    "case.assigned": gettext_lazy("安排了经办人"),
    "case.refused": gettext_lazy("决定这次不能资助"),
    "case.closed": gettext_lazy("结束了这件事"),
    "case.sealed": gettext_lazy("关上了您的资料"),
    "case.words_erased": gettext_lazy("删掉了写到您的话和收款账户"),
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
    "settlement.opened": gettext_lazy("收到了您的一张账单"),
    "settlement.person_found": gettext_lazy("确认了一张账单是您的"),
    "settlement.corrected": gettext_lazy("收到了您账单的更正"),
    "settlement.reversed": gettext_lazy("收到了您账单的冲销"),
    "campaign.received": gettext_lazy("收到了您的求助项目"),
    "invitation.requested": gettext_lazy("请平台给您准备一封信"),
    "linking.undone": gettext_lazy("更正了一条认错的记录"),
    "application.access_downloaded": gettext_lazy("下载了“谁看过我的资料”"),
    "application.downloaded": gettext_lazy("下载了自己的资料"),
    "consent.given": gettext_lazy("同意了一家基金看"),
    "consent.refused": gettext_lazy("没有同意一家基金看"),
    "consent.withdrawn": gettext_lazy("收回了同意"),
    "consent.replaced": gettext_lazy("换成了新的同意"),
    "consent.deletion_acknowledged": gettext_lazy("确认删掉了自己留的资料"),
    "person.linked": gettext_lazy("把记录和您对上了"),
    "person.represented": gettext_lazy("记下了您可以替病人办事"),
    "token.issued": gettext_lazy("给您备好了口令"),
    "token.redeemed": gettext_lazy("用了信上的口令"),
}
FIELDS: dict[str, Any] = {
    "name": gettext_lazy("姓名"),
    "id_number": gettext_lazy("身份证号"),
    "phone": gettext_lazy("电话"),
    "address": gettext_lazy("住址"),
    "birth_date": gettext_lazy("出生日期"),
    "payee": gettext_lazy("收款账户"),
    "applicant_name": gettext_lazy("申请人姓名"),
    "applicant_phone": gettext_lazy("申请人电话"),
    "token": gettext_lazy("口令"),
}
PAGE = 20


@dataclass(frozen=True)
class Seen:
    """One entry: its number, when, who (organisation and member, or 您, or 接力平台), what, and why if said."""

    number: int
    at: datetime
    who: str
    what: str
    why: str


@dataclass(frozen=True)
class Line:
    """What one actor did on one day, of one kind. `places`: (what, how often); `notes`: fields and reasons."""

    kind: str
    times: int
    places: tuple[tuple[str, int], ...]
    first_at: datetime
    last_at: datetime
    notes: tuple[str, ...] = ()

    @property
    def moment(self) -> str:
        """'09:12' or '09:12–16:40', Shanghai."""
        first, last = (timezone.localtime(at).strftime("%H:%M") for at in (self.first_at, self.last_at))
        return first if first == last else f"{first}–{last}"

    @property
    def text(self) -> str:
        """'看了 5 次：案件页 3 次、案件名单 2 次'."""
        if len(self.places) == 1 or self.times == 1:
            listed = self.places[0][0]
        else:
            listed = _("、").join(
                _("%(what)s %(n)d 次") % {"what": what, "n": n} if n > 1 or self.kind != DONE else what
                for what, n in self.places
            )
        if self.kind == DONE:
            if len(self.places) == 1 and self.times > 1:
                return _("%(what)s（%(n)d 次）") % {"what": listed, "n": self.times}
            return listed
        words = {
            SEEN: (_("看了：%(listed)s"), _("看了 %(n)d 次：%(listed)s")),
            FULL: (_("看了：%(listed)s"), _("看了 %(n)d 次：%(listed)s")),
            TAKEN: (_("带走了：%(listed)s"), _("带走了 %(n)d 次：%(listed)s")),
        }[self.kind]
        return words[self.times > 1] % {"n": self.times, "listed": listed}


@dataclass(frozen=True)
class Visit:
    """One actor on one day: at most a line of each kind, the gravest first."""

    who: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Day:
    day: date
    visits: tuple[Visit, ...]

    @property
    def label(self) -> str:
        ago = (timezone.localdate() - self.day).days
        return {0: _("今天"), 1: _("昨天")}.get(ago, "")


@dataclass(frozen=True)
class Overview:
    """One page of the trail. organisations: those that stand in it, for the filter, as (id, name, chosen); looks:
    how often others looked, on all pages."""

    days: tuple[Day, ...]
    organisations: tuple[tuple[int, str, bool], ...]
    page: int
    pages: int
    looks: int


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
    with connection.cursor() as cursor:
        cursor.execute("SELECT application_trail(%s)", [application.pk])
        return subjects + [row[0] for row in cursor.fetchall()]


def overview(
    application: Application,
    *,
    everything: bool = False,
    organisation: int | None = None,
    page: int | None = 1,
) -> Overview:
    """The trail by day, newest first, alike lines counted. everything: also what the family and the platform did
    themselves; organisation: only this one's; page: 1…, None for all of it (to print)."""
    subjects = _subjects(application)
    found = [
        (one, kind)
        for one in audit.digest(subjects)
        if (kind := _kind(one.action, one.actor)) and (everything or _by_others(one.actor, application))
    ]
    houses = {ids[1] for one, _kind_ in found if (ids := _parts(one.actor))}
    if organisation is not None:
        found = [(one, kind) for one, kind in found if (_parts(one.actor) or (0, 0))[1] == organisation]
    grouped: dict[tuple[date, str], dict[str, list[audit.Digest]]] = {}
    for one, kind in found:
        grouped.setdefault((one.day, one.actor), {}).setdefault(kind, []).append(one)
    keys = list(grouped)
    pages = max(1, -(-len(keys) // PAGE))
    if page is not None:
        page = min(max(1, page), pages)
        keys = keys[(page - 1) * PAGE : page * PAGE]
    names = _names({actor for _day, actor in keys}, application)
    notes = _notes(subjects, [key for key in keys if FULL in grouped[key]])
    days: dict[date, list[Visit]] = {}
    for day, actor in keys:
        lines = tuple(
            _line(kind, grouped[day, actor][kind], application, notes.get((day, actor), []))
            for kind in (FULL, TAKEN, SEEN, DONE)
            if kind in grouped[day, actor]
        )
        days.setdefault(day, []).append(Visit(names[actor], lines))
    known = Organisation.objects.filter(pk__in=houses).order_by("name").values_list("pk", "name")
    return Overview(
        days=tuple(Day(day, tuple(visits)) for day, visits in days.items()),
        organisations=tuple((pk, name, pk == organisation) for pk, name in known),
        page=page or 1,
        pages=pages if page is not None else 1,
        looks=sum(one.times for one, kind in found if kind != DONE and _by_others(one.actor, application)),
    )


def _line(kind: str, parts: Sequence[audit.Digest], application: Application, notes: list[str]) -> Line:
    """parts: newest first. What was done is told in its order, what was looked at by how often."""
    places: Counter[str] = Counter()
    for one in reversed(parts):
        places[_place(one.action, application)] += one.times
    told = list(places.items())
    return Line(
        kind=kind,
        times=places.total(),
        places=tuple(told if kind == DONE else sorted(told, key=lambda place: (-place[1], place[0]))),
        first_at=min(one.first_at for one in parts),
        last_at=max(one.last_at for one in parts),
        notes=tuple(notes) if kind == FULL else (),
    )


def entries(application: Application) -> Iterator[Seen]:
    """Every single entry, newest first, for taking along."""
    names: dict[str, str] = {}
    for entry in audit.entries(_subjects(application)):
        kind = _kind(entry.action, entry.actor)
        if not kind:
            continue
        if entry.actor not in names:
            names |= _names({entry.actor}, application)
        what = _place(entry.action, application, entry.payload)
        yield Seen(
            number=entry.entry_id,
            at=entry.at,
            who=names[entry.actor],
            what=Line(kind, 1, ((what, 1),), entry.at, entry.at).text,
            why=_why(entry.payload or {}),
        )


def note_own_look(actor: Actor, application: Application) -> None:
    """The account looks at what its proven person's records say: told to whoever else represents that person.

    Once a day: enough to know of each other, and a family that looks ten times fills no log.
    """
    if application.proof != Application.Proof.PROVEN or application.person_id is None:
        return
    subject = f"person:{application.person_id}"
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    noted = Entry.objects.filter(subject=subject, action="person.viewed", actor=actor.label, at__gte=today)
    if not noted.exists():
        record("person.viewed", subject, payload={"application": application.pk}, actor=actor)


def _by_others(actor: str, application: Application) -> bool:
    """By an organisation, or by another account that represents the same person."""
    if actor.startswith("patient:"):
        return actor != f"patient:{application.account_id}"
    return _of_organisation(actor)


def _of_organisation(actor: str) -> bool:
    return actor.startswith(("staff:", "client:"))


def _kind(action: str, actor: str) -> str:
    """SEEN, FULL, TAKEN or DONE; '' for what is not told."""
    if action in READS:
        return READS[action][0]
    if action in WORDS:
        return DONE
    room, _dot, verb = action.rpartition(".")
    if not _of_organisation(actor):
        return ""
    if _is_look(verb):
        return SEEN
    return DONE if room in OURS else ""


def _place(action: str, application: Application, payload: dict[str, Any] | None = None) -> str:
    if action in READS:
        return str(READS[action][1])
    if action == "person.represented":
        whose = (payload or {}).get("account")
        if whose not in (None, application.account_id):
            return _("记下了另一个账号可以替病人办事")
        return str(WORDS[action]) if whose else _("记下了哪个账号可以替病人办事")
    if action in WORDS:
        return str(WORDS[action])
    return _("您的资料") if _is_look(action.rpartition(".")[2]) else _("处理了您的申请")


def _is_look(verb: str) -> bool:
    return verb.rpartition("_")[2] in LOOKS


def _parts(actor: str) -> tuple[int, int] | None:
    """'staff:12@3' → (12, 3); None for who is of no organisation."""
    kind, _sep, rest = actor.partition(":")
    user, _at, organisation = rest.partition("@")
    if kind in {"staff", "client"} and user.isdigit() and organisation.isdigit():
        return int(user), int(organisation)
    return None


def _names(actors: Iterable[str], application: Application) -> dict[str, str]:
    found = {actor: _parts(actor) for actor in actors}
    users = User.objects.in_bulk(
        [ids[0] for actor, ids in found.items() if ids and actor.startswith("staff:")]
    )
    organisations = Organisation.objects.in_bulk([ids[1] for ids in found.values() if ids])
    names = {}
    for actor, ids in found.items():
        if ids is None:
            names[actor] = _outside(actor, application)
            continue
        organisation = organisations.get(ids[1])
        where = organisation.name if organisation else _("一家机构")
        if actor.startswith("client:"):
            names[actor] = _("%(where)s的电脑系统") % {"where": where}
        else:
            member = users.get(ids[0])
            names[actor] = f"{where} {surname(member.display_name)}" if member else where
    return names


def surname(name: str) -> str:
    """王建国 → 王**, 欧阳娜 → 欧阳**: the stars tell nothing of the length."""
    name = name.strip()
    if not name or name[0].isascii():
        return masking.name(name)
    long = len(name) > 2 and name[:2] in masking.COMPOUND_SURNAMES
    return name[: 2 if long else 1] + "**"


def _outside(actor: str, application: Application) -> str:
    if actor == f"patient:{application.account_id}":
        return _("您")
    return _("另一个替病人办事的账号") if actor.startswith("patient:") else _("接力平台")


def _notes(subjects: Sequence[str], wanted: Sequence[tuple[date, str]]) -> dict[tuple[date, str], list[str]]:
    """What was unmasked and why, each said once, for these days and actors."""
    if not wanted:
        return {}
    full = [action for action, (kind, _what) in READS.items() if kind == FULL]
    said: dict[tuple[date, str], list[str]] = {key: [] for key in wanted}
    for entry in audit.entries(subjects, actions=full, days=sorted({day for day, _actor in wanted})):
        texts = said.get((timezone.localdate(entry.at), entry.actor))
        text = _why(entry.payload or {})
        if texts is not None and text and text not in texts:
            texts.append(text)
    return said


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
    if isinstance(reason, str) and reason in REASONS:
        said.append(_("理由：%(reason)s") % {"reason": REASONS[reason]})
    return _("；").join(said)


REASONS: dict[str, Any] = {
    "call": gettext_lazy("打电话联系您"),
    "papers": gettext_lazy("核对纸质材料"),
    "payee": gettext_lazy("核对收款账户户名"),
    "other": gettext_lazy("其他"),
}
