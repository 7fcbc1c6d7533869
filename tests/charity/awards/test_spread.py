"""Aid beyond one bill is not lost: the measuring case's 153,000 on bills of 121,350.50 and 55,649.50."""

from decimal import Decimal as D

from hypothesis import given
from hypothesis import strategies as st

from charity.awards.facts import spread

yuan = st.decimals(min_value=0, max_value=200_000, places=2)


def test_an_appeal_larger_than_the_newest_bill_reaches_the_older_one():
    older, newer = spread({"crowdfunding": D("153000.00")}, [D("121350.50"), D("55649.50")])
    assert newer == (("crowdfunding", D("55649.50")),)
    assert older == (("crowdfunding", D("97350.50")),)
    assert D("177000.00") - D("153000.00") == D("121350.50") - D("97350.50")


@given(
    st.dictionaries(st.sampled_from(["charity", "commercial", "crowdfunding"]), yuan),
    st.lists(yuan, min_size=1),
)
def test_nothing_of_any_layer_is_lost_or_made(aid, borne):
    found = spread(aid, borne)
    assert len(found) == len(borne)
    for layer, amount in aid.items():
        assert sum((dict(mine).get(layer, D(0)) for mine in found), D(0)) == amount
    for mine, amount in list(zip(found, borne, strict=True))[:-1]:
        assert sum(dict(mine).values()) <= amount
