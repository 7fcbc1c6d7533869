"""What is kept of a person once the consent has ended, and for how long: the notice (version 2) says the same.

The charity keeps number, decision, amounts and payments. The results of the evaluation, what staff checked and every
free word of theirs go at once; what staff told the family stays, for the family alone. The payee of an approved, unpaid award stays for
the payer until it is paid or cancelled, at most PAYEE_DAYS after the end. The engine alone erases.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from audit import record
from charity.findings.models import Finding

from .models import Award, Case, CaseText, Evaluation

PAYEE_DAYS = 180


def _over() -> QuerySet[CaseText]:
    """Words of sealed cases that have no reason to be kept."""
    promised = Q(
        kind=CaseText.Kind.PAYEE,
        award__state=Award.State.APPROVED,
        case__sealed_at__gt=timezone.now() - timedelta(days=PAYEE_DAYS),
    )
    return CaseText.objects.filter(case__sealed_at__isnull=False).exclude(promised).exclude(to_family=True)


def forget(case: Case) -> int:
    """Erase what a sealed case no longer needs. Returns how many texts (in the caller's transaction; idempotent)."""
    if case.sealed_at is None:
        return 0
    Evaluation.objects.filter(case=case).delete()
    checks, _kinds = Finding.objects.filter(case=case).delete()
    if checks:
        record("case.checks_erased", f"case:{case.pk}", payload={"checks": checks})
    gone = list(_over().filter(case=case).values_list("pk", "kind"))
    if gone:
        CaseText.objects.filter(pk__in=[pk for pk, _kind in gone]).delete()
        kinds = [kind for _pk, kind in gone]
        record(
            "case.words_erased",
            f"case:{case.pk}",
            payload={"texts": len(gone), "kinds": sorted(set(kinds))},
        )
    return len(gone)


def award_changed(award_id: int) -> None:
    """Handler of award.changed: paid, cancelled or returned after the consent ended, its payee goes."""
    case_id = Award.objects.values_list("case_id", flat=True).get(pk=award_id)
    forget(Case.objects.select_for_update().get(pk=case_id))


def sweep_words() -> int:
    """What a lost event left behind, and payees kept too long. Returns how many cases (engine; beat calls it)."""
    cases = list(
        Case.objects.filter(sealed_at__isnull=False)
        .filter(Exists(_over().filter(case=OuterRef("pk"))))
        .values_list("pk", flat=True)[:1000]
    )
    for case_id in cases:
        with transaction.atomic():
            forget(Case.objects.select_for_update().get(pk=case_id))
    return len(cases)
