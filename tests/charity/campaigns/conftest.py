"""A platform with its token, and a patient whom an insurer knows."""

from __future__ import annotations

import hashlib
import itertools
import json
import secrets
from datetime import date
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

import factories as make
from insurance.intake import processing
from insurance.intake.models import Settlement
from insurance.linking import services as linking
from insurance.linking.models import Review
from matching.linkage.values.idnumber import check_character
from outbox import tasks
from people import registry
from people.models import Identity
from scope import engine_scope

_serial = itertools.count(1)
URL = "/api/v1/campaigns"


class Platform:
    """An organisation that pushes, with a client of its own."""

    def __init__(self, *scopes, kind="crowdfunding"):
        self.organisation = make.organisation(kind)
        scopes = scopes or ("campaigns:write", "campaigns:read")
        client = make.api_client(self.organisation, *scopes)
        token = secrets.token_urlsafe(30)
        make.bearer(client, token, *scopes)
        self.headers = {"Authorization": f"Bearer {token}"}

    def push(self, body, **more):
        data = body if isinstance(body, bytes | str) else json.dumps(body, ensure_ascii=False)
        return Client().post(URL, data, content_type="application/json", headers=self.headers, **more)

    def one(self, **changes):
        """Push one campaign; its result."""
        answer = self.push(campaign(**changes))
        assert answer.status_code == 200, answer.content
        return answer.json()["results"][0]

    def get(self, path=""):
        return Client().get(URL + path, headers=self.headers)


def campaign(**changes):
    beneficiary = {
        "name": "陈*涵",
        "age": 9,
        "sex": "female",
        "area": "430100",
        "hospital": "示例市儿童医院",
        "disease": "急性淋巴细胞白血病",
        **changes.pop("beneficiary", {}),
    }
    return {
        "external_id": "P-1",
        "status": "active",
        "target": "200000.00",
        "raised": "18600.00",
        "paid_out": "10000.00",
        "currency": "CNY",
        "started_at": "2026-08-02",
        "beneficiary": beneficiary,
        **changes,
    }


class Patient:
    """陈雨涵 as her insurer describes her, with bills."""

    def __init__(self):
        born = date(2017, 3, 8)
        first = f"430102{born:%Y%m%d}042"
        org = make.organisation("statutory_insurer")
        with engine_scope("test"):
            description = registry.Description(
                name="陈雨涵",
                id_number=first + check_character(first),
                id_valid=True,
                birth_date=born,
                sex="2",
                phone="13800005521",
                area="430102",
            )
            self.identity_id = registry.insurer_identity(org.pk, description)[0].pk
            self.person_id = None

    def link(self):
        with engine_scope("test"):
            self.person_id = linking.link(self.identity_id).person_id
        return self

    def bill(self, amount="45961.81", disease="C91.000"):
        """The id of the need that the bill is part of."""
        with engine_scope("test"):
            row = Settlement.objects.create(
                issuing_centre="430100",
                setl_id=f"C{next(_serial)}",
                content_hash=hashlib.sha256(str(next(_serial)).encode()).digest(),
                identity_id=self.identity_id,
                disease_code=disease,
                disease_name="急性淋巴细胞白血病",
                hospital_name="示例市儿童医院",
                total_fee=Decimal(amount),
                fund_paid=Decimal("0.00"),
                person_paid=Decimal(amount),
            )
            linking.link(self.identity_id)
            processing.post(row, Identity.objects.get(pk=self.identity_id).person_id)
            row.refresh_from_db()
            return row.need_id


def answer(state, **fields):
    """The reviewer's answer to the one open question."""
    with engine_scope("test"):
        review = Review.objects.get(state="open", **fields)
        Review.objects.filter(pk=review.pk).update(state=state, decided_by=7, decided_at=timezone.now())
        linking.apply_decision(review.pk)
    tasks.drain()
    return review


@pytest.fixture
def platform():
    return Platform()


@pytest.fixture
def patient():
    return Patient().link()


class Shop:
    Platform = Platform
    Patient = Patient
    campaign = staticmethod(campaign)
    answer = staticmethod(answer)


@pytest.fixture
def shop():
    return Shop
