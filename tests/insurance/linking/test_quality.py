"""The precision of all decisions, from samples of their kinds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insurance.linking.quality import Stratum, weighed, wilson

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
