"""What the family reads about money, at every step of an award, and that a token is used once."""

from decimal import Decimal

import application_kit as kit
from django.urls import reverse
from django.utils import timezone

import cases
import factories as make
from charity.applications import services
from charity.awards import services as awards
from outbox.tasks import drain
from people import registry
from people.models import ProofToken, Representation
from scope import actor_scope, engine_scope


def page_of(on):
    with engine_scope("test"):
        Representation.objects.get_or_create(
            account_id=on.account.pk,
            person_id=on.application.person_id or on.case.person_id,
            revoked_at=None,
            defaults={"capacity": "parent", "method": "document"},
        )
    url = reverse("applications:status", args=[on.application.pk])
    answer = kit.browser(on.account).get(url)
    assert answer.status_code == 200
    return answer


def amounts(answer):
    return {str(part.layer): part.amount for part in answer.context["now"].parts}


def test_the_money_bar_follows_the_award_from_reserve_to_payment(db):
    on = cases.stage(residual="30000.00")
    before = page_of(on)
    assert amounts(before) == {"basic": Decimal("60000.00"), "open": Decimal("30000.00")}
    assert before.context["now"].total == Decimal("90000.00")

    with actor_scope(on.worker):
        awards.propose(
            on.worker,
            on.case.pk,
            amount=Decimal("10000.00"),
            reason="自付很高，符合第五条，家里没有别的来源。",
            payee="示例市儿童医院 6222000000000187",
        )
    drain()
    held = page_of(on)
    assert amounts(held) == {
        "basic": Decimal("60000.00"),
        "charity": Decimal("10000.00"),
        "open": Decimal("20000.00"),
    }
    text = held.content.decode()
    assert "含已留 ¥10,000.00" in text
    assert "先给您留着 ¥10,000.00" in text
    assert "6222000000000187" not in text

    with actor_scope(on.approver):
        awards.approve(
            on.approver, on.case.pk, reason="同意资助，材料齐全，金额没有超过上限。", no_conflict=True
        )
    drain()
    assert "批准了 ¥10,000.00，正在办付款" in page_of(on).content.decode()

    with actor_scope(on.payer):
        awards.pay(on.payer, on.case.pk, reference="BANK-2026-0001")
    drain()
    paid = page_of(on)
    text = paid.content.decode()
    assert "已资助 ¥10,000.00" in text
    assert "含已留" not in text
    assert amounts(paid)["open"] == Decimal("20000.00")
    assert "有结果了" in text


def test_without_representation_the_ledger_tells_the_family_nothing(db):
    on = cases.stage(residual="30000.00")
    with engine_scope("test"):
        Representation.objects.filter(account=on.account).update(revoked_at=timezone.now())
    answer = kit.browser(on.account).get(reverse("applications:status", args=[on.application.pk]))
    assert answer.context["now"].parts == []
    assert "30,000.00" not in answer.content.decode()


def test_a_refusal_by_the_charity_reaches_the_family_with_clause_and_reason(db):
    on = cases.stage()
    with actor_scope(on.approver):
        awards.refuse(on.approver, on.case.pk, reason="登记那天已经满 19 岁，超过年龄。", clause="第四条")
    drain()
    text = page_of(on).content.decode()
    assert "这次没能资助" in text
    assert "登记那天已经满 19 岁，超过年龄。" in text
    assert "依据：第四条" in text


def test_eight_hands_on_one_token_use_it_once(real_db):
    insurer = make.organisation("statutory_insurer")
    fund = make.fund(make.organisation("charity"))
    person, _need = kit.insured(insurer)
    with engine_scope("test"):
        token = registry.issue_token(person, insurer.pk)
    rows = [(acc, kit.hand_in(acc, [fund])) for acc in (make.account() for _ in range(8))]

    def use(i: int) -> bool:
        acc, row = rows[i]
        actor = make.patient(acc)
        with actor_scope(actor):
            try:
                services.redeem(actor, row.pk, token)
            except services.ApplicationError:
                return False
        return True

    assert sorted(real_db.threads(8, use)) == [False] * 7 + [True]
    with engine_scope("test"):
        assert ProofToken.objects.get().used_by_id in {acc.pk for acc, _row in rows}
