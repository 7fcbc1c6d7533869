"""What the engine does with an accepted record: settlement, person, residual. Handler of `intake.received`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from accounts.models import OrganisationKind
from audit import record as audit
from insurance.formats import (
    Settlement as Canonical,
)
from insurance.formats import (
    residual_in_scope,
    residual_out_of_scope,
)
from insurance.ledger import services as ledger
from insurance.linking import services as linking
from insurance.linking import twins
from insurance.linking.models import BillQuestion
from outbox import emit
from people import registry
from people.models import Identity

from .models import Progress, Record, Settlement, SettlementSource

ZERO = Decimal("0.00")


def episode_of(disease_code: str) -> str:
    """The illness episode of a bill: its ICD-10 category (three characters), 'none' if it is not coded."""
    code = disease_code.strip().upper()
    return code[:3] if len(code) >= 3 and code[0].isalpha() and code[1:3].isdigit() else "none"


def describe(canonical: Canonical) -> registry.Description:
    person = canonical.person
    # Nothing of the stay (hospital, illness): it differs from bill to bill, a description is the person's.
    extra = {"psn_no": person.psn_no} if person.psn_no else {}
    return registry.Description(
        name=person.name,
        id_number=person.cert_no,
        id_valid=bool(person.cert_no_valid),
        cert_type=person.cert_type,
        birth_date=person.birth_date,
        sex=person.sex if person.sex in {"1", "2"} else "",
        phone=person.phone,
        area=(person.area or canonical.insured_area)[:6],
        extra=extra,
    )


def process(record_id: int) -> None:
    """Idempotent: a record that is not waiting is left alone."""
    row = Record.objects.select_for_update().get(pk=record_id)
    if row.progress not in {Progress.WAITING, Progress.AWAITING_ORIGINAL}:
        return
    canonical = msgspec.convert(row.canonical, Canonical, strict=False)
    if canonical.kind == "reversal":
        _reverse(row, canonical)
    else:
        _settle(row, canonical)


def _amounts(canonical: Canonical) -> dict[str, Any]:
    return {
        "insured_area": canonical.insured_area[:6],
        "insutype": canonical.insutype[:8],
        "med_type": canonical.med_type[:8],
        "hospital_code": canonical.hospital_code[:30],
        "hospital_name": canonical.hospital_name[:120],
        "medins_setl_id": canonical.medins_setl_id,
        "disease_code": canonical.disease_code[:20],
        "disease_name": canonical.disease_name[:120],
        "admitted_on": canonical.admitted_on,
        "discharged_on": canonical.discharged_on,
        "settled_at": canonical.settled_at,
        "total_fee": canonical.total_fee,
        "fund_paid": canonical.fund_paid,
        "hospital_borne": canonical.hospital_borne,
        "person_paid": canonical.person_paid,
        "cash_paid": canonical.cash_paid or ZERO,
        "in_scope_residual": max(ZERO, residual_in_scope(canonical) or ZERO),
        "out_of_scope_residual": residual_out_of_scope(canonical) or ZERO,
        "pays": {key: str(value) for key, value in canonical.pays.items() if value},
    }


def _settle(row: Record, canonical: Canonical) -> None:
    content = bytes(row.content_hash or b"")
    settlement = (
        Settlement.objects.select_for_update()
        .filter(issuing_centre=row.centre, setl_id=row.setl_id, kind="settlement")
        .first()
    )
    if settlement is None:
        twin = _twin(canonical)
        settlement = Settlement.objects.create(
            issuing_centre=row.centre,
            setl_id=row.setl_id,
            content_hash=content,
            status=Settlement.Status.HELD if twin else Settlement.Status.ACTIVE,
            **_amounts(canonical),
        )
        audit("settlement.opened", f"settlement:{settlement.pk}", payload={"record": row.pk})
    elif bytes(settlement.content_hash) != content and _speaks_for(settlement, row):
        for name, value in _amounts(canonical).items():
            setattr(settlement, name, value)
        settlement.content_hash = content
        settlement.version += 1
        settlement.save()
        Record.objects.filter(
            settlement_id=settlement.pk, sender_id=row.sender_id, kind="settlement", pk__lt=row.pk
        ).update(progress=Progress.SUPERSEDED)
        audit(
            "settlement.corrected",
            f"settlement:{settlement.pk}",
            payload={"record": row.pk, "version": settlement.version},
        )
    SettlementSource.objects.get_or_create(
        settlement=settlement, record=row, defaults={"sender_id": row.sender_id}
    )
    row.settlement_id = settlement.pk
    identity, _ = registry.insurer_identity(row.sender_id, describe(canonical))
    if settlement.identity_id is None:
        settlement.identity_id = identity.pk
        settlement.save(update_fields=["identity_id"])
    held_for = _twin(settlement) if settlement.status == Settlement.Status.HELD else None
    if held_for is not None:
        twins.ask(settlement, held_for)
    result = linking.link(identity.pk)
    if _overtaken(settlement, row):
        row.progress = Progress.SUPERSEDED
    elif settlement.status == Settlement.Status.TWIN:
        row.progress = Progress.NONE
    elif settlement.status == Settlement.Status.HELD or result.person_id is None:
        row.progress = Progress.HELD
    else:
        row.progress = Progress.OPEN
    row.save(update_fields=["settlement_id", "progress", "updated_at"])
    if result.person_id is not None and settlement.identity_id == identity.pk:
        post(settlement, result.person_id)
    elif settlement.person_id is not None:
        post(settlement, settlement.person_id)
    _waiting_reversals(settlement)


def _speaks_for(settlement: Settlement, row: Record) -> bool:
    """Whether this record's amounts become the bill's.

    A record older than the one that made the present version changes nothing. Another sender's copy attaches
    as a source and changes nothing either, except that the insurer's word stands above a hospital's.
    """
    sources = list(SettlementSource.objects.filter(settlement=settlement).select_related("sender"))
    own = [source.record_id for source in sources if source.sender_id == row.sender_id]
    if own and max(own) > row.pk:
        return False
    insurers = [source for source in sources if source.sender.kind == OrganisationKind.STATUTORY_INSURER]
    if insurers:
        return min(insurers, key=lambda source: source.record_id).sender_id == row.sender_id
    if row.sender.kind == OrganisationKind.STATUTORY_INSURER:
        return True
    return not sources or min(sources, key=lambda source: source.record_id).sender_id == row.sender_id


def _overtaken(settlement: Settlement, row: Record) -> bool:
    """Whether this sender's next version of the bill has been carried out already."""
    return SettlementSource.objects.filter(
        settlement=settlement, sender_id=row.sender_id, record_id__gt=row.pk, record__kind="settlement"
    ).exists()


def _twin(bill: Canonical | Settlement) -> Settlement | None:
    """The same bill under another id: same hospital settlement number and total (decisions, 4).

    One that was reversed is none: hospitals settle again after a reversal.
    """
    if not bill.medins_setl_id:
        return None
    return Settlement.objects.filter(
        medins_setl_id=bill.medins_setl_id,
        hospital_code=bill.hospital_code[:30],
        total_fee=bill.total_fee,
        kind="settlement",
        status=Settlement.Status.ACTIVE,
    ).first()


def _release_twins(reversed_bill: Settlement) -> None:
    """A bill that was held as the twin of one now reversed stands for itself."""
    if not reversed_bill.medins_setl_id:
        return
    same = Settlement.objects.filter(
        status=Settlement.Status.HELD,
        medins_setl_id=reversed_bill.medins_setl_id,
        hospital_code=reversed_bill.hospital_code,
        total_fee=reversed_bill.total_fee,
    )
    for held in same.select_for_update().order_by("pk"):  # the first that came is the one that counts
        if _twin(held) is not None:
            continue  # only one of several
        twins.overtaken(held.pk)
        _release(held, {"reversed": reversed_bill.pk})


def _release(held: Settlement, because: dict[str, Any]) -> None:
    """A bill that was held stands for itself from now on."""
    held.status = Settlement.Status.ACTIVE
    held.save(update_fields=["status", "updated_at"])
    audit("settlement.released", f"settlement:{held.pk}", payload=because)
    identity = Identity.objects.filter(pk=held.identity_id or 0).first()
    person_id = identity.person_id if identity else None
    if person_id is not None:
        post(held, person_id)
        Record.objects.filter(settlement_id=held.pk, progress=Progress.HELD).update(progress=Progress.OPEN)


def twin_decided(question_id: int) -> None:
    """Handler of `linking.bill_decided`: the reviewer said whether a held bill is the other one. Idempotent.

    The same: it never opens anything, also not when the other is reversed. Another: it stands for itself. Asked
    again, because the answer was taken back: it is held as before, unless the other was reversed meanwhile.
    """
    question = BillQuestion.objects.get(pk=question_id)
    held = Settlement.objects.select_for_update().get(pk=question.held_id)
    again = question.state in {BillQuestion.State.OPEN, BillQuestion.State.OTHER}
    if held.status == Settlement.Status.TWIN and again:
        held.status = Settlement.Status.HELD
        held.save(update_fields=["status", "updated_at"])
        Record.objects.filter(settlement_id=held.pk, progress=Progress.NONE).update(progress=Progress.HELD)
        audit("settlement.held_again", f"settlement:{held.pk}", payload={"question": question.pk})
        if _twin(held) is None and question.state == BillQuestion.State.OPEN:
            twins.overtaken(held.pk)
            _release(held, {"question": question.pk})
            return
    if held.status != Settlement.Status.HELD:
        return
    if question.state == BillQuestion.State.OTHER:
        _release(held, {"question": question.pk, "decided_by": question.decided_by})
    elif question.state == BillQuestion.State.SAME:
        held.status = Settlement.Status.TWIN
        held.save(update_fields=["status", "updated_at"])
        Record.objects.filter(settlement_id=held.pk, progress=Progress.HELD).update(progress=Progress.NONE)
        audit(
            "settlement.twin",
            f"settlement:{held.pk}",
            payload={"twin": question.twin_id, "decided_by": question.decided_by},
        )


def post(settlement: Settlement, person_id: int) -> None:
    """Bring the bill's residual into the person's need. Nothing while it is held for review."""
    if settlement.status in {Settlement.Status.HELD, Settlement.Status.TWIN}:
        return
    if settlement.need_id is None:
        person_id = registry.root(person_id).pk  # whom he was merged into since, if he was
        need = ledger.need_for(person_id, episode_of(settlement.disease_code))
        settlement.person_id, settlement.need_id = person_id, need.pk
        settlement.save(update_fields=["person_id", "need_id"])
    residual = ZERO if settlement.status == Settlement.Status.REVERSED else max(ZERO, settlement.person_paid)
    ledger.post_settlement(settlement.pk, settlement.need_id, residual, settlement.version)
    emit("need.changed", need_id=settlement.need_id)


def _original_of(row: Record, canonical: Canonical) -> Settlement | None:
    """By the request's setl_id, else by its message id; never by mdtrt_id alone."""
    found = Settlement.objects.select_for_update().filter(
        issuing_centre=row.centre, kind="settlement", sources__sender_id=row.sender_id
    )
    if canonical.original_setl_id:
        return found.filter(setl_id=canonical.original_setl_id).first()
    if canonical.original_msgid:
        return found.filter(
            sources__record__msgid=canonical.original_msgid, sources__record__sender_id=row.sender_id
        ).first()
    return None


def _reverse(row: Record, canonical: Canonical) -> None:
    original = _original_of(row, canonical)
    if original is None:
        row.progress = Progress.AWAITING_ORIGINAL
        row.save(update_fields=["progress", "updated_at"])
        return
    if original.status != Settlement.Status.REVERSED:
        original.status = Settlement.Status.REVERSED
        original.version += 1
        original.save(update_fields=["status", "version", "updated_at"])
        audit("settlement.reversed", f"settlement:{original.pk}", payload={"record": row.pk})
        if original.person_id is not None:
            post(original, original.person_id)
        _release_twins(original)
    row.settlement_id = original.pk
    row.progress = Progress.APPLIED
    row.save(update_fields=["settlement_id", "progress", "updated_at"])


def _waiting_reversals(settlement: Settlement) -> None:
    """A reversal that came before its original is carried out now."""
    sources = settlement.sources.values_list("sender_id", "record__msgid")
    names = {settlement.setl_id, *(msgid for _, msgid in sources if msgid)}
    for row in Record.objects.select_for_update().filter(
        progress=Progress.AWAITING_ORIGINAL,
        centre=settlement.issuing_centre,
        sender_id__in={sender for sender, _ in sources},
        original_ref__in=names,
    ):
        canonical = msgspec.convert(row.canonical, Canonical, strict=False)
        if _original_of(row, canonical) == settlement:
            _reverse(row, canonical)


def person_found(identity_id: int, person_id: int) -> None:
    """Handler of `linking.linked`: bills that waited for this description are opened. Idempotent."""
    for settlement in Settlement.objects.select_for_update().filter(identity_id=identity_id, need_id=None):
        post(settlement, person_id)
        if settlement.need_id is not None:
            Record.objects.filter(settlement_id=settlement.pk, progress=Progress.HELD).update(
                progress=Progress.OPEN
            )
            audit(
                "settlement.person_found",
                f"settlement:{settlement.pk}",
                also=[f"need:{settlement.need_id}"],
                payload={"identity": identity_id, "residual": str(settlement.person_paid)},
            )
