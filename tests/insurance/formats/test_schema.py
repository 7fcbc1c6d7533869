from __future__ import annotations

import pytest

from insurance.formats import Accepted
from insurance.formats.dialects import settlement
from insurance.formats.schema import EXAMPLES, SETTLEMENT_SCHEMA


@pytest.mark.parametrize("dialect", sorted(EXAMPLES))
def test_every_example_is_accepted_as_the_dialect_it_stands_for(send, dialect):
    result = send(EXAMPLES[dialect])
    assert isinstance(result, Accepted)
    assert result.settlement.dialect == dialect
    assert send(EXAMPLES[dialect], dialect) == result


def test_the_schema_names_what_the_reader_reads():
    described = set()
    for name, part in SETTLEMENT_SCHEMA["properties"].items():
        nested = part.get("properties") if name in settlement.NESTED else None
        described |= {f"{name}.{key}" for key in nested} if nested else {name}
    assert described == set(settlement.DIALECT.targets)
