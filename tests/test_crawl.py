"""A walk through every address as everybody else: of a sealed person, no trace in any answer.

Sealed: an insurer has pushed bills, the family has applied, proven itself and agreed to ONE charity's fund.
Whoever is neither that family, that charity nor the sender of the bills must find nothing of the person.
"""

import contextlib
import io
import json
import re

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from PIL import Image

import factories
from accounts.models import Membership, Organisation, User
from accounts.staff import enrol_totp
from charity.applications.models import Application, Document, DocumentRequest
from charity.awards.models import Award, Case
from charity.findings.models import Finding
from charity.funds.models import Fund
from consent.models import Consent
from devstack.demo import bills, cast, families, stage
from devstack.synthetic.people import Population
from insurance.intake.models import Record, Settlement
from people.models import Identity
from scope import actor_scope, engine_scope
from scope.actor import SYSTEM
from scope.permissions import walk

pytestmark = pytest.mark.slow
ROLES = {
    "statutory_insurer": ["intake_clerk", "auditor", "administrator"],
    "charity": ["case_worker", "approver", "payer", "fund_manager", "auditor", "administrator"],
    "crowdfunding": ["intake_clerk", "auditor", "administrator"],
    "hospital": ["intake_clerk", "administrator"],
    "regulator": ["auditor", "administrator"],
    "operator": ["linkage_reviewer", "auditor", "administrator"],
}
SCOPES = ["settlements:write", "settlements:read", "campaigns:write", "campaigns:read", "invitations:read"]
# Would end the walker's own session, or belong to the framework.
NOT_WALKED = re.compile(r"^(accounts/(logout|2fa)|sign-out|o/|static/|api/v1/docs)")
WORDS = (
    "who",
    "identity",
    "household",
    "propose",
    "decide",
    "pay",
    "request",
    "accept",
    "reject",
    "budget",
    "pause",
)
REASON = "材料已经核对，符合规则的要求。"
#: What somebody types into the fields of any form: each name once, with a value that its form takes.
TYPED = {
    "accept_reason": REASON,
    "address": "路人街1号",
    "admitted_on": "2026-03-02",
    "amount": "1200.00",
    "answer": "same",
    "application": "1",
    "birth_date": "1990-03-07",
    "budget": "900000.00",
    "case": ["1"],
    "checked_on": "2026-05-06",
    "clause": "第五条",
    "code": "123456",
    "codes": "430100",
    "decision": "yes",
    "device": "1",
    "display_name": "路人甲",
    "earners": "1",
    "email": "someone@walker.example",
    "field": ["name", "id_number", "phone"],
    "first": "430100-2026-0077",
    "fund": ["1"],
    "hardship": ["none"],
    "id_number": "110101199003078320",
    "income_yearly": "24000.00",
    "kind": "diagnosis",
    "letter": "23456-789AB-CDEFG",
    "means": "phone",
    "members": "4",
    "name": "路人甲",
    "no_conflict": "on",
    "note": "诊断证明要盖医院的章，请补盖以后再拍一张。",
    "outcome": "found",
    "own_cost": "8000.00",
    "payee": "某医院 对公账户 4300 0000 0000 0001",
    "phone": "16900006666",
    "q": "路人甲",
    "reason": REASON,
    "reason_text": "患者来电话问进度。",
    "reference": "HD-2026-0001",
    "relation": "self",
    "scopes": ["settlements:read"],
    "setl_id": "430100-2026-0077",
    "source": "岳麓区民政局低保科，电话核对",
    "tail": "8320",
    "text": "已经请没有经手的同事重新看过，答复在这里。",
    "token": "23456-789AB-CDEFG",
    "true": "on",
    "verdict": "approve",
    "who": "self",
}
#: Where a name means another thing, or a button says what to do.
TYPED_AT = [
    (r"/reveal/$", {"reason": "call"}),
    (r"/queue/bulk/$", {"do": "print"}),
    (r"/verify/household_area/$", {"area": "430100"}),
    (
        r"/verify/committee/$",
        {"decision": "approved", "met_on": "2026-05-06", "present": "7", "quorum": "5", "votes_for": "6"}
        | {"votes_against": "1", "minutes": "纪要 2026-05"},
    ),
    (r"/identity/find/$", {"kind": "bill"}),
    (r"/organisation/members/\d+/$", {"act": "reset"}),
    (r"/organisation/members/$", {"roles": ["auditor"]}),
    (r"/organisation/clients/\d+/$", {"act": "rotate"}),
    (r"/pushes/\d+/resend/$", {"do": "again"}),
]
FILES = re.compile(r"/(documents|papers)/(\d+/)?$")
PUSHED = [
    {
        "setl_id": "430100-2026-0077",
        "psn_name": "路人甲",
        "certno": "110101199003078320",
        "medfee_sumamt": "100.00",
    },
    {
        "campaign_id": "W-77",
        "title": "路人甲的求助",
        "target": "1000.00",
        "raised": "100.00",
        "paid_out": "0.00",
    },
]


def photo():
    """A page as a phone's camera gives it, as small as is accepted."""
    file = io.BytesIO()
    Image.new("RGB", (640, 480), "white").save(file, "JPEG")
    return SimpleUploadedFile("1.jpg", file.getvalue(), "image/jpeg")


class Silent:
    def write(self, text):
        """Nothing."""


class Sealed:
    """The person, the ids of everything that belongs to him, and what nobody else may read."""

    def __init__(self):
        with stage.no_wake_ups():
            with actor_scope(SYSTEM):
                self.cast = cast.engage()
            call_command("load_programmes", stdout=Silent())
            child = bills.child_of_the_case(Population(1, 3).people[0])
            mine = bills.bills_of_the_case(child, timezone.localdate())
            stage.push(self.cast, "changsha-yb", [stage.as_json([b.as_canonical() for b in mine])], "crawl")
            stage.drain()
            family = families.family_of_the_case(child, mine, cast.MOTHER_PHONE)
            family.funds = ("chenxi-leukaemia",)
            with engine_scope("test"):
                funds = {fund.slug: fund for fund in Fund.objects.select_related("organisation")}
            self.patient, self.application = stage.apply(family, funds, 1)
            token = stage.letter(stage.person_of(family), self.cast.houses["changsha-yb"].pk)
            stage.drain()
            stage.prove(self.patient, self.application, token)
            stage.drain()
            (case,) = stage.cases_of(self.application)
            stage.carry(self.cast, case, "proposed", 1)
            stage.carry(self.cast, case, "waiting", 1)
            stage.drain()
        with engine_scope("test"):
            row = Application.objects.get(pk=self.application)
            self.ids = {
                "pk": [row.pk],
                "application_id": [row.pk],
                "case_id": [case.pk],
                "fund_id": [case.fund_id],
                "consent_id": list(Consent.objects.values_list("pk", flat=True)),
                "document_id": list(Document.objects.values_list("pk", flat=True)[:2]),
                "request_id": list(
                    DocumentRequest.objects.filter(answered_by=None, closed_at=None).values_list(
                        "pk", flat=True
                    )
                ),
                "membership_id": [Membership.objects.get(user=self.cast.members["chenxi.worker"]).pk],
                "organisation_id": [self.cast.houses["changsha-yb"].pk],
                "record": list(Record.objects.values_list("pk", flat=True)),
                "settlement_id": list(Settlement.objects.values_list("pk", flat=True)),
                "identity_id": list(Identity.objects.values_list("pk", flat=True)),
                "award_id": list(Award.objects.values_list("pk", flat=True)),
                "fact": ["household_area", "committee"],
            }
            assert all(self.ids.values())
            assert case.need_id
            assert row.proof == "proven"
        self.traces = [
            child.name,
            "韩*桐",
            child.id_number,
            child.id_number[-6:],
            row.number,
            cast.MOTHER_PHONE,
            bills.MOTHER,
            "学府苑6栋",
            *(text for bill in mine for text in (bill.setl_id, bill.medins_setl_id)),
            *("177,000.00", "177000.00", "121,350.50", "121350.50", "55,649.50", "55649.50"),
        ]

    def own(self, table):
        """Not what a walker made for himself: a stranger may start an application of his own."""
        return table.objects.filter(pk=self.application)

    def state(self):
        """What must not have been touched by anybody's requests."""
        with engine_scope("test"):
            return (
                list(self.own(Application).values_list("pk", "state", "proof", "person_id")),
                list(Case.objects.values_list("pk", "state", "assignee_id", "offer")),
                list(Award.objects.values_list("pk", "state", "amount")),
                list(Consent.objects.values_list("pk", "decision", "withdrawn_at")),
                list(Document.objects.filter(application_id=self.application).values_list("pk", "state")),
                list(DocumentRequest.objects.values_list("pk", "answered_by_id", "closed_at")),
                list(Finding.objects.values_list("pk", flat=True)),
                list(Fund.objects.order_by("pk").values_list("pk", "status")),
                list(
                    Membership.objects.filter(pk__in=self.ids["membership_id"]).values_list(
                        "roles", "is_active"
                    )
                ),
            )

    def typed(self, address):
        """A body as the page's own form would send it, with the sealed person's ids where a form names some."""
        body = TYPED | {
            "case": self.ids["case_id"],
            "fund": self.ids["fund_id"],
            "application": self.application,
        }
        body |= {"organisation": self.cast.houses["chenxi"].pk, "to": self.cast.members["chenxi.worker"].pk}
        for where, more in TYPED_AT:
            if re.search(where, address):
                body |= more
        if FILES.search(address):
            body["files"] = photo()
        return body

    def addresses(self):
        """Every route with the sealed person's ids in it."""
        for route, _pattern in walk():
            if NOT_WALKED.match(route):
                continue
            yield from self._filled("/" + route.replace("^", "").replace("$", "").replace("\\Z", ""))

    def _filled(self, route):
        found = re.search(r"<(?:(\w+):)?(\w+)>|\(\?P<(\w+)>[^)]*\)", route)
        if not found:
            yield route
            return
        kind, name = found[1], found[2] or found[3]
        values = self.ids.get(name) or ([1] if kind == "int" else WORDS if kind == "slug" else ["x"])
        for value in values:
            yield from self._filled(route[: found.start()] + str(value) + route[found.end() :])

    def found_in(self, response):
        body = b"".join(response.streaming_content) if response.streaming else response.content
        text = body.decode("utf-8", "replace") + json.dumps(dict(response.headers), ensure_ascii=False)
        with contextlib.suppress(ValueError):
            text += json.dumps(json.loads(body), ensure_ascii=False)
        return [trace for trace in self.traces if trace in text]


@pytest.fixture
def sealed(real_db):
    return Sealed()


def member(kind, organisation=None):
    organisation = organisation or Organisation.objects.create(
        kind=kind, code=f"walker-{kind.replace('_', '-')}", name="路人", short_name="路人", area="430100"
    )
    user = User.objects.create_user(f"walker@{organisation.code}.example", cast.PASSWORD, display_name="路人")
    enrol_totp(user)
    with actor_scope(SYSTEM):
        Membership.objects.create(user=user, organisation=organisation, roles=ROLES[kind])
    client = Client(raise_request_exception=False)
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client


def walkers(sealed):
    """Everybody else, by name: one member with all roles of each kind, two other charities, a stranger, nobody."""
    yield "nobody", Client(raise_request_exception=False)
    for kind in ROLES:
        yield kind, member(kind)
    for code in ("tongzhou", "qinhuangdao-yb", "jieli"):
        house = sealed.cast.houses[code]
        yield code, member(house.kind, house)
    stranger = Client(raise_request_exception=False)
    session = stranger.session
    session["patient_account_id"] = stage.account_of("16900007777").account_id
    session.save()
    yield "another patient", stranger


def test_nobody_else_finds_a_trace_of_a_sealed_person_at_any_address(sealed):
    before = sealed.state()
    addresses = sorted(set(sealed.addresses()))
    assert len(addresses) > 80
    leaks, broken = [], []
    for who, client in walkers(sealed):
        for address in addresses:
            for method in ("get", "post"):
                body = sealed.typed(address) if method == "post" else None
                response = getattr(client, method)(address, body)
                if response.status_code >= 500:
                    broken.append((who, method, address, response.status_code))
                leaks += [(who, method, address, trace) for trace in sealed.found_in(response)]
    assert not leaks
    assert not broken
    assert sealed.state() == before


def test_no_api_client_of_anybody_else_finds_a_trace(sealed):
    before = sealed.state()
    addresses = [a for a in sorted(set(sealed.addresses())) if a.startswith("/api/")]
    assert len(addresses) > 5
    leaks = []
    for kind in ROLES:
        house = Organisation.objects.create(
            kind=kind, code=f"api-{kind.replace('_', '-')}", name="路人", short_name="路人", area="430100"
        )
        token = factories.bearer(factories.api_client(house, *SCOPES), f"walker-{kind}", *SCOPES)
        client = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {token}"})
        for address in addresses:
            for method in ("get", "post", "put", "patch", "delete", "options"):
                body = {"data": json.dumps(PUSHED), "content_type": "application/json"}
                extra = body if method != "get" else {}
                response = getattr(client, method)(address, **extra)
                assert response.status_code < 500, (kind, method, address)
                leaks += [(kind, method, address, trace) for trace in sealed.found_in(response)]
    assert not leaks
    assert sealed.state() == before


def test_the_walk_would_notice_because_those_who_may_do_find_him(sealed):
    worker = sealed.cast.members["chenxi.worker"]
    client = Client()
    client.force_login(worker, backend=settings.AUTHENTICATION_BACKENDS[0])
    (case_id,) = sealed.ids["case_id"]
    found = sealed.found_in(client.get(f"/staff/cases/{case_id}/"))
    assert {"韩*桐", "177,000.00"} <= set(found)
    family = Client()
    session = family.session
    session["patient_account_id"] = sealed.patient.account_id
    session.save()
    assert sealed.found_in(family.get(f"/a/{sealed.application}/"))


def test_what_the_walk_types_is_taken_from_those_who_may(sealed):
    """The bodies are no noise: at the same addresses they change something for the charity and for the family."""
    worker, family = Client(), Client()
    worker.force_login(sealed.cast.members["chenxi.worker"], backend=settings.AUTHENTICATION_BACKENDS[0])
    session = family.session
    session["patient_account_id"] = sealed.patient.account_id
    session.save()
    (case_id,), (request_id,) = sealed.ids["case_id"], sealed.ids["request_id"]
    for client, address in (
        (worker, f"/staff/cases/{case_id}/step/request/"),
        (worker, f"/staff/cases/{case_id}/verify/household_area/"),
        (family, f"/a/{sealed.application}/papers/{request_id}/"),
        (family, f"/a/{sealed.application}/withdraw/"),
    ):
        before = sealed.state()
        response = client.post(address, sealed.typed(address))
        assert response.status_code == 302, (address, response.content.decode())
        assert sealed.state() != before, address


def api_client(house):
    """A program of this organisation with every scope."""
    token = factories.bearer(factories.api_client(house, *SCOPES), f"trail-{house.code}", *SCOPES)
    return Client(raise_request_exception=False, headers={"Authorization": f"Bearer {token}"})


def test_whoever_may_see_him_leaves_a_line_that_the_family_reads(sealed):
    """Every answer with a trace of the person in it, at any address, has its entry in the family's own trail."""
    from audit import services as log
    from charity.applications import access

    def trail():
        with actor_scope(sealed.patient):
            row = Application.objects.get(pk=sealed.application)
            return {entry.entry_id for entry in log.entries(access._subjects(row))}

    houses = sealed.cast.houses
    seeing = {
        code: member(houses[code].kind, houses[code]) for code in ("chenxi", "changsha-yb", "jieli")
    } | {"the insurer's program": api_client(houses["changsha-yb"])}
    # and what is reached only with something typed or ticked
    (case_id,) = sealed.ids["case_id"]
    typed = [
        ("/staff/queue/search/", {"q": "韩雨桐"}),
        ("/staff/queue/bulk/", {"do": "print", "case": [case_id]}),
        (f"/staff/cases/{case_id}/reveal/", {"field": ["name"], "reason": "call"}),
    ]
    silent, answers = [], dict.fromkeys(seeing, 0)
    for who, client in seeing.items():
        asked = [("get", address, {}) for address in sorted(set(sealed.addresses()))]
        for method, address, data in asked + [("post", address, data) for address, data in typed]:
            before = trail()
            response = getattr(client, method)(address, data)
            if sealed.found_in(response):
                answers[who] += 1
                if not trail() - before:
                    silent.append((who, method, address, sealed.found_in(response)))
    assert not silent
    assert answers["chenxi"] >= 6
    assert answers["changsha-yb"] >= 3
    assert answers["the insurer's program"] >= 2
