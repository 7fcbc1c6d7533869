"""The precision of all decisions, from samples of their kinds."""

import csv
import io
from datetime import date, timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

import factories as make
from accounts.staff import enrol_totp
from audit.models import Entry
from insurance.linking import quality
from insurance.linking.models import Quality, Review
from insurance.linking.quality import Stratum, weighed, wilson
from scope import engine_scope

strata = st.builds(
    lambda seen, judged, share: Stratum(seen, judged, round(judged * share)),
    st.integers(0, 100_000), st.integers(0, 200), st.floats(0, 1),
)  # fmt: skip


def test_a_rare_kind_counts_as_rarely_as_it_is():
    common, rare = Stratum(9_900, 50, 50), Stratum(100, 50, 25)
    share, low, high = weighed([common, rare])
    assert share == pytest.approx(0.995)
    assert low < share < high <= 1
    pooled = 75 / 100
    assert low > pooled


def test_one_kind_alone_is_its_wilson_interval():
    share, low, high = weighed([Stratum(500, 40, 38)])
    assert (share, low, high) == (pytest.approx(0.95), *map(pytest.approx, wilson(38, 40)))


def test_a_kind_that_nobody_judged_widens_the_interval_by_what_there_is_of_it():
    _, low, _ = weighed([Stratum(900, 100, 100)])
    _, wider, high = weighed([Stratum(900, 100, 100), Stratum(100, 0, 0)])
    assert wider == pytest.approx(low, abs=0.11)
    assert wider < low - 0.05
    assert high == 1


def test_few_are_those_after_which_even_all_right_leaves_more_than_one_in_twenty_open():
    assert wilson(quality.FEW - 1, quality.FEW - 1)[0] < 0.95 <= wilson(quality.FEW, quality.FEW)[0]


@given(st.lists(strata, max_size=12))
def test_the_share_lies_within_its_interval_whatever_the_order(kinds):
    share, low, high = weighed(kinds)
    assert 0 <= low <= high <= 1
    if share is None:
        assert not any(one.judged for one in kinds)
    else:
        assert low - 1e-9 <= share <= high + 1e-9
    assert weighed(kinds[::-1]) == (
        share if share is None else pytest.approx(share),
        pytest.approx(low),
        pytest.approx(high),
    )


# --- what the page and its file tell ---------------------------------------------------------------


@pytest.fixture
def judged(people):
    """A sample of an accepted link that was judged right today, one of a rejected pair judged wrong last week."""
    identity, person = people.linked()
    other, _other = people.linked(
        name="欧阳静怡", id_number="", id_valid=False, birth_date=date(1984, 5, 2), phone="139"
    )
    now = timezone.now()
    with engine_scope("test"):
        for described, outcome, state, when, band in (
            (identity, "accept", "same", now, "12–16"),
            (other, "reject", "same", now - timedelta(days=7), "0–4"),
        ):
            Review.objects.create(
                kind="sample", identity_id=described, candidate_id=person, candidate_identity_id=identity,
                weight=13.0, probability=0.9, prior_weight=0.0, evidence=[], state=state, decided_at=when,
                decided_by=7,
                sampled={"month": "2026-10", "pair": "insurer–insurer", "band": band, "outcome": outcome},
            )  # fmt: skip
            right = int((outcome == "accept") == (state == "same"))
            Quality.objects.create(
                month="2026-10", pair="insurer–insurer", band=band, outcome=outcome, seen=90, drawn=2,
                right=right, wrong=1 - right,
            )  # fmt: skip


@pytest.mark.django_db
def test_what_the_figures_rest_on_is_told(judged):
    with engine_scope("test"):
        told = quality.basis()
    assert told == quality.Basis("2026-10", drawn=4, judged=2, waiting=2, seen=180)


@pytest.mark.django_db
def test_each_pair_of_sources_stands_for_itself(judged):
    with engine_scope("test"):
        accepted, rejected = quality.by_sources()
    assert (accepted.sources, accepted.accepted, accepted.share) == ("医保记录与医保记录", True, 1.0)
    assert (rejected.accepted, rejected.wrong, rejected.share) == (False, 1, 0.0)


@pytest.mark.django_db
def test_the_weeks_add_up_to_what_was_judged_and_those_without_stand_too(judged):
    with engine_scope("test"):
        weeks = quality.weekly()
    assert len(weeks) == 8
    assert [week.judged for week in weeks] == [0] * 6 + [1, 1]
    assert all(week.monday.weekday() == 0 for week in weeks)
    assert (weeks[-1].accepted.share, weeks[-2].rejected.share) == (1.0, 0.0)
    assert weeks[0].accepted.share is None


@pytest.mark.django_db
def test_the_file_holds_the_estimates_and_the_counts_to_reckon_them_again(judged):
    with engine_scope("test"):
        text = quality.as_csv().decode("utf-8-sig")
    head, *lines = list(csv.reader(io.StringIO(text)))
    told = [dict(zip(head, line, strict=True)) for line in lines]
    assert [line["范围"] for line in told] == ["全部"] * 2 + ["按来源"] * 2 + ["按月和来源"] * 2 + [
        "原始计数"
    ] * 2
    assert told[0]["估计对的"] == "100.00%"
    for line in told[-2:]:
        assert int(line["判对"]) + int(line["判错"]) == int(line["已判断"]) == 1
        assert line["随机看到"] == "90"
    assert {line["权重分段"] for line in told[-2:]} == {"12–16", "0–4"}


@pytest.mark.django_db
def test_the_page_says_what_the_figure_is_and_the_file_is_in_the_log(judged):
    operator = make.organisation("operator")
    user = make.user(operator, "linkage_reviewer")
    enrol_totp(user)
    client = Client()
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    page = client.get(reverse("linking:precision")).content.decode()
    for words in (
        "估计对的",
        "2026-10 起抽出 4 件，2 件还没有判断",
        "95% 区间",
        "按来源",
        "按周",
        "怎么算的",
    ):
        assert words in page
    answer = client.get(reverse("linking:precision_csv"))
    assert answer["Content-Type"].startswith("text/csv")
    with engine_scope("test"):
        assert Entry.objects.filter(action="linking.quality_exported").count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(("kind", "role", "may"), [
    ("regulator", "auditor", True), ("operator", "administrator", True), ("charity", "auditor", False),
    ("statutory_insurer", "administrator", False),
])  # fmt: skip
def test_who_looks_after_the_operator_reads_the_counts_and_no_more(judged, kind, role, may):
    user = make.user(make.organisation(kind), role)
    enrol_totp(user)
    client = Client()
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    page = client.get(reverse("linking:precision"))
    assert page.status_code == (200 if may else 403)
    assert client.get(reverse("linking:precision_csv")).status_code == page.status_code
    if may:
        html = page.content.decode()
        assert "2026-10 起抽出 4 件" in html
        assert "按周" not in html, "the single answers are the reviewers'"
        assert reverse("linking:queue") + '"' not in html
        assert client.get(reverse("linking:queue")).status_code == 403


@pytest.mark.django_db
def test_before_anything_is_judged_the_page_says_what_to_do():
    operator = make.organisation("operator")
    user = make.user(operator, "linkage_reviewer")
    enrol_totp(user)
    client = Client()
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    page = client.get(reverse("linking:precision")).content.decode()
    assert "还没有抽查过" in page
    assert "导出表格" not in page
    with engine_scope("test"):
        Quality.objects.create(
            month="2026-10", pair="insurer–insurer", band="12–16", outcome="accept", drawn=3
        )
    page = client.get(reverse("linking:precision")).content.decode()
    assert "抽出了 3 件，还没有人判断" in page
