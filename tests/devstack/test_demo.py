"""The demonstration loads through the rooms' own services, once, and shows every state."""

import re
from datetime import date
from decimal import Decimal

import pytest
from allauth.mfa.totp.internal.auth import validate_totp_code
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.models import ApiClient, Membership, Organisation, User
from charity.applications.models import Application
from charity.awards.models import Award, Case
from charity.campaigns.models import Campaign
from charity.findings.models import Finding
from charity.funds.models import RuleVersion
from devstack.demo import bills, cast, families, load, papers
from insurance.intake.models import Record
from insurance.ledger.models import NeedAccount, RecoveryCase
from insurance.linking.models import BillQuestion, Review
from outbox.models import Event
from scope import engine_scope


def test_the_measuring_case_leaves_177000_yuan_and_its_bills_add_up():
    from devstack.synthetic.people import Population
    from devstack.synthetic.settlements import identities

    child = bills.child_of_the_case(Population(1, 3).people[0])
    mine = bills.bills_of_the_case(child, date(2026, 11, 22))
    assert sum(bill.person_paid for bill in mine) == Decimal("177000.00")
    for bill in mine:
        assert set(identities(bill).values()) == {Decimal("0.00")}


def test_families_are_the_same_at_every_run_and_nobody_applies_twice():
    today = date(2026, 11, 22)
    first = families.families(*bills.everybody(today), today)
    again = families.families(*bills.everybody(today), today)
    assert first == again
    assert len({family.patient.index for family in first}) == len(first)
    assert {family.goal for family in first} == set(families.GOALS)
    assert 45 <= len(first) <= 75


@pytest.mark.parametrize("kind", ["diagnosis", "id_card", "other"])
def test_a_sample_paper_is_accepted_by_the_upload_check(kind):
    from charity.applications import documents

    paper = documents.read(papers.picture(kind, 7), 10_000_000)
    assert (paper.media_type, paper.pages) == ("image/jpeg", 1)
    assert papers.picture(kind, 7) != papers.picture(kind, 8)
    assert documents.read(papers.pdf(3), 10_000_000).media_type == "application/pdf"


def test_a_member_signs_in_with_the_code_that_anybody_can_compute(capsys):
    email = cast.email_of("chenxi.worker")
    assert validate_totp_code(cast.totp_secret(email), cast.totp_now(email))
    call_command("demo_code", email)
    assert re.fullmatch(r"\d{6}\n", capsys.readouterr().out)
    with pytest.raises(CommandError):
        call_command("demo_code", "somebody@else.example")


@pytest.mark.parametrize(("name", "value"), [("PRODUCTION", True), ("JIELI_DEMO", False)])
def test_it_is_never_loaded_in_production_or_when_switched_off(settings, name, value):
    setattr(settings, name, value)
    with pytest.raises(CommandError):
        call_command("load_demo")


@pytest.mark.services
def test_it_shows_every_state_and_loading_again_changes_nothing(real_db, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    said = []
    load.load(said.append, rest=False)
    assert not [line for line in said if "left out" in line]
    with engine_scope("test"):
        assert set(Application.objects.values_list("state", flat=True)) == {"draft", "submitted", "withdrawn"}
        assert set(Application.objects.values_list("proof", flat=True)) == {"claimed", "proven"}
        states = set(Case.objects.values_list("state", flat=True))
        assert states >= {"new", "waiting_family", "proposed", "approved", "paid", "refused", "withdrawn"}
        assert set(Record.objects.values_list("state", flat=True)) >= {"accepted", "refused", "quarantined"}
        assert Record.objects.filter(progress="awaiting_original").exists()
        assert Review.objects.filter(state="open", identity__source="campaign").exists()
        assert Review.objects.filter(state="open", identity__source="insurer").exists()
        assert Review.objects.filter(state="second", kind="merge").exists(), (
            "a yes that waits for a colleague"
        )
        assert Review.objects.filter(state="open", kind="sample").exists()
        assert BillQuestion.objects.filter(state="open").exists()
        assert RecoveryCase.objects.exists()
        assert Finding.objects.filter(outcome="found").values("fact").distinct().count() >= 2
        assert RuleVersion.objects.filter(fund__slug="chenxi-leukaemia").count() == 2
        assert Campaign.objects.filter(external_id="AX-2019-0001", paid_out=Decimal("153000.00")).exists()
        assert not Event.objects.filter(state="pending").exists()
        for award in Award.objects.exclude(approved_by=None):
            assert award.approved_by_id != award.proposed_by_id
        for need in NeedAccount.objects.all():
            assert need.reserved + need.committed + need.paid <= need.residual + need.excess
    signins = tmp_path / "demo-signins.txt"
    assert signins.stat().st_mode & 0o777 == 0o600
    text = signins.read_text()
    for first, _, _ in cast.MEMBERS:
        assert cast.email_of(first) in text
    counts = _counts()
    load.load(said.append, rest=False)
    assert _counts() == counts


def _counts():
    with engine_scope("test"):
        tables = (
            Organisation,
            User,
            Membership,
            ApiClient,
            Application,
            Case,
            Award,
            Record,
            Campaign,
            Review,
        )
        return [table.objects.count() for table in tables]
