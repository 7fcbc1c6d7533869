from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web import charts
from web.charts import Limit, Part, WaterfallRow, Week

yuan = st.decimals(min_value=0, max_value=Decimal("1e8"), places=2)


def per_cent(text):
    assert text.endswith("%")
    return float(text[:-1])


@given(st.lists(st.tuples(yuan, st.sampled_from(["paid", "reserved"])), max_size=8), yuan)
def test_what_the_payers_leave_is_what_stands_open(payers, rest):
    total = sum((amount for amount, _ in payers), rest)
    rows = [WaterfallRow("总", total, "total")]
    rows += [WaterfallRow("付", amount, state) for amount, state in payers]
    bars = charts.waterfall([*rows, WaterfallRow("还没着落", None, "open")])
    assert bars[-1].remains == f"¥{rest:,.2f}"
    assert all(-0.01 <= per_cent(b.x) <= 100 and per_cent(b.x) + per_cent(b.width) <= 100.5 for b in bars)


def test_each_bar_starts_where_the_one_above_ended():
    bars = charts.waterfall(
        [
            WaterfallRow("总", Decimal(100), "total"),
            WaterfallRow("甲", Decimal(60), "paid"),
            WaterfallRow("乙", Decimal(10), "reserved"),
            WaterfallRow("余", None, "open"),
        ]
    )
    assert [(b.x, b.width) for b in bars] == [
        ("0.00%", "100.00%"),
        ("40.00%", "60.00%"),
        ("30.00%", "10.00%"),
        ("0.00%", "30.00%"),
    ]
    assert [b.hatched for b in bars] == [False, False, True, True]
    assert all(below.link_from == above.link_to for above, below in pairwise(bars))


@pytest.mark.parametrize("rows", [[], [WaterfallRow("总", None, "total")]])
def test_a_waterfall_needs_its_total(rows):
    with pytest.raises(ValueError, match="total"):
        charts.waterfall(rows)


def test_a_waterfall_refuses_a_negative_amount():
    with pytest.raises(ValueError, match="negative"):
        charts.waterfall([WaterfallRow("总", Decimal(1), "total"), WaterfallRow("付", Decimal(-1))])


@given(st.lists(yuan, min_size=1, max_size=8))
def test_parts_lie_side_by_side_inside_the_bar(amounts):
    bar = charts.stacked_bar([Part("份", amount) for amount in amounts])
    ends = [per_cent(s.x) + per_cent(s.width) for s in bar.segments]
    starts = [per_cent(s.x) for s in bar.segments[1:]]
    assert all(end <= start + 0.02 for end, start in zip(ends, starts, strict=False))
    assert ends[-1] <= 100.01


def test_a_budget_names_its_four_states():
    bar = charts.budget_bar(Decimal(50), Decimal(20), Decimal(10), Decimal(20), ["94 人"])
    assert [s.share for s in bar.segments] == ["50%", "20%", "10%", "20%"]
    assert [s.state for s in bar.segments] == ["paid", "committed", "reserved", "free"]
    assert bar.segments[0].sub == "94 人"
    assert "¥50.00" in bar.title


def test_an_empty_budget_is_drawn_without_dividing_by_zero():
    bar = charts.budget_bar(*[Decimal(0)] * 4)
    assert {s.width for s in bar.segments} == {"0.00%"}


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), max_size=12))
def test_weekly_bars_stand_on_the_base_line(weeks):
    chart = charts.weekly_bars([Week("w", a, b) for a, b in weeks], height=90)
    assert all(b.y_received + b.h_received == 108 and b.y_done + b.h_done == 108 for b in chart.bars)
    assert all(0 <= b.h_received <= 90 for b in chart.bars)


@given(st.floats(-100, 100))
def test_evidence_points_away_from_the_centre_line(value):
    bar = charts.evidence_bar(value)
    left, right = per_cent(bar.x), per_cent(bar.x) + per_cent(bar.width)
    if value < 0:
        assert bar.side == "against"
        assert right == pytest.approx(50, abs=0.011)
    else:
        assert bar.side == "for"
        assert left == 50
    assert left >= 0
    assert right <= 100


def test_missing_evidence_counts_for_nothing():
    bar = charts.evidence_bar(None)
    assert (bar.side, bar.text, bar.width) == ("none", "—", "0.00%")


@given(st.lists(yuan, min_size=1, max_size=4), yuan)
def test_the_amount_never_passes_the_lowest_limit(limits, amount):
    bar = charts.limit_bar([Limit("限", limit) for limit in limits], amount)
    assert bar.limit == min(limits)
    assert bar.lines[0].binds
    assert per_cent(bar.filled) <= per_cent(bar.at) + 0.01
    assert per_cent(bar.at) + per_cent(bar.beyond) == pytest.approx(100, abs=0.02)


def test_only_the_lowest_limit_binds():
    bar = charts.limit_bar([Limit("档位", Decimal(30000)), Limit("余额", Decimal("27361.81"))])
    assert [(line.label, line.binds) for line in bar.lines] == [("余额", True), ("档位", False)]
    assert bar.at == "91.21%"


def test_an_amount_needs_a_limit():
    with pytest.raises(ValueError, match="limit"):
        charts.limit_bar([])


def test_a_merkle_path_climbs_from_leaf_to_root():
    path = charts.merkle_path("12", ["a", "b", "c"], verified=True)
    assert [step.hash for step in path.steps] == ["a", "b", "c"]
    heights = [path.leaf_y, *(step.node_y for step in path.steps)]
    assert heights == sorted(heights, reverse=True)
    assert (path.steps[-1].node_x, path.steps[-1].node_y) == (path.root_x, path.root_y)
    assert "不一致" in charts.merkle_path("12", [], verified=False).title


def test_waiting_past_the_promise_is_said_in_days():
    assert charts.waiting(6, 10).text == "第 6 天 / 10"
    late = charts.waiting(12, 10)
    assert (late.late, late.text, late.width) == (True, "! 已超 2 天", "100.00%")


@pytest.mark.parametrize("typed", ["😀", "5万", "", None, "1e999", "NaN", "-5", "1e40"])
def test_whatever_was_typed_into_the_amount_field_the_bar_is_drawn(typed):
    from web.templatetags.jieli import limit_bar

    assert limit_bar([Limit("余额", Decimal("24000.00"))], typed)["bar"]


@given(
    st.lists(st.decimals(min_value=0, max_value=10**9, places=2), min_size=1, max_size=6),
    st.decimals(min_value=0, max_value=10**9, places=2),
)
def test_shares_in_whole_per_cent_add_up(amounts, rest):
    whole = sum(amounts, Decimal(0)) + rest
    shown = charts.whole_percents(amounts, whole)
    if whole == 0:
        assert set(shown) == {0}
        return
    assert sum(shown) <= 100
    if rest == 0:
        assert sum(shown) == 100
    for amount, share in zip(amounts, shown, strict=True):
        assert abs(share - amount / whole * 100) < 1 or share == 99
        assert share < 100 or amount == whole


def test_a_budget_in_three_thirds_is_not_101_per_cent():
    bar = charts.budget_bar(Decimal(335), Decimal(335), Decimal(330), Decimal(0))
    assert sum(int(part.share.rstrip("%")) for part in bar.segments) == 100
