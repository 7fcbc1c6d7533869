"""What is loaded and asked in the look-up's measurement is what the rooms would write and ask."""

import pytest

pytest.importorskip("opencc")

from bench.linkage import online
from insurance.linking import lookup
from matching.linkage import blocking
from matching.linkage.values import idnumber
from people import index
from vault.cipher import unseal


@pytest.fixture(scope="module")
def made():
    return online.chunk(0, 200, seed=1, spread=4, wanted=20, organisation=7)


def lines(made, table):
    (body,) = (body for name, body in made.copies.items() if name.startswith(table + " "))
    return [line.split("\t") for line in body.decode().splitlines()]


def test_every_person_has_an_identity_a_record_and_keys(made):
    ids = [row[0] for row in lines(made, "identity")]
    assert len(ids) == len(set(ids)) == made.persons
    assert {row[0] for row in lines(made, "person")} == set(ids)
    assert {row[0] for row in lines(made, "linkage_record")} == set(ids)
    assert {row[0] for row in lines(made, "blocking_key")} == set(ids)
    assert [row[0] for row in made.rows] == ids, "Splink gets the same persons"


def test_persons_are_numbered_one_after_the_other(made):
    assert [int(row[0]) for row in lines(made, "person")] == list(range(1, made.persons + 1))
    assert online.STRIDE < 1.03 * online.INSURED * online.CHUNK


def test_cities_are_cities_of_different_places():
    found = online.cities(20)
    assert len({code for code, _, _ in found}) == 20
    assert all(province and city and province != city for _, province, city in found)


def test_no_value_is_written_in_clear(made):
    clear = made.rows[0]
    text = b"".join(made.copies.values()).decode()
    assert clear[1]
    for value in (clear[1], clear[2]):
        assert value not in text


def test_the_sealed_record_is_the_person(made):
    number, body, version = lines(made, "linkage_record")[0]
    assert int(version) == blocking.VERSION
    record = lookup.decode(unseal(index.PURPOSE, bytes.fromhex(body.removeprefix("\\\\x"))))
    assert record is not None
    assert (number, record.name, record.id_number) == made.rows[0][:3]


def test_all_three_sources_ask_and_mostly_about_somebody_known(made):
    assert {query.source for query in made.queries} == set(online.SOURCES)
    known = [query for query in made.queries if query.person is not None]
    assert len(known) > len(made.queries) / 2
    assert {str(query.person) for query in known} <= {row[0] for row in lines(made, "identity")}


def test_people_are_moved_to_other_cities_with_valid_numbers():
    moved = online.Elsewhere(("4401", "广东省", "广州市"), ("5101", "四川省", "成都市"))
    right = "43010319460312293" + idnumber.check_character("43010319460312293")
    assert moved.number(right)[:6] == "440103"
    assert idnumber.parse(moved.number(right)) is not None
    wrong = right[:17] + ("0" if right[17] != "0" else "1")
    assert idnumber.parse(moved.number(wrong)) is None, "a slip stays a slip"
    assert moved.place("湖南省长沙市天心区迎宾路") == "广东省广州市天心区迎宾路"
    assert moved.place("长沙第一医院") == "广州第一医院"
    assert moved.number("410103194603122939") == "410103194603122939"
