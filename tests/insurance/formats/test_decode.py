from __future__ import annotations

import json
from decimal import Decimal

import pytest

from insurance.formats import Refused, RequestFault, decode_body, read


def fault_of(body, **limits):
    with pytest.raises(RequestFault) as caught:
        decode_body(body, **limits)
    return caught.value


def test_it_takes_one_object_a_list_and_a_list_with_a_name():
    for body in (b'{"setl_id":"1"}', b' [{"setl_id":"1"}]\n', b'\xef\xbb\xbf{"records":[{"setl_id":"1"}]}'):
        (record,) = decode_body(body).records
        assert record.value == {"setl_id": "1"}
        assert record.raw == b'{"setl_id":"1"}'


def test_the_dialect_may_stand_beside_the_records():
    assert decode_body(b'{"dialect":"setl_d","records":[{}]}').dialect == "setl_d"
    assert decode_body(b'{"dialect":7,"records":[{}]}').dialect is None


def test_numbers_are_decimals_as_written():
    (record,) = decode_body(b'{"a":0.1,"b":366.070,"c":12345678901234567890,"d":2}').records
    assert record.value == {"a": Decimal("0.1"), "b": Decimal("366.070"), "c": 12345678901234567890, "d": 2}
    assert str(record.value["b"]) == "366.070"


def test_it_says_where_the_json_breaks():
    fault = fault_of(b'[{"a":1},\n {"a":nope}]')
    assert (fault.code, fault.status, fault.params) == ("malformed_json", 400, {"line": "2", "column": "7"})
    assert "第 2 行第 7 列" in fault.text()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "empty_body"),
        (b"  ", "empty_body"),
        (b"[]", "no_records"),
        (b'{"records":[]}', "no_records"),
        (b'{"records":{}}', "records_not_a_list"),
        (b'"text"', "not_an_object"),
        (b"17", "not_an_object"),
        (b"nope", "malformed_json"),
        (b"[1,]", "malformed_json"),
        (b"[{}", "malformed_json"),
        (b"[{}] x", "malformed_json"),
        (b"{} {}", "malformed_json"),
        (b'{"a":NaN}', "malformed_json"),
        (b"[" * 100_000, "too_deep"),
        (b'{"a":' * 100_000, "too_deep"),
        ('{"名":"值"'.encode("gbk"), "not_utf8"),
        (b'{"records":[{"setl_id":"1"}],"records":[{"setl_id":"2"}]}', "duplicate_key"),
    ],
)
def test_a_body_that_cannot_be_read_has_a_name_and_a_sentence(body, code):
    fault = fault_of(body)
    assert fault.code == code
    assert "%(" not in fault.text()
    assert fault.text() != code


def test_too_much_is_said_with_the_limit():
    assert fault_of(b"[{},{},{}]", max_records=2).params == {"limit": "2", "count": "3"}
    fault = fault_of(b"[{},{},{}]", max_bytes=5)
    assert (fault.code, fault.status) == ("too_large", 413)


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (b'{"setl_id":"1","setl_id":"2"}', "duplicate_key"),
        (b'{"setl_id":"1","setl\\u005fid":"2"}', "duplicate_key"),
        (b'{"a":{"b":1, "b" : 2}}', "duplicate_key"),
        (b'{"a":"\xff"}', "not_utf8"),
        (b'{"a":' + b"1" * 5000 + b"}", "number_too_long"),
        (b'{"a":"' + b"x" * 300_000 + b'"}', "record_too_large"),
    ],
)
def test_the_fault_of_one_record_leaves_the_others_alone(record, code):
    first, middle, last = decode_body(b'[{"a":1},' + record + b',{"a":2}]').records
    assert (first.value, last.value) == ({"a": 1}, {"a": 2})
    assert isinstance(middle.fault, Refused)
    assert middle.fault.code == code
    assert middle.raw == record


def test_a_text_that_looks_like_a_key_is_no_duplicate():
    (record,) = decode_body(rb'{"a":"\":","b":"x\" :"}').records
    assert record.value == {"a": '":', "b": 'x" :'}


def test_a_lone_surrogate_spoils_its_own_record_only():
    records = decode_body(b'[{"setl_id":"\\ud800"}, {"setl_id":"2"}]').records
    assert [record.raw for record in records] == [b'{"setl_id":"\\ud800"}', b'{"setl_id":"2"}']
    result = read(records[0].value)
    assert "bad_text" in {reason.code for reason in result.reasons}
    assert records[1].value == {"setl_id": "2"}


def test_ten_thousand_records_are_taken_and_one_more_is_not():
    body = json.dumps([{"setl_id": "1"}] * 10_000).encode()
    assert len(decode_body(body).records) == 10_000
    assert fault_of(body[:-1] + b',{"setl_id":"1"}]').code == "too_many_records"


@pytest.mark.parametrize("depth", [4, 100, 400, *range(900, 1000, 7), 1100, 5000])
def test_nesting_of_any_depth_is_read_or_named(depth):
    try:
        (record,) = decode_body(b'{"setl_id":' + b'{"a":' * depth + b"1" + b"}" * depth + b"}").records
    except RequestFault as fault:
        code = fault.code
    else:
        result = record.fault or read(record.value)
        code = result.code if isinstance(result, Refused) else {reason.code for reason in result.reasons}
    assert code == "too_deep" or "wrong_type" in code
