"""Which issuing centres a sender may push for: said by the operator's administrator, checked against real places."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

import factories
from accounts.models import Organisation
from accounts.staff import enrol_totp
from audit.models import Entry
from insurance.desk import centres
from insurance.intake.evaluation import Centres
from scope import actor_scope

pytestmark = pytest.mark.django_db


def browser(kind, *roles):
    person = factories.user(factories.organisation(kind), *roles)
    enrol_totp(person)
    client = Client()
    client.force_login(person, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client


@pytest.fixture
def chief():
    return browser("operator", "administrator")


@pytest.fixture
def insurer():
    return factories.organisation(
        "statutory_insurer", name="长沙市医保局", short_name="长沙医保", area="430100", centres=["430100"]
    )


@pytest.mark.parametrize(
    "code",
    ["430100", "430199", "430171", "430104", "430000", "439900", "110101", "110199", "500241", "429004",
     "659001", "441900", "430100001", "430100000001"],
)  # fmt: skip
def test_codes_of_places_and_their_own_levels_are_centres(code):
    assert centres.is_centre(code)


@pytest.mark.parametrize(
    "code",
    [
        "",
        "43",
        "4301",
        "990000",
        "990100",
        "437700",
        "110501",
        "4301OO",
        "４３０１００",
        "4301000000001",
        "-43010",
    ],
)
def test_what_is_no_place_is_no_centre(code):
    assert not centres.is_centre(code)


@given(st.text(max_size=60))
def test_a_list_is_read_or_refused_and_reads_the_same_again(text):
    try:
        codes = centres.read(text)
    except centres.Refused:
        return
    assert all(centres.is_centre(code) for code in codes)
    assert centres.read("\n".join(codes)) == codes


def test_a_list_is_read_however_it_is_typed():
    assert centres.read(" 430100，430199\n４３０１０４、430100;430102 ") == [
        "430100",
        "430199",
        "430104",
        "430102",
    ]


def test_the_operators_administrator_changes_the_list_with_before_and_after_in_the_log(chief, insurer):
    page = chief.get(reverse("desk:centres")).content.decode()
    assert "长沙医保" in page
    assert "湖南省长沙市" in page
    url = reverse("desk:sender", args=[insurer.pk])
    assert chief.post(url, {"codes": "430100\n430199\n130300"}).url == url
    insurer.refresh_from_db()
    assert insurer.centres == ["430100", "430199", "130300"]
    assert Centres(insurer).allow("130300")
    entry = Entry.objects.get(action="organisation.centres_changed")
    assert entry.subject == f"organisation:{insurer.pk}"
    assert entry.content.payload == {"before": ["430100"], "after": ["430100", "430199", "130300"]}
    assert "河北省秦皇岛市" in chief.get(url).content.decode()


def test_the_same_list_again_changes_and_records_nothing(chief, insurer):
    chief.post(reverse("desk:sender", args=[insurer.pk]), {"codes": "430100"})
    assert not Entry.objects.filter(action="organisation.centres_changed").exists()


def test_an_empty_list_leaves_the_own_city(chief, insurer):
    chief.post(reverse("desk:sender", args=[insurer.pk]), {"codes": " "})
    insurer.refresh_from_db()
    assert insurer.centres == []
    assert Centres(insurer).allow("430104")
    assert not Centres(insurer).allow("130300")


def test_a_wrong_code_is_named_and_nothing_is_kept(chief, insurer):
    answer = chief.post(reverse("desk:sender", args=[insurer.pk]), {"codes": "430199\n437700\nabc"})
    assert answer.status_code == 400
    assert "437700、ABC" in answer.content.decode().upper()
    insurer.refresh_from_db()
    assert insurer.centres == ["430100"]


@pytest.mark.parametrize("kind", ["charity", "regulator", "crowdfunding"])
def test_who_pushes_no_bills_has_no_centres(chief, kind):
    house = factories.organisation(kind)
    assert chief.get(reverse("desk:sender", args=[house.pk])).status_code == 404


@pytest.mark.parametrize(
    ("kind", "role"),
    [("operator", "auditor"), ("statutory_insurer", "administrator"), ("regulator", "administrator")],
)
def test_nobody_else_may(insurer, kind, role):
    other = browser(kind, role)
    for url in (reverse("desk:centres"), reverse("desk:sender", args=[insurer.pk])):
        assert other.get(url).status_code == 403
        assert other.post(url, {"codes": "130300"}).status_code == 403
    assert Organisation.objects.get(pk=insurer.pk).centres == ["430100"]


def test_the_service_asks_for_the_administrator_too(insurer):
    with actor_scope(factories.staff(factories.organisation("operator"), "auditor")) as actor:
        with pytest.raises(PermissionError):
            centres.change(actor, insurer.pk, "130300")
