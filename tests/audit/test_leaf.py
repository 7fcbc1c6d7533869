import base64
import hashlib
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import leaf, verify

words = st.text(
    alphabet=st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00"), max_size=12
)
keys = st.text(alphabet=st.characters(max_codepoint=0xD7FF, blacklist_characters="\x00"), max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


def test_the_bytes_of_a_version_1_leaf_never_change():
    salt = bytes(range(32))
    payload = leaf.canonical_payload({"settlement": 12, "amount": "366.07", "fields": ["姓名"]})
    assert payload.decode() == '{"amount":"366.07","fields":["姓名"],"settlement":12}'
    assert leaf.commitment(salt, payload) == hashlib.sha256(salt + payload).digest()
    data = leaf.leaf_bytes(
        entry_id=7,
        time=leaf.microseconds(datetime(2026, 3, 1, 8, 0, 0, 123456, tzinfo=UTC)),
        actor="staff:12@3",
        action="award.approved",
        subject="award:5",
        payload_commitment=bytes(32),
    )
    assert data == (
        b'{"action":"award.approved","actor":"staff:12@3","id":7,"payload":"'
        + base64.b64encode(bytes(32))
        + b'","subject":"award:5","time":1772352000123456,"v":1}'
    )


@given(payload=st.dictionaries(keys, values, max_size=5))
def test_the_stand_alone_verifier_writes_the_same_canonical_json(payload):
    assert verify.canonical(payload) == leaf.canonical_payload(payload)


@pytest.mark.parametrize(
    ("payload", "place"),
    [
        ({"amount": 1.5}, "payload.amount"),
        ({"amount": Decimal("1.50")}, "payload.amount"),
        ({"a": [{"at": datetime(2026, 1, 1)}]}, r"payload.a\[0\].at"),
        ({"big": 2**53}, "payload.big"),
        ({1: "x"}, "keys are strings"),
        ({"nul": "a\x00b"}, "payload.nul"),
        ({"half": "\ud800"}, "payload.half"),
        ({"long": "x" * 70_000}, "at most"),
        (["a"], "mapping"),
    ],
)
def test_it_refuses_a_payload_that_has_no_exact_form_and_names_the_place(payload, place):
    with pytest.raises(leaf.InvalidEntry, match=place):
        leaf.canonical_payload(payload)


def test_a_choice_is_stored_as_its_plain_value():
    class State(StrEnum):
        OPEN = "open"

    assert leaf.canonical_payload({"state": State.OPEN}) == b'{"state":"open"}'


@pytest.mark.parametrize(
    ("action", "subject"),
    [
        ("approved", "award:5"),
        ("award.approved", "award"),
        ("award.approved", "person:陈雨涵"),
        ("Award.x", "a:1"),
    ],
)
def test_it_refuses_words_that_are_not_of_the_agreed_shape(action, subject):
    with pytest.raises(leaf.InvalidEntry):
        leaf.check_words(action, subject)
