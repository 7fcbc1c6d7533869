"""Senders with tokens, records made up in the shapes of real ones (nobody is in them), and what became of them."""

from __future__ import annotations

import copy
import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

import factories
from accounts.models import ApiClient, Organisation
from insurance.formats.schema import EXAMPLE_SETL_D, EXAMPLE_SETLINFO, EXAMPLE_SETTLEMENT
from insurance.intake.models import Record, Settlement
from insurance.ledger.models import NeedAccount
from outbox import tasks
from scope import actor_scope, engine_scope
from scope.actor import SYSTEM

URL = "/api/v1/settlements"


def like_06() -> dict[str, Any]:
    """The answer 2207: 4.52, all from the personal account."""
    return copy.deepcopy(EXAMPLE_SETLINFO)


def like_07() -> dict[str, Any]:
    """The answer 2206, a pre-settlement: no setl_id yet."""
    message = like_06()
    message["output"]["setlinfo"] |= {"setl_id": None, "setl_time": None, "clr_optins": None}
    return message


def like_08(original: str | None = None) -> dict[str, Any]:
    """The answer 2208: negative amounts under a new setl_id; `original` as its request names it."""
    message = like_06()
    info = message["output"]["setlinfo"]
    info["setl_id"] = "S2001"
    for name, value in info.items():
        if (name.endswith(("_amt", "_pay", "_amount", "_sumamt")) or name == "act_pay_dedc") and value:
            info[name] = -value
    if original is None:
        return message
    request = {"infno": "2208", "input": {"data": {"setl_id": original}}}
    return {"request": request, "response": message}


def like_11() -> dict[str, Any]:
    """A query 5261 whose 3,300 nobody pays: I1 is broken."""
    return {
        "infcode": "0",
        "output": {
            "setlinfo": {
                "setl_id": "310000000077",
                "clr_optins": "131199",
                "insutype": "310",
                "med_type": "2101",
                "setl_time": "2024-04-09 13:49:42",
                "psn_name": "测**",
                "psn_cert_type": "01",
                "cert_no": "130000198301010000",
                "med_fee_sumamt": 3300.0,
                "fund_pay_sumamt": 0.0,
                "psn_part_amt": 0,
                "hosp_part_amt": 0,
                "acct_pay": 0.0,
                "psnCash_pay": 0,
                "fulamt_ownpay_amt": 3300.0,
                "overlmt_selfpay": 0.0,
                "prese_ifpay_amt": 0.0,
                "inscp_scp_amt": 0,
                "hifp_pay": 0.0,
            }
        },
    }


def like_12() -> dict[str, Any]:
    """A row of the insurer's own table: 366.07 in cash."""
    return copy.deepcopy(EXAMPLE_SETL_D)


def bill(setl_id: str = "C1", left: str = "40000.00", **fields: Any) -> dict[str, Any]:
    """Jieli's own JSON: 100,000 in total, `left` to the person."""
    record = copy.deepcopy(EXAMPLE_SETTLEMENT)
    fund = str(Decimal("100000.00") - Decimal(left))
    record |= {
        "setl_id": setl_id,
        "fund_paid": fund,
        "person_paid": left,
        "cash_paid": left,
        "pays": {"basic": fund},
    }
    return {**record, **fields}


def reversal(setl_id: str = "R", **fields: Any) -> dict[str, Any]:
    """The reversal of bill(), in Jieli's own JSON; `fields` name the original."""
    record = bill(setl_id, kind="reversal", **fields)
    for name, value in record.items():
        if name in {
            "total_fee",
            "fund_paid",
            "person_paid",
            "cash_paid",
            "own_expense",
            "first_self_pay",
            "in_scope",
        }:
            record[name] = f"-{value}"
    record["pays"] = {"basic": record["fund_paid"]}
    return record


class Sender:
    """An organisation with an API client and a bearer token, speaking HTTP."""

    def __init__(self, org: Organisation, *scopes: str, expires: timedelta = timedelta(hours=1)) -> None:
        self.org = org
        scopes = scopes or ("settlements:write", "settlements:read")
        client: ApiClient = factories.api_client(org, *scopes)
        token = f"token-{client.pk}-{org.pk}"
        factories.bearer(client, token, *scopes, expires=expires)
        self.headers = {"Authorization": f"Bearer {token}"}

    def may_push_for(self, *centres: str) -> None:
        with actor_scope(SYSTEM):
            Organisation.objects.filter(pk=self.org.pk).update(centres=list(centres))
        self.org.refresh_from_db()

    def push(self, records: Any, key: str = "", **options: Any) -> Any:
        body = records if isinstance(records, bytes) else json.dumps(records, ensure_ascii=False).encode()
        headers = self.headers | ({"Idempotency-Key": key} if key else {})
        options.setdefault("content_type", "application/json")
        return Client(raise_request_exception=False).post(URL, body, headers=headers, **options)

    def get(self, path: str = "", **query: Any) -> Any:
        return Client(raise_request_exception=False).get(URL + path, query, headers=self.headers)

    def post(self, path: str, body: Any = None) -> Any:
        data = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        return Client(raise_request_exception=False).post(
            URL + path, data, content_type="application/json", headers=self.headers
        )

    def results(self, records: Any, **options: Any) -> list[dict[str, Any]]:
        answer = self.push(records, **options)
        assert answer.status_code == 200, answer.content.decode()
        return answer.json()["results"]


class Intake:
    """What the tests of this room reach for."""

    like_06 = staticmethod(like_06)
    like_07 = staticmethod(like_07)
    like_08 = staticmethod(like_08)
    like_11 = staticmethod(like_11)
    like_12 = staticmethod(like_12)
    bill = staticmethod(bill)
    reversal = staticmethod(reversal)
    Sender = Sender
    url = URL

    @staticmethod
    def insurer(*centres: str, **fields: Any) -> Sender:
        return Sender(factories.organisation("statutory_insurer", centres=list(centres), **fields))

    @staticmethod
    def deliver() -> None:
        while tasks.drain():
            pass

    @staticmethod
    def residuals() -> list[str]:
        """Of every need, as the engine sees them."""
        with engine_scope("test"):
            return [str(row.residual) for row in NeedAccount.objects.order_by("residual")]

    @staticmethod
    def settlement(setl_id: str) -> Settlement:
        with engine_scope("test"):
            return Settlement.objects.get(setl_id=setl_id)

    @staticmethod
    def record(pk: int) -> Record:
        with engine_scope("test"):
            return Record.objects.get(pk=pk)


@pytest.fixture
def intake() -> type[Intake]:
    return Intake


@pytest.fixture
def sender(db: None) -> Sender:
    return Intake.insurer("440100", "131199", "430199")
