"""Records with several stays: the best of them jointly, corrected for how many there are."""

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.linkage import online
from matching.linkage.blocking import blocking_values, probing
from matching.linkage.explain import waterfall
from matching.linkage.records import PersonRecord, Stay
from matching.linkage.scoring import DEFAULT, score
from matching.linkage.values import diseases
from person_records import pairs

CANCER = Stay("中南大学湘雅医院", "支气管和肺恶性肿瘤")
COLD = Stay("望月湖社区卫生服务中心", "急性上呼吸道感染")
STROKE = Stay("长沙市第一医院", "脑梗死")
TABLES = (DEFAULT, online.for_size(10**6), online.for_size(10**6, "online-1"))
APPEAL = PersonRecord(
    name="曹*国", birth_year=1958, age=68, sex="M", area="430102", hospital="湘雅医院", disease="肺癌", source="campaign"
)  # fmt: skip


def treated(*stays, **fields):
    first, *further = stays
    values = {
        "name": "曹建国",
        "birth_year": 1958,
        "sex": "M",
        "area": "430102",
        "source": "insurer",
        **fields,
    }
    return PersonRecord(**values, hospital=first.hospital, disease=first.disease, further=tuple(further))


stay = st.builds(
    Stay,
    st.sampled_from(["", "湘雅医院", "中南大学湘雅医院", "长沙市第一医院", "长沙市中心医院", "省人民医院", "望月湖社区卫生服务中心"]),
    st.sampled_from(["", "肺癌", "C34.1", "支气管和肺恶性肿瘤", "脑梗死", "中风", "急性白血病", "感冒", "J06.900", "患者"]),
)  # fmt: skip
several = st.lists(stay, min_size=1, max_size=8)


@pytest.mark.parametrize("params", TABLES)
@pytest.mark.parametrize("stays", [(CANCER, COLD), (COLD, CANCER)])
def test_another_stay_costs_a_bit_and_no_more(params, stays):
    alone, both = score(APPEAL, treated(CANCER), params), score(APPEAL, treated(*stays), params)
    assert {f: both.levels[f] for f in ("hospital", "disease")} == {
        f: alone.levels[f] for f in ("hospital", "disease")
    }
    assert both.stays == (Stay("湘雅医院", "肺癌"), CANCER)
    assert both.among == (1, 2)
    assert alone.weight - 1 - 1e-9 <= both.weight <= alone.weight
    assert both.weight > score(APPEAL, treated(COLD), params).weight + 5


@pytest.mark.parametrize("params", TABLES)
def test_the_hospital_of_one_stay_and_the_illness_of_another_are_not_one_stay(params):
    crossed = treated(Stay(CANCER.hospital, STROKE.disease), Stay(STROKE.hospital, CANCER.disease))
    found = score(APPEAL, crossed, params)
    agreeing = [found.levels[f] in ("exact", "same_house", "group") for f in ("hospital", "disease")]
    assert sum(agreeing) == 1
    assert found.weight < score(APPEAL, treated(CANCER, STROKE), params).weight


@settings(deadline=None)
@given(several, stay, st.sampled_from(TABLES))
def test_the_odds_are_the_mean_of_what_each_stay_alone_would_give(stays, told, params):
    """So strangers' odds are 1 on average however many stays they have."""
    # Beside a city an untrained table counts a hospital's likeness once, by the stay that agrees best.
    area = None if params is DEFAULT else "430102"
    other = replace(APPEAL, hospital=told.hospital, disease=told.disease)
    found = score(other, treated(*stays, area=area), params).weight
    alone = [score(other, treated(one, area=area), params).weight for one in stays]
    if params is DEFAULT:
        assert found == pytest.approx(math.log2(math.fsum(2.0**one for one in alone) / len(alone)), abs=1e-6)
    assert found <= max(alone) + 1e-6


@settings(deadline=None)
@given(pairs, several, several, st.sampled_from(TABLES))
def test_whichever_is_asked_first_and_the_evidence_adds_up(pair, mine, theirs, params):
    a, b = (
        replace(one, hospital=stays[0].hospital, disease=stays[0].disease, further=tuple(stays[1:]))
        for one, stays in zip(pair, (mine, theirs), strict=True)
    )
    one, two = score(a, b, params), score(b, a, params)
    assert one.weight == pytest.approx(two.weight, abs=1e-9)
    assert (one.levels, one.outcome, set(one.flags)) == (two.levels, two.outcome, set(two.flags))
    assert one.weight == pytest.approx(one.prior_weight + math.fsum(e.weight for e in one.evidence))
    assert one.among == two.among[::-1]
    assert one.spread <= 0


@settings(deadline=None)
@given(several, st.randoms(use_true_random=False))
def test_the_order_of_stays_and_one_told_twice_say_nothing(stays, rng):
    params = online.for_size(10**6)
    shuffled = rng.sample(stays, len(stays))
    first = score(APPEAL, treated(*stays), params).weight
    assert score(APPEAL, treated(*shuffled), params).weight == pytest.approx(first, abs=1e-9)
    assert score(APPEAL, treated(*stays, *stays), params).weight == pytest.approx(first, abs=1e-9)


@pytest.mark.parametrize("params", TABLES)
def test_who_was_everywhere_weighs_less_than_who_was_there(params):
    houses = ["中南大学湘雅医院", "湖南省肿瘤医院", "长沙市第一医院", "长沙市中心医院"]
    everywhere = [
        Stay(house, illness) for house in houses for illness in ("肺癌", "胃癌", "脑梗死", "尿毒症")
    ]
    magnet = score(APPEAL, treated(*everywhere), params)
    assert magnet.weight < score(APPEAL, treated(CANCER), params).weight - 2
    assert magnet.weight < score(APPEAL, treated(CANCER, COLD), params).weight - 1


def test_the_chart_says_that_it_is_one_of_several():
    found = score(APPEAL, treated(CANCER, COLD))
    (item,) = [e for e in found.evidence if e.field == "stays"]
    assert item.weight == found.spread < 0
    assert item.note in waterfall(found)
    assert not [e for e in score(APPEAL, treated(CANCER)).evidence if e.field == "stays"]


def test_every_stay_is_found_by_its_own_keys():
    whole = set(blocking_values(treated(COLD, CANCER, STROKE)))
    for one in (COLD, CANCER, STROKE):
        assert set(blocking_values(treated(one))) <= whole
    assert set(probing(blocking_values(APPEAL))) & whole


@pytest.mark.parametrize(
    ("name", "code", "found"),
    [
        ("", "C34.900", "C34.900"), ("肺癌", "C34.900", "肺癌"), ("见诊断书", "C34.900", "C34.900"),
        ("恶性肿瘤", "C34.900", "C34.900"), ("肺癌", "", "肺癌"), ("", "", ""), ("右肺占位", "C34.9", "右肺占位"),
        ("急性上呼吸道感染", "J06.900", "急性上呼吸道感染"), ("患者", "J06.900", "J06.900"), ("高血压", "Z51.1", "高血压"),
        ("", "R69", ""), ("化疗", "C50.9", "C50.9"),
    ],
)  # fmt: skip
def test_of_name_and_code_the_one_that_says_more_counts(name, code, found):
    assert diseases.told(name, code) == found


@settings(deadline=None)
@given(pairs, several, several, st.sampled_from(("online-1", "online-2", online.VERSION)))
def test_a_score_of_several_stays_comes_again_from_what_is_kept(pair, mine, theirs, version):
    a, b = (
        replace(
            one, source=source, hospital=stays[0].hospital, disease=stays[0].disease, further=tuple(stays[1:])
        )
        for one, stays, source in zip(pair, (mine, theirs), ("insurer", "campaign"), strict=True)
    )
    found = score(a, b, online.for_size(10**6, version))
    kept = json.loads(json.dumps(found.kept))
    again = online.replay(found.version, found.pair, found.prior_weight, kept)
    assert again == pytest.approx(found.weight, abs=1e-9)
    for word in (*(word for one in (*mine, *theirs) for word in one), a.name, b.name):
        assert len(word or "") < 3 or word not in json.dumps(kept, ensure_ascii=False)
