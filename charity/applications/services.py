"""What a family does with an application. Each function runs in the caller's scope and writes its audit entry."""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import devices
from audit import record
from audit.models import Entry
from charity.funds.models import Fund, RuleVersion
from consent import services as consents
from consent.models import Consent
from matching import eligibility
from matching.linkage.values import idnumber
from outbox import emit
from people.models import Capacity, Representation
from people.registry import normalise_token, redeem_token
from scope import Actor
from vault.index import blind

from . import documents, steps
from .models import Application, Document, DocumentRequest, ReviewRequest

MAX_DRAFTS = 10
MAX_DOCUMENTS = 40
TOKEN_TRIES_AN_HOUR = 10
CAPACITIES = {
    "self": Capacity.SELF,
    "child": Capacity.PARENT,
    "family": Capacity.FAMILY,
    "other": Capacity.GUARDIAN,
}


class ApplicationError(Exception):
    """Not possible now; the text says why and what to do."""


class NotCompleteError(ApplicationError):
    """A page still lacks its answers; `step` is its name."""

    def __init__(self, step: str) -> None:
        super().__init__(_("还有几项没填，请先填完。"))
        self.step = step


def own(actor: Actor, application_id: int, *, lock: bool = False) -> Application | None:
    """The account's own application, or None: of another's nobody learns that it exists."""
    rows = Application.objects.filter(pk=application_id, account_id=actor.account_id)
    return (rows.select_for_update() if lock else rows).first()


def start(actor: Actor) -> Application:
    """A new draft. Raises ApplicationError when too many lie about."""
    drafts = Application.objects.filter(account_id=actor.account_id, state=Application.State.DRAFT)
    if drafts.count() >= MAX_DRAFTS:
        raise ApplicationError(_("没填完的申请太多了。请先接着填，或删掉不要的。"))
    application = Application.objects.create(
        account_id=actor.account_id,  # type: ignore[misc]
        number=f"-{secrets.token_hex(9)}",
        answers={},
    )
    record("application.started", f"application:{application.pk}")
    return application


def save_section(actor: Actor, application_id: int, name: str, answer: Any) -> Application:
    """Keep one page of a draft. Raises ApplicationError once it was handed in (a stale page)."""
    application = own(actor, application_id, lock=True)
    if application is None or application.state != Application.State.DRAFT:
        raise ApplicationError(_("这份申请已经交了，不能再改。"))
    answers = {**(application.answers or {}), name: answer}
    if name == "applicant" and answers.get("identity"):
        answers["identity"] = {**answers["identity"], "phone": answer["phone"]}
    application.answers = answers
    application.capacity = CAPACITIES.get((answers.get("who") or {}).get("who", ""), "")
    open_step = steps.first_open(answers)
    application.step = open_step
    application.save(update_fields=["answers", "capacity", "step", "updated_at"])
    if name == "identity":
        _tell_the_door(actor, application)
    record("application.saved", f"application:{application.pk}", payload={"section": name})
    return application


def _tell_the_door(actor: Actor, application: Application) -> None:
    """A new device may answer with this patient when it wants to sign in."""
    who = (application.answers or {}).get("identity") or {}
    number = who.get("id_number") or ""
    parsed = idnumber.parse(number) if number else None
    devices.remember_person(
        actor,
        application.pk,
        numbers=[number, parsed.id18 if parsed else ""],
        name=who.get("name") or "",
        birth_date=_day(who.get("birth_date")),
    )


def delete_draft(actor: Actor, application_id: int) -> bool:
    """Erase a draft with its papers; consents given in it are withdrawn. False when there was none."""
    application = own(actor, application_id, lock=True)
    if application is None or application.state != Application.State.DRAFT:
        return False
    for consent in live_consents(application.pk, decided=None):
        consents.withdraw(actor, consent)
    Document.objects.filter(application=application).delete()
    pk = application.pk
    application.delete()
    devices.forget_person(actor, pk)
    record("application.deleted", f"application:{pk}")
    return True


# ---- papers ----------------------------------------------------------------------------------------------


def add_document(actor: Actor, application: Application, kind: str, data: bytes) -> Document:
    """Keep one upload. Raises documents.UploadRefusedError with words for the family."""
    present = Document.objects.filter(application=application).exclude(state="removed")
    if present.count() >= MAX_DOCUMENTS:
        raise documents.UploadRefusedError(_("材料已经够多了。请先删掉不要的。"))
    paper = documents.read(data, settings.JIELI_UPLOAD_MAX_BYTES)
    mark = blind("applications.document", paper.sha256)
    same = present.filter(sha256_blind=mark, kind=kind).defer("content").first()
    if same is not None:
        return same
    row = Document.objects.create(
        application=application,
        kind=kind,
        content=paper.content,
        media_type=paper.media_type,
        size=len(paper.content),
        pages=paper.pages,
        sha256_blind=mark,
    )
    record(
        "document.uploaded",
        f"document:{row.pk}",
        payload={
            "application": application.pk,
            "kind": kind,
            "media_type": paper.media_type,
            "size": row.size,
        },
    )
    if application.state == Application.State.SUBMITTED:
        emit("document.changed", application_id=application.pk)
    return row


def remove_document(actor: Actor, application: Application, document_id: int) -> bool:
    """Erase a paper that nobody has checked yet."""
    row = (
        Document.objects.filter(application=application, pk=document_id, state="new").defer("content").first()
    )
    if row is None:
        return False
    if DocumentRequest.objects.filter(answered_by=row).exists():
        return False
    row.content, row.state, row.size = b"", "removed", 0
    row.save(update_fields=["content", "state", "size"])
    record("document.removed", f"document:{row.pk}", payload={"application": application.pk})
    if application.state == Application.State.SUBMITTED:
        emit("document.changed", application_id=application.pk)
    return True


def papers(application: Application) -> list[Document]:
    return list(
        Document.objects.filter(application=application)
        .exclude(state="removed")
        .defer("content")
        .order_by("pk")
    )


def open_requests(application: Application) -> list[DocumentRequest]:
    return list(
        DocumentRequest.objects.filter(application=application, closed_at=None, answered_by=None).order_by(
            "pk"
        )
    )


def answer_request(actor: Actor, application: Application, request_id: int, data: bytes) -> Document:
    """Hand in what a charity asked for. Raises ApplicationError, documents.UploadRefusedError."""
    asked = DocumentRequest.objects.filter(
        application=application, pk=request_id, closed_at=None, answered_by=None
    ).first()
    if asked is None:
        raise ApplicationError(_("这张材料已经交过了。"))
    row = add_document(actor, application, asked.kind, data)
    asked.answered_by = row
    asked.save(update_fields=["answered_by"])
    record(
        "document.request_answered",
        f"application:{application.pk}",
        payload={"request": asked.pk, "document": row.pk},
    )
    return row


# ---- funds and consents ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class FundChoice:
    """A fund that is open, and how well it suits by the family's own answers: likely | maybe | unlikely."""

    fund: Fund
    level: str
    sentence: str


def _amount(text: Any) -> Decimal | None:
    return Decimal(text) if text not in (None, "") else None


def _day(text: Any) -> date | None:
    return date.fromisoformat(text) if text else None


def answers_for_rules(answers: dict[str, Any]) -> eligibility.Answers:
    """What the family told, as the engine reads it. Nothing else goes in."""
    who, ill = answers.get("identity") or {}, answers.get("illness") or {}
    home, aid = answers.get("household") or {}, answers.get("aid") or {}
    layers = {"campaign": "crowdfunding", "commercial": "commercial", "charity": "charity"}
    claimed = home.get("hardship")
    return eligibility.Answers(
        on=timezone.localdate(),
        birth_date=_day(who.get("birth_date")),
        sex={"1": "male", "2": "female"}.get(who.get("sex", ""), ""),
        illness=ill.get("name", ""),
        icd10=ill.get("icd10", ""),
        stage=ill.get("stage", ""),
        household_area=who.get("household_area", ""),
        residence_area=who.get("residence_area", ""),
        residence_since=_day(who.get("residence_since")),
        hospital_name=ill.get("hospital", ""),
        hardship=None if claimed is None else tuple(kind for kind in claimed if kind != "none"),
        own_cost=_amount(ill.get("own_cost")),
        other_help=tuple(
            (layer, Decimal(aid[key]["amount"]))
            for key, layer in layers.items()
            if (aid.get(key) or {}).get("amount")
        ),
        procedures=tuple(ill["procedures"]) if ill.get("procedures") is not None else None,
        medical_spend=_amount(ill.get("own_cost")),
        capacity_to_pay=_amount(home.get("income_yearly")),
    )


LEVELS = ("likely", "maybe", "unlikely")


def fund_choices(answers: dict[str, Any]) -> list[FundChoice]:
    """Every fund that is open today, the best suited first."""
    today = timezone.localdate()
    told = answers_for_rules(answers)
    funds = Fund.objects.select_related("organisation").filter(
        status=Fund.Status.OPEN,
        period_start__lte=today,
        period_end__gte=today,
        organisation__is_active=True,
    )
    rules: dict[int, RuleVersion] = {}
    for row in RuleVersion.objects.filter(effective_from__lte=today).order_by("version"):
        rules[row.fund_id] = row
    found = []
    for fund in funds:
        level, sentence = "maybe", _("工作人员看了材料才能确定。")
        # a rule that cannot be read came past funds.services: it is its own fund's harm alone
        with suppress(eligibility.RuleError):
            if fund.pk in rules:
                suggestion = eligibility.suggest(eligibility.parse_rule(rules[fund.pk].rule), told)
                level, sentence = suggestion.level, str(suggestion.sentence)
        found.append(FundChoice(fund, level, sentence))
    return sorted(found, key=lambda choice: (LEVELS.index(choice.level), choice.fund.pk))


def live_consents(application_id: int, decided: bool | None = True) -> list[Consent]:
    rows = Consent.objects.filter(application_id=application_id, withdrawn_at=None).select_related(
        "organisation"
    )
    return list((rows if decided is None else rows.filter(decision=decided)).order_by("pk"))


def choose_funds(actor: Actor, application_id: int, chosen: list[int]) -> Application:
    """Keep the chosen funds; what was agreed to for a fund that is no longer chosen is withdrawn."""
    application = save_section(actor, application_id, "funds", chosen)
    for consent in live_consents(application_id, decided=None):
        if consent.fund_id not in chosen:
            consents.withdraw(actor, consent)
    return application


def undecided(application: Application) -> list[int]:
    """Chosen funds, still open, about which nothing was said yet, in order."""
    chosen = (application.answers or {}).get("funds") or []
    said = {row.fund_id for row in live_consents(application.pk, decided=None)}
    accepting = set(Fund.objects.filter(pk__in=chosen, status=Fund.Status.OPEN).values_list("pk", flat=True))
    return [fund for fund in chosen if fund in accepting and fund not in said]


# ---- handing in, taking back -----------------------------------------------------------------------------


def submit(actor: Actor, application_id: int) -> bool:
    """Hand in. False when it had been handed in before (a second press). Raises NotCompleteError."""
    application = own(actor, application_id, lock=True)
    if application is None:
        raise ApplicationError(_("没有这份申请。"))
    if application.state != Application.State.DRAFT:
        return False
    answers = application.answers or {}
    missing = steps.first_open(answers)
    if missing != "check":
        raise NotCompleteError(missing)
    if undecided(application):
        raise NotCompleteError("funds")
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('application_number')")
        serial = cursor.fetchone()[0]
    application.number = f"JL-{timezone.localtime(now).year}-{serial:06d}"
    application.state = Application.State.SUBMITTED
    application.submitted_at = now
    application.disease_code = answers["illness"].get("icd10", "")
    application.area = answers["identity"].get("household_area", "")
    application.capacity = CAPACITIES[answers["who"]["who"]]
    application.save(
        update_fields=[
            "number",
            "state",
            "submitted_at",
            "disease_code",
            "area",
            "capacity",
            "updated_at",
        ]
    )
    record(
        "application.submitted",
        f"application:{application.pk}",
        payload={"declared_true": True, "funds": sorted(answers.get("funds") or [])},
    )
    emit("application.submitted", application_id=application.pk)
    return True


def withdraw(actor: Actor, application_id: int) -> bool:
    """Take the whole application back: every consent ends now. False when there was nothing to take back."""
    application = own(actor, application_id, lock=True)
    if application is None or application.state != Application.State.SUBMITTED:
        return False
    for consent in live_consents(application.pk, decided=None):
        consents.withdraw(actor, consent)
    application.state = Application.State.WITHDRAWN
    application.withdrawn_at = timezone.now()
    application.save(update_fields=["state", "withdrawn_at", "updated_at"])
    record("application.withdrawn", f"application:{application.pk}")
    return True


def ask_review(actor: Actor, application: Application, case_id: int, organisation_id: int, text: str) -> bool:
    """Ask that somebody else of the charity looks again. False when one such wish is open already."""
    if ReviewRequest.objects.filter(case_id=case_id, answered_at=None).exists():
        return False
    row = ReviewRequest.objects.create(
        application=application, case_id=case_id, organisation_id=organisation_id, text=text
    )
    record("case.review_asked", f"case:{case_id}", payload={"request": row.pk, "application": application.pk})
    return True


# ---- proof -----------------------------------------------------------------------------------------------


def must_prove_anew(application: Application) -> bool:
    """Proven once, but its account does not speak for the person any more: two records were found to be one
    person's, and each had been proven by another account."""
    return (
        application.proof == Application.Proof.PROVEN
        and application.person_id is not None
        and not Representation.objects.filter(
            account_id=application.account_id, person_id=application.person_id, revoked_at=None
        ).exists()
    )


def redeem(actor: Actor, application_id: int, typed: str) -> None:
    """Use the single-use token of the insurer's letter for one's own application.

    Says only whether such a token exists: whom it belongs to is the engine's to compare, later.
    Raises ApplicationError (wrong, used or expired token; too many tries).
    """
    application = own(actor, application_id)
    if application is None or application.state != Application.State.SUBMITTED:
        raise ApplicationError(_("请先把申请交了，再填口令。"))
    subject = f"patient_account:{actor.account_id}"
    hour = timezone.now() - timedelta(hours=1)
    tries = Entry.objects.filter(subject=subject, action="token.refused", at__gt=hour).count()
    if tries >= TOKEN_TRIES_AN_HOUR:
        raise ApplicationError(_("试错太多次了。请过一小时再来，或打电话问。"))
    token_id = redeem_token(typed) if len(normalise_token(typed)) == 16 else None
    if token_id is None:
        record("token.refused", subject)
        raise ApplicationError(_("口令不对，或已经用过、过期了。请照着信再看一遍；信丢了可以请医保再寄。"))
    record("token.redeemed", f"application:{application.pk}", payload={"token": token_id})
    emit("people.proof_redeemed", token_id=token_id, application_id=application.pk)
