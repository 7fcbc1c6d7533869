"""What the tests of the family's pages share: answers, browsers, drafts, sealed people."""

from __future__ import annotations

import io
from typing import Any

from django.test import Client
from PIL import Image

import factories as make
from charity.applications import services, steps
from charity.applications.models import Application
from charity.funds.models import Fund
from consent import services as consents
from people import registry
from scope import actor_scope, engine_scope


def with_check(first17: str) -> str:
    from matching.linkage.values.idnumber import check_character

    return first17 + check_character(first17)


CHILD_ID = with_check("43010420170308042")  # a girl, born 8 March 2017
ADULT_ID = with_check("43010219700315123")  # a man, born 15 March 1970

CHILD: dict[str, Any] = {
    "who": {"who": "child"},
    "identity": {
        "name": "陈雨涵",
        "id_number": CHILD_ID,
        "birth_date": "2017-03-08",
        "sex": "2",
        "phone": "13800005521",
        "address": "",
        "household_area": "430104",
        "household_place": "",
        "residence_area": "430104",
        "residence_place": "",
        "residence_since": "2019-12-31",
    },
    "applicant": {"name": "林芳", "relation": "mother", "phone": "13800005521"},
    "illness": {
        "name": "急性淋巴细胞白血病",
        "icd10": "C91.0",
        "stage": "",
        "hospital": "示例市儿童医院",
        "admitted_on": "2026-06-18",
        "discharged_on": "2026-10-11",
        "own_cost": "130621.81",
        "procedures": [],
    },
    "household": {"members": 4, "earners": 1, "income_yearly": "46000.00", "hardship": ["dibao_edge"]},
    "aid": {
        "campaign": {"has": True, "name": "安心筹", "amount": "18600.00"},
        "commercial": {"has": False, "name": "", "amount": ""},
        "charity": {"has": False, "name": "", "amount": ""},
    },
    "documents": {"seen": True},
}


def browser(account) -> Client:
    """The account's phone, signed in."""
    client = Client()
    session = client.session
    session["patient_account_id"] = account.pk
    session.save()
    return client


def draft(account, answers: dict[str, Any] | None = None, funds: list[Fund] = ()) -> Application:
    """A draft with every page answered; consent to each of `funds`."""
    actor = make.patient(account)
    with actor_scope(actor):
        row = services.start(actor)
        full = {**(CHILD if answers is None else answers)}
        if funds:
            full["funds"] = [fund.pk for fund in funds]
        row.answers = full
        row.step = steps.first_open(full)
        row.capacity = services.CAPACITIES.get((full.get("who") or {}).get("who", ""), "")
        row.save(update_fields=["answers", "step", "capacity"])
        for fund in funds:
            consents.decide(
                actor,
                application_id=row.pk,
                organisation_id=fund.organisation_id,
                fund_id=fund.pk,
                rendered=consents.render(fund.organisation.name, fund.name),
                decision=True,
                capacity="parent",
            )
    return row


def hand_in(account, funds: list[Fund], answers: dict[str, Any] | None = None) -> Application:
    """A submitted application."""
    row = draft(account, answers, funds)
    actor = make.patient(account)
    with actor_scope(actor):
        services.submit(actor, row.pk)
        return Application.objects.get(pk=row.pk)


def insured(
    insurer,
    *,
    name: str = "陈雨涵",
    id_number: str = CHILD_ID,
    birth: str = "2017-03-08",
    sex: str = "2",
    phone: str = "13800005521",
    residual: str = "27361.81",
    episode: str = "C91",
) -> tuple[int, int]:
    """A sealed person whom an insurer described, with one need. Returns (person, need)."""
    from datetime import date

    from insurance.linking import services as linking

    with engine_scope("test"):
        identity, _new = registry.insurer_identity(
            insurer.pk,
            registry.Description(
                name=name,
                id_number=id_number,
                id_valid=True,
                birth_date=date.fromisoformat(birth),
                sex=sex,
                phone=phone,
                area="430104",
            ),
        )
        result = linking.link(identity.pk)
    return result.person_id, make.need(residual, person_id=result.person_id, episode=episode)


def as_family(acc, pk: int) -> Application:
    with actor_scope(make.patient(acc)):
        return Application.objects.get(pk=pk)


def photo(size: tuple[int, int] = (800, 600)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "white").save(out, "JPEG")
    return out.getvalue()
