"""The bounded offer: the least bound, floored to the fen, with what binds and what is not certain."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from matching.allocation import Bound, bounded_offer, floor_fen

AMOUNTS = st.decimals("-1000", "1000000", places=4, allow_nan=False)
BOUNDS = st.lists(
    st.builds(
        Bound,
        st.sampled_from(["grant", "residual", "open", "cap_life", "fund_available"]),
        st.just("界限"),
        st.none() | AMOUNTS,
        certain=st.booleans(),
        least=st.none() | AMOUNTS,
    ),
    max_size=6,
)


@settings(deadline=None)
@given(BOUNDS)
def test_it_never_exceeds_a_bound_and_never_goes_below_zero(bounds):
    offer = bounded_offer(bounds)
    for amount in (offer.amount, offer.ceiling):
        if amount is not None:
            assert amount >= 0
            assert amount == amount.quantize(Decimal("0.01"))
            assert all(amount <= max(b.amount, 0) for b in bounds if b.amount is not None)


@settings(deadline=None)
@given(BOUNDS)
def test_the_binding_bounds_are_exactly_those_that_equal_the_ceiling(bounds):
    offer = bounded_offer(bounds)
    assert bool(offer.binding) == (offer.ceiling is not None)
    for bound in offer.bounds:
        if bound.amount is not None and bound.name not in offer.binding:
            assert bound.amount > offer.ceiling


@settings(deadline=None)
@given(BOUNDS)
def test_an_amount_is_final_only_when_no_uncertain_bound_could_change_it(bounds):
    offer = bounded_offer(bounds)
    if offer.amount is not None:
        for bound in bounds:
            if bound.amount is None or not bound.certain:
                assert max(bound.least or 0, 0) >= offer.amount
    if bounds and all(b.certain and b.amount is not None for b in bounds):
        assert offer.amount == offer.ceiling


def test_it_rounds_down_and_names_what_binds():
    offer = bounded_offer(
        [Bound("grant", "档位", Decimal("30000")), Bound("open", "余额", Decimal("27361.819"))]
    )
    assert offer.amount == Decimal("27361.81")
    assert offer.binding == ("open",)


def test_without_any_bound_nothing_is_offered():
    assert bounded_offer([]).amount is None


def test_a_negative_amount_is_nothing():
    assert floor_fen(Decimal("-0.01")) == Decimal("0.00")


def test_an_uncertain_grant_does_not_hold_up_an_offer_that_the_open_remainder_already_limits():
    grant = Bound("grant", "档位", Decimal("50000.00"), certain=False, least=Decimal("30000.00"))
    short = bounded_offer([grant, Bound("open", "余额", Decimal("27361.81"))])
    assert (short.amount, short.unknown) == (Decimal("27361.81"), ("grant",))
    long = bounded_offer([grant, Bound("open", "余额", Decimal("40000.00"))])
    assert (long.amount, long.ceiling) == (None, Decimal("40000.00"))
