"""The shipped tables of the online path: what they say, how the prior follows the registry, that a score comes again."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import replace
from datetime import date
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.linkage import online, scoring
from matching.linkage.records import PersonRecord
from matching.linkage.scoring import DEFAULT, pair_of, person_model, score, score_many

INSURER = PersonRecord(
    name="陈雨涵", id_number="430102201703080422", birth_date=date(2017, 3, 8), sex="F", phone="13800005521",
    area="430102", hospital="湖南省儿童医院", disease="急性淋巴细胞白血病", source="insurer",
)  # fmt: skip
APPLICATION = replace(INSURER, phone="13800005529", hospital=None, source="application")
CAMPAIGN = PersonRecord(
    name="陈**", birth_year=2017, age=9, sex="F", area="430100", hospital="湖南省儿童医院", disease="白血病",
    source="campaign",
)  # fmt: skip
TRAINED = (
    "application–application", "application–campaign", "application–insurer", "campaign–insurer", "insurer–insurer",
)  # fmt: skip
#: What older versions know.
FIRST = ("application–insurer", "campaign–insurer")


@pytest.mark.parametrize("pair", TRAINED)
def test_a_trained_table_is_a_table_of_the_person_model(pair):
    params = online.for_size(1).of(pair)
    assert params.version == online.VERSION
    for comparison in person_model().comparisons:
        for table, believed in ((params.m, comparison.default_m), (params.u, comparison.default_u)):
            shares = comparison.known(table[comparison.name], believed)
            assert len(shares) == comparison.size - 1
            # Levels that hardly anybody shows keep the ratio that is believed of them, beside the others' shares.
            assert sum(table[comparison.name]) == pytest.approx(1, abs=0.1)
            assert min(shares) >= 0


def test_the_file_says_what_made_it_and_what_was_expected():
    body = json.loads(
        files("matching.linkage").joinpath(f"data/{online.VERSION}.json").read_text(encoding="utf-8")
    )
    assert body["version"] == online.VERSION
    assert body["source"].startswith("python -m bench.linkage.parameters ")
    assert set(body["tables"]) == set(TRAINED)
    assert min(body["records"].values()) > 1000
    for pair, accept in body["accept_of_training"].items():
        assert 0.99 <= body["tables"][pair]["limits"][pair]["accept"] <= max(accept, 0.9999)


@given(st.integers(0, 2_000_000_000))
def test_the_prior_is_one_of_the_registry_and_never_above_the_floor(persons):
    prior = online.for_size(persons).of("campaign–insurer").prior
    assert prior <= 1 / max(persons, online.LEAST)
    assert prior > 0.49 / max(persons, online.LEAST)


@given(st.integers(0, 2_000_000_000), st.sampled_from(["", "campaign–campaign"]))
def test_what_was_not_trained_never_gets_a_higher_prior_than_it_was_believed_with(persons, pair):
    params = online.for_size(persons).of(pair)
    assert (params.m, params.u) == (DEFAULT.m, DEFAULT.u)
    assert params.prior <= min(DEFAULT.prior, 1 / max(persons, 1)) or params is DEFAULT
    assert params is DEFAULT or params.prior < DEFAULT.prior


def test_families_grow_with_the_registry_and_chance_does_not():
    small, large = (online.for_size(n).of("application–insurer") for n in (online.LEAST, 64 * online.LEAST))
    assert large.prior * 64 == pytest.approx(small.prior)
    for one, other in zip(small.kin, large.kin, strict=True):
        times = 1 if one.circle else 64
        assert other.share * times == pytest.approx(one.share)
    assert {one.circle for one in small.kin} >= {"", "place"}


def test_a_larger_registry_makes_every_pair_less_likely():
    tables = [online.for_size(n) for n in (1, 10**6, 10**8, 10**9)]
    weights = [score(CAMPAIGN, INSURER, table).weight for table in tables]
    assert weights == sorted(set(weights), reverse=True)


def test_who_is_held_against_his_family_stays_so_in_a_larger_registry():
    small, large = (score(APPLICATION, INSURER, online.for_size(n)) for n in (1, 10**9))
    household = [pair.evidence[-1] for pair in (small, large)]
    assert [item.field for item in household] == ["household", "household"]
    assert small.weight == pytest.approx(large.weight, abs=0.1), "he and they are as many as before"


def test_each_pair_of_sources_has_its_own_table():
    tables = online.for_size(10**6)
    for mine in (INSURER, APPLICATION):
        both = score_many(mine, [APPLICATION, CAMPAIGN, INSURER], tables)
        assert both == [
            score(mine, other, tables.of(pair_of(mine.source, other.source)))
            for other in (APPLICATION, CAMPAIGN, INSURER)
        ]
        assert {pair.version for pair in both} == {online.VERSION}
    assert score(CAMPAIGN, CAMPAIGN, tables).version == DEFAULT.version, "no appeal is anybody's candidate"
    assert score(INSURER, INSURER, online.for_size(10**6, "online-2")).version == DEFAULT.version


def test_a_masked_campaign_that_fits_is_shown_to_people_and_never_accepted():
    pair = score(CAMPAIGN, INSURER, online.for_size(50_000))
    assert pair.outcome == "review"
    assert score(CAMPAIGN, INSURER).outcome == "reject", "this is what training was for"
    stranger = replace(INSURER, birth_date=date(1961, 3, 8), id_number=None, sex="M")
    assert score(CAMPAIGN, stranger, online.for_size(50_000)).outcome == "reject"


@given(st.integers(0, 2_000_000_000), st.sampled_from([APPLICATION, CAMPAIGN, replace(INSURER, phone=None)]))
def test_a_past_score_is_found_again_from_its_version_and_prior(persons, mine):
    before = score(mine, INSURER, online.for_size(persons))
    params = online.replayed(before.version, pair_of(mine.source, "insurer"), before.prior_weight)
    again = score(mine, INSURER, params)
    assert math.isclose(again.weight, before.weight, abs_tol=1e-6)
    assert again.outcome == before.outcome
    assert again.levels == before.levels


def test_scores_kept_before_there_were_versions_are_those_of_the_untrained_table():
    kept = score(APPLICATION, INSURER)
    found = online.replayed("", "application–insurer", kept.prior_weight)
    assert (found.version, found.prior) == ("untrained-2", DEFAULT.prior)
    assert online.replayed(DEFAULT.version, "", kept.prior_weight) is DEFAULT


def test_an_unknown_version_is_refused():
    with pytest.raises(ValueError, match="no parameter table"):
        online.replayed("online-0", "application–insurer", -17.0)
    with pytest.raises(ValueError, match="no table for"):
        online.replayed("online-2", "insurer–insurer", -17.0)


def test_what_the_code_believes_is_what_the_newest_untrained_table_keeps():
    """If this fails, the beliefs of a comparison changed: write data/untrained-N.json under a new version."""
    version = scoring.UNTRAINED[-1]
    assert json.loads(scoring.believed(version).to_json()) == json.loads(DEFAULT.to_json())


def test_every_untrained_table_that_was_ever_in_use_is_still_there_and_as_it_was():
    kept = {
        v: hashlib.sha256(scoring.untrained(v).to_json().encode()).hexdigest()[:16] for v in scoring.UNTRAINED
    }
    assert kept == {
        "untrained-2": "1f10a775c8a1a852",
        "untrained-4": "7f4610b57f5e7ae1",
        "untrained-5": "afb998e2f908d4a7",
        "untrained-6": "9a77d217c7012d75",
    }
    shipped = {
        v: hashlib.sha256(files("matching.linkage").joinpath(f"data/{v}.json").read_bytes()).hexdigest()[:16]
        for v in online.VERSIONS
    }
    assert shipped == {
        "online-1": "bf5986fdbca6aff4",
        "online-2": "e9283cf6ed82a912",
        "online-3": "d1028cdb63d94d7e",
    }


def test_a_table_from_before_impossible_numbers_were_told_apart_weighs_what_it_knew_as_before():
    old, model = scoring.untrained("untrained-2"), scoring.person_model()
    number = next(c for c in model.comparisons if c.name == "id_number")
    assert len(old.m["id_number"]) == number.size - 2
    weights = dict(zip(number.levels, old.weights(number).tolist(), strict=True))
    m, u = old.m["id_number"], old.u["id_number"]
    before = ("exact", "near_1", "masked", "near_2", "masked_else", "else")
    assert [weights[level] for level in before] == pytest.approx(
        [math.log2(a / b) for a, b in zip(m, u, strict=True)]
    )
    assert 0 < weights["unproven"] < weights["masked"]


def test_a_level_that_a_table_does_not_know_weighs_what_its_pairs_weighed_before():
    tables = [
        scoring.untrained("untrained-2"),
        *(online.for_size(1, "online-1").of(pair) for pair in FIRST),
    ]
    for comparison in scoring.person_model().comparisons:
        for level, before in comparison.added.items():
            for table in tables:
                weights = dict(zip(comparison.levels, table.weights(comparison).tolist(), strict=True))
                assert weights[level] == weights[before]
