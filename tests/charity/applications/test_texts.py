"""A text says that there is something to read, never what; it reaches the family's phone and nobody else's."""

from decimal import Decimal

import pytest

import cases
from accounts import sms
from audit.models import Entry
from charity.awards import casework, services
from outbox.tasks import drain
from scope import actor_scope, engine_scope

pytestmark = pytest.mark.django_db
WHY = "符合规则第五条，按档位资助。"


@pytest.fixture
def sent(monkeypatch):
    texts = []

    class Backend:
        def send(self, phone, text):
            texts.append((phone, text))

    monkeypatch.setattr(sms, "backend", Backend)
    return texts


def phone_of(on):
    with engine_scope():
        return on.application.account.phone


def test_a_requested_paper_is_told_without_saying_which(sent):
    on = cases.stage()
    with actor_scope(on.worker):
        casework.request_document(on.worker, on.case.pk, kind="diagnosis", note="要盖医院的章")
    drain()
    assert [phone for phone, _ in sent] == [phone_of(on)]
    text = sent[0][1]
    assert "补一份材料" in text
    for secret in ("诊断", "白血病", "医院的章", on.case.number):
        assert secret not in text
    with engine_scope():
        assert Entry.objects.filter(action="family.texted").count() == 1


def test_a_decision_is_told_a_proposal_is_not(sent):
    on = cases.stage()
    with actor_scope(on.worker):
        services.propose(
            on.worker, on.case.pk, amount=Decimal("10000.00"), reason=WHY, payee="示例医院 6222000000000187"
        )
    drain()
    assert sent == []
    with actor_scope(on.approver):
        services.approve(on.approver, on.case.pk, reason=WHY, no_conflict=True)
    drain()
    assert len(sent) == 1
    assert "10,000" not in sent[0][1]
    assert "10000" not in sent[0][1]
