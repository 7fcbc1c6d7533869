"""By which table and prior a score came about is kept with every link and question, and gives the score again."""

from __future__ import annotations

from datetime import date
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

import factories as make
from insurance.linking import lookup, scores, services
from insurance.linking.models import Review
from insurance.linking.pair import pair, threshold
from matching.linkage import online
from matching.linkage.scoring import DEFAULT, pair_of, score
from people import registry
from people.models import Identity, Person
from scope import engine_scope

pytestmark = pytest.mark.django_db

STAY = {"hospital": "示例市儿童医院", "disease": "急性淋巴细胞白血病"}


@pytest.fixture(autouse=True)
def measured_anew(monkeypatch):
    monkeypatch.setattr(lookup, "_size", None)


def again(identity, other, version, prior_weight):
    """The score of two descriptions under what was kept of it."""
    with engine_scope("test"):
        left, right = (Identity.objects.get(pk=pk) for pk in (identity, other))
        params = online.replayed(version, pair_of(left.source, right.source), prior_weight)
        return score(services.record_of(left), services.record_of(right), params)


@pytest.fixture
def asked(people):
    """A campaign with a hidden name, asked about: (its question, its identity)."""
    identity, _ = people.linked()
    people.bill(identity, hospital_name=STAY["hospital"], disease_name=STAY["disease"])
    people.link(identity)
    extra = {"age": 9, "birth_year": 2017, **STAY}
    campaign = people.campaign(name="陈**", birth_date=None, extra=extra)
    assert people.link(campaign).outcome == "review"
    with engine_scope("test"):
        return Review.objects.get(identity_id=campaign), campaign


def test_a_question_keeps_its_table_and_prior_and_its_score_comes_again(asked):
    review, campaign = asked
    assert (review.params, review.prior_weight) == (online.VERSION, pytest.approx(-17, abs=0.001))
    found = again(campaign, review.candidate_identity_id, review.params, review.prior_weight)
    assert (found.weight, found.probability) == (
        pytest.approx(review.weight),
        pytest.approx(review.probability),
    )


def test_a_reviewers_yes_keeps_them_on_the_link(asked):
    review, campaign = asked
    with engine_scope("test"):
        Review.objects.filter(pk=review.pk).update(state=Review.State.SAME, decided_by=1)
        services.apply_decision(review.pk)
        linked = Identity.objects.get(pk=campaign)
    assert (linked.params, linked.prior_weight) == (review.params, review.prior_weight)


def test_an_automatic_link_keeps_them_too(people):
    first, person = people.linked()
    second = people.insurer(phone="")
    assert people.link(second).person_id == person
    with engine_scope("test"):
        linked = Identity.objects.get(pk=second)
    assert linked.params == online.VERSION
    found = again(second, first, linked.params, linked.prior_weight)
    assert found.weight == pytest.approx(linked.weight)


def test_a_link_that_is_taken_back_keeps_none(people):

    people.linked()
    second = people.insurer(phone="")
    people.link(second)
    with engine_scope("test"):
        linked = Identity.objects.get(pk=second)
        registry.release(linked)
        linked.refresh_from_db()
    assert (linked.weight, linked.params, linked.prior_weight) == (None, "", None)


def test_the_desk_shows_the_lines_of_the_table_that_gave_the_score(asked):
    review, _ = asked
    limit = online.replayed(review.params, "campaign–insurer", review.prior_weight).limit("campaign–insurer")
    with engine_scope("test"):
        assert pair(review).accept_at == pytest.approx(threshold(limit.accept))
        review.params = ""  # asked before tables had versions
        assert pair(review).accept_at == pytest.approx(threshold(DEFAULT.accept))


def test_the_prior_follows_the_registry_and_is_looked_up_once_in_a_while(people, monkeypatch):
    with engine_scope("test"):
        assert lookup.tables() == online.for_size(0)
        Person.objects.create(pk=3_000_000)
        assert lookup.tables().bits == 17, "what was read holds for minutes"
        monkeypatch.setattr(lookup, "_size", (0.0 - lookup.SIZE_HOLDS, 0))
        assert lookup.tables().bits == 22


def test_a_brothers_number_on_a_form_is_asked_about(people):
    """One character apart, another birth date than the number says: the form's writer took the wrong card."""
    number = people.number(born=date(2015, 9, 24), serial=431)
    people.linked(name="王宇霖", id_number=number, birth_date=date(2015, 9, 24), sex="1", phone="16940834189")
    org = make.organisation("charity")
    with engine_scope("test"):
        description = people.describe(
            name="王宇文", id_number=number, birth_date=date(1998, 4, 6), sex="1", phone="16390530576"
        )
        mine = registry.source_identity("application", 91_001, org.pk, description)[0].pk
    assert people.link(mine).outcome == "review"
    assert people.person_of(mine) is None


def test_a_score_comes_again_from_its_levels_without_the_records(asked, people):
    """Comparisons learn (former districts, other ways to write a name): the records might agree otherwise today."""
    review, campaign = asked
    second = people.insurer(phone="")
    people.link(second)
    with engine_scope("test"):
        Review.objects.filter(pk=review.pk).update(state=Review.State.SAME, decided_by=1)
        services.apply_decision(review.pk)
        for pk in (campaign, second):
            linked = Identity.objects.get(pk=pk)
            assert scores.again(linked.params, linked.prior_weight, linked.score) == pytest.approx(
                linked.weight
            )
            assert set(linked.score) == {"pair", "levels", "rarity", "silent"}
        counts, odd = scores.check()
    assert (counts["same"], counts["other"], counts["unknown"], odd) == (3, 0, 0, [])


def test_a_changed_table_and_an_unknown_version_are_found(asked):
    review, _ = asked
    with engine_scope("test"):
        Review.objects.filter(pk=review.pk).update(weight=review.weight + 0.5)
        assert scores.check()[0]["other"] == 1
        Review.objects.filter(pk=review.pk).update(weight=review.weight, params="online-0")
        counts, odd = scores.check()
        assert counts["unknown"] == 1
        assert "online-0" in odd[0]
        with pytest.raises(CommandError):
            call_command("replay_scores", stdout=StringIO())
        Review.objects.filter(pk=review.pk).update(params=review.params)
        out = StringIO()
        call_command("replay_scores", stdout=out)
    assert "不一致 0" in out.getvalue()
