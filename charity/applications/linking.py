"""From a claimed to a proven identity: the engine's handlers. Until proof nothing is linked and nothing opens."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import F
from django.utils import timezone

from audit import record
from consent.models import Consent
from insurance.ledger.models import NeedAccount
from insurance.linking import services as linking
from matching.linkage.scoring import PairScore
from matching.linkage.values import idnumber
from outbox import emit
from people import registry
from people.models import Identity, Person, ProofToken, Representation

from .models import Application

# What a token's holder may not be: another number, another name, a brother or sister of the same house.
AGAINST = frozenset({"different_ids", "shared_id_other_name", "twins", "relatives"})
MISMATCH = "mismatch"


def description_of(application: Application) -> registry.Description:
    """The patient as the application describes him. An ID number that cannot exist identifies nobody."""
    answers: dict[str, Any] = application.answers or {}
    who, ill = answers.get("identity") or {}, answers.get("illness") or {}
    number = who.get("id_number") or ""
    parsed = idnumber.parse(number) if number else None
    birth = who.get("birth_date")
    return registry.Description(
        name=who.get("name") or "",
        id_number=parsed.id18 if parsed else number,
        id_valid=parsed is not None,
        cert_type="01" if number else "",
        birth_date=date.fromisoformat(birth) if birth else None,
        sex=who.get("sex") or "",
        phone=who.get("phone") or (answers.get("applicant") or {}).get("phone") or "",
        area=who.get("household_area") or "",
        address=who.get("address") or "",
        extra={
            key: ill[source]
            for key, source in (("hospital", "hospital"), ("disease", "name"))
            if ill.get(source)
        },
    )


def _identity(application: Application) -> Identity:
    identity, _changed = registry.source_identity(
        "application", application.pk, None, description_of(application)
    )
    if application.identity_id != identity.pk:
        application.identity_id = identity.pk
        application.save(update_fields=["identity_id"])
    return identity


def submitted(application_id: int) -> None:
    """Handler of application.submitted: keep the description as a source gave it. Links nothing."""
    application = Application.objects.get(pk=application_id)
    if application.state == Application.State.SUBMITTED:
        _identity(application)


def _for_work(application_id: int) -> Application | None:
    """The application, locked, when there is still something to prove."""
    application = Application.objects.select_for_update().filter(pk=application_id).first()
    if application is None or application.state != Application.State.SUBMITTED:
        return None
    return None if application.proof == Application.Proof.PROVEN else application


def contradicts(pair: PairScore) -> bool:
    """Do the two descriptions speak of two people? The prior is left out: the token already picks one person."""
    if AGAINST & set(pair.flags):
        return True
    weights = {item.field: item.weight for item in pair.evidence}
    same_number = weights.get("id_number", 0.0) > 0
    if weights.get("name", 0.0) < 0 or (weights.get("birth_date", 0.0) < 0 and not same_number):
        return True
    return pair.weight - pair.prior_weight <= 0


def token_redeemed(token_id: int, application_id: int) -> None:
    """Handler of people.proof_redeemed: does the application describe the person to whom the letter went?"""
    application = _for_work(application_id)
    token = ProofToken.objects.select_related("person").get(pk=token_id)
    person = registry.root(token.person_id)
    if application is None:
        _proven_anew(application_id, token, person)
        return
    if token.used_by_id != application.account_id:
        return
    identity = _identity(application)
    known = Identity.objects.filter(person=person).exclude(pk=identity.pk).exclude(source="campaign")
    pairs = [linking.compare(identity, other) for other in known]
    fitting = [pair for pair in pairs if not contradicts(pair)]
    if identity.person_id not in (None, person.pk) or not fitting:
        application.proof_note = MISMATCH
        application.save(update_fields=["proof_note"])
        record("application.proof_refused", f"application:{application.pk}", payload={"token": token.pk})
        return
    if identity.person_id is None:
        best = max(fitting, key=lambda pair: pair.weight)
        registry.assign(
            identity, person, "proof", best.weight,
            params=best.version, prior_weight=best.prior_weight, score=best.kept,
        )  # fmt: skip
    prove(application, person.pk, "token")


def _proven_anew(application_id: int, token: ProofToken, person: Person) -> None:
    """Two records of his were made one, and the account had proven one of them: now it proved the joint person."""
    found = Application.objects.filter(
        pk=application_id,
        account_id=token.used_by_id,
        state=Application.State.SUBMITTED,
        proof=Application.Proof.PROVEN,
        person_id=person.pk,
    ).first()
    if found is not None:
        registry.represent(found.account_id, person.pk, found.capacity, "token")
        emit("application.proven", application_id=found.pk)  # what its yes could not open meanwhile


def identity_checked(application_id: int, user_id: int, org_id: int) -> None:
    """Handler of application.identity_checked: staff of a charity that the family chose compared the papers."""
    application = _for_work(application_id)
    if application is None:
        return
    chosen = Consent.objects.filter(
        application_id=application.pk,
        organisation_id=org_id,
        decision=True,
        withdrawn_at=None,
        valid_until__gt=timezone.now(),
    ).exists()
    if not chosen:
        return
    if application.identity_checked_at is None:
        application.identity_checked_at = timezone.now()
        application.save(update_fields=["identity_checked_at"])
        record(
            "application.identity_checked",
            f"application:{application.pk}",
            payload={"user": user_id, "organisation": org_id},
        )
    identity = _identity(application)
    result = linking.link(identity.pk)
    if result.outcome == "waiting":
        # Checked papers make a person known even where no insurer has sent a bill yet.
        identity.refresh_from_db()
        person = Person.objects.create()
        registry.assign(identity, person, "proof")
        prove(application, person.pk, "document")
    elif result.person_id is not None:
        prove(application, result.person_id, "document")


def linked(identity_id: int, person_id: int) -> None:
    """Handler of linking.linked: a reviewer decided about an application whose papers were checked."""
    found = Application.objects.filter(identity_id=identity_id, identity_checked_at__isnull=False).first()
    if found is None or not Identity.objects.filter(pk=identity_id, source="application").exists():
        return
    application = _for_work(found.pk)
    if application is not None:
        prove(application, person_id, "document")


def need_of(person_id: int, icd10: str) -> int | None:
    """The person's need of this illness (ICD-10 category), else the one with the most still open."""
    needs = NeedAccount.objects.filter(person_id=person_id)
    same = needs.filter(episode=icd10[:3]).first() if icd10 else None
    if same is not None:
        return same.pk
    most = needs.annotate(still=F("residual") - F("reserved") - F("committed") - F("paid")).order_by(
        "-still", "pk"
    )
    first = most.first()
    return first.pk if first else None


def prove(application: Application, person_id: int, method: str) -> None:
    """The application is this person's: the account speaks for him from now on. Idempotent."""
    if application.proof == Application.Proof.PROVEN:
        return
    person_id = registry.root(person_id).pk
    application.person_id = person_id
    application.need_id = need_of(person_id, application.disease_code)
    application.proof = Application.Proof.PROVEN
    application.proof_note = ""
    application.save(update_fields=["person_id", "need_id", "proof", "proof_note"])
    registry.represent(application.account_id, person_id, application.capacity, method)
    record(
        "application.proven",
        f"application:{application.pk}",
        payload={"person": person_id, "need": application.need_id, "method": method},
    )
    emit("application.proven", application_id=application.pk)


def need_changed(need_id: int) -> None:
    """Handler of need.changed: a proven patient's first bill arrived after the application."""
    need = NeedAccount.objects.filter(pk=need_id).first()
    if need is None:
        return
    for application in Application.objects.select_for_update().filter(
        person_id=need.person_id, need_id=None, proof=Application.Proof.PROVEN
    ):
        application.need_id = need_of(need.person_id, application.disease_code)
        application.save(update_fields=["need_id"])
        record(
            "application.need_found", f"application:{application.pk}", payload={"need": application.need_id}
        )
        emit("application.proven", application_id=application.pk)


def unlinked(identity_id: int, person_id: int) -> None:
    """Handler of linking.unlinked: a reviewer took the link of an application back. It is claimed again, the
    account no longer speaks for that person, and what it had opened is closed."""
    identity = Identity.objects.filter(pk=identity_id, source="application").first()
    if identity is None or identity.person_id == person_id:
        return
    application = (
        Application.objects.select_for_update().filter(identity_id=identity_id, person_id=person_id).first()
    )
    if application is None:
        return
    _unprove(application)
    others = Application.objects.filter(
        account_id=application.account_id, person_id=person_id, proof=Application.Proof.PROVEN
    )
    if not others.exists():
        Representation.objects.filter(
            account_id=application.account_id, person_id=person_id, revoked_at=None
        ).update(revoked_at=timezone.now())


def representation_revoked(account_id: int, person_id: int) -> None:
    """Handler of people.representation_revoked: the letter that proved the account's applications had gone to the
    wrong family. They are claimed again, and what they had opened is closed."""
    for application in (
        Application.objects.select_for_update()
        .filter(account_id=account_id, person_id=person_id, proof=Application.Proof.PROVEN)
        .order_by("pk")
    ):
        identity = Identity.objects.filter(
            pk=application.identity_id or 0, source="application", person_id=person_id, method="proof"
        ).first()
        if identity is not None:
            registry.release(identity)
        _unprove(application)


def _unprove(application: Application) -> None:
    """Claimed again; its consents open nothing of that person; its cases are evaluated anew."""
    person_id = application.person_id
    application.person_id = application.need_id = None
    application.proof = Application.Proof.CLAIMED
    application.identity_checked_at = None
    application.save(update_fields=["person_id", "need_id", "proof", "identity_checked_at"])
    Consent.objects.filter(application_id=application.pk).update(person_id=None, need_id=None)
    record("application.unproven", f"application:{application.pk}", payload={"person": person_id})
    emit("document.changed", application_id=application.pk)
