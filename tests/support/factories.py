"""Rows for tests, made through the same roles and policies as in life.

Each function opens the scope it needs; ids come back, or model instances that were read in their own scope.
"""

from __future__ import annotations

import itertools
import os
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from oauth2_provider.models import get_access_token_model

from accounts.models import ApiClient, Membership, Organisation, PatientAccount, User
from charity.applications.models import Application
from charity.funds.models import Fund
from consent.models import Category, Consent, Notice
from insurance.ledger import services as ledger
from scope import Actor, actor_scope, engine_scope
from scope.actor import SYSTEM
from vault.index import blind

_serial = itertools.count(1)


def organisation(kind: str = "charity", code: str | None = None, **fields: Any) -> Organisation:
    code = code or f"{kind.replace('_', '-')}-{next(_serial)}"
    fields.setdefault("name", f"测试{code}")
    fields.setdefault("short_name", code[:20])
    return Organisation.objects.get_or_create(code=code, defaults={"kind": kind, **fields})[0]


def user(
    org: Organisation, *roles: str, email: str | None = None, password: str | None = None, name: str = "李明"
) -> User:
    person = User.objects.create_user(email or f"u{next(_serial)}@example.org", password, display_name=name)
    with actor_scope(SYSTEM):
        Membership.objects.create(user=person, organisation=org, roles=list(roles))
    return person


def staff(org: Organisation, *roles: str, person: User | None = None) -> Actor:
    """A signed-in member of staff as an actor."""
    person = person or user(org, *roles)
    return Actor("staff", org_id=org.pk, user_id=person.pk, roles=frozenset(roles))


def api_client(org: Organisation, *scopes: str) -> ApiClient:
    with actor_scope(SYSTEM):
        return ApiClient.objects.create(
            organisation=org,
            name=f"client {next(_serial)}",
            client_type="confidential",
            authorization_grant_type="client-credentials",
            scopes=list(scopes),
        )


def bearer(client: ApiClient, token: str, *scopes: str, expires: timedelta = timedelta(hours=1)) -> str:
    """A token of the client as if it had asked for one."""
    with actor_scope(SYSTEM):
        get_access_token_model().objects.create(
            application=client, token=token, scope=" ".join(scopes), expires=timezone.now() + expires
        )
    return token


def client_actor(org: Organisation, *scopes: str) -> Actor:
    client = api_client(org, *scopes)
    return Actor("client", org_id=org.pk, client_id=client.pk, roles=frozenset(scopes))


def account(phone: str | None = None) -> PatientAccount:
    phone = phone or f"199{next(_serial):08d}"
    return PatientAccount.objects.create(phone=phone, phone_blind=blind("accounts.phone", phone))


def patient(acc: PatientAccount | None = None) -> Actor:
    return Actor("patient", account_id=(acc or account()).pk)


def fund(org: Organisation, budget: str = "100000.00", **fields: Any) -> Fund:
    today = timezone.localdate()
    fields.setdefault("name", f"测试基金{next(_serial)}")
    fields.setdefault("period_start", date(today.year, 1, 1))
    fields.setdefault("period_end", date(today.year, 12, 31))
    with actor_scope(staff(org, "fund_manager")):
        row = Fund.objects.create(
            organisation=org,
            slug=f"fund-{next(_serial)}-{os.getpid()}",
            **fields,
        )
        ledger.open_fund(row.pk, org.pk)
        ledger.change_budget(row.pk, Decimal(budget), f"fund:{row.pk}:budget:1")
    return row


def notice() -> Notice:
    return Notice.objects.order_by("-version").first() or Notice.objects.create(
        version=1, body="测试告知书", sha256="0" * 64, effective_from=timezone.now()
    )


def application(acc: PatientAccount | None = None, **fields: Any) -> Application:
    """Handed in, unless state says otherwise: a yes in a draft opens nothing to anybody."""
    acc = acc or account()
    if fields.setdefault("state", "submitted") == "submitted":
        fields.setdefault("submitted_at", timezone.now())
    with actor_scope(patient(acc)):
        return Application.objects.create(
            account=acc, number=f"JL-T-{next(_serial):06d}-{os.getpid()}", answers={}, **fields
        )


def consent(
    org: Organisation,
    fund_id: int,
    app: Application,
    *,
    need_id: int | None = None,
    person_id: int | None = None,
    decision: bool = True,
    categories: list[str] | None = None,
    valid_for: timedelta = timedelta(days=365),
) -> Consent:
    """The patient's decision, and (as the engine) the need it is bound to."""
    now = timezone.now()
    with actor_scope(patient(app.account)):
        row = Consent.objects.create(
            account=app.account,
            organisation=org,
            application_id=app.pk,
            fund_id=fund_id,
            notice=notice(),
            text_sha256="0" * 64,
            decision=decision,
            categories=categories if categories is not None else list(Category.values),
            capacity="self",
            decided_at=now,
            valid_until=now + valid_for,
        )
    if need_id or person_id:
        with engine_scope("test"):
            Consent.objects.filter(pk=row.pk).update(need_id=need_id, person_id=person_id)
    return row


def need(residual: str = "100.00", *, person_id: int | None = None, episode: str = "C91") -> int:
    """A need with one bill of that residual; returns its id."""
    with engine_scope("test"):
        row = ledger.need_for(person_id or 900_000 + next(_serial), episode)
        ledger.post_settlement(7_000_000 + next(_serial), row.pk, Decimal(residual), 1)
    return row.pk


def consent_again(former: Consent) -> Consent:
    """The same family says yes anew, as consent.services does: the former one ends, the new one wakes the engine."""
    from consent import services

    rendered = services.render(former.organisation.name, "测试基金")
    actor = patient(former.account)
    with actor_scope(actor):
        return services.decide(
            actor,
            application_id=former.application_id,
            organisation_id=former.organisation_id,
            fund_id=former.fund_id,
            rendered=rendered,
            decision=True,
            capacity="self",
        )
