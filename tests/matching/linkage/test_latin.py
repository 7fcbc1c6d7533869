import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.linkage.compare.columns import Letters
from matching.linkage.compare.names import PersonName
from matching.linkage.model import Model
from matching.linkage.records import PersonRecord
from matching.linkage.scoring import score

FIELDS = {
    "first": "given_name", "last": "surname", "dob": "birth_date", "line1": "address", "line2": "address",
    "email": "email", "pc": "postcode", "ssn": "id_number", "job": "text",
}  # fmt: skip
ONE, TWO = np.array([0], dtype=np.int32), np.array([1], dtype=np.int32)


def levels(**pairs: tuple) -> dict[str, str]:
    rows = {column: list(pairs.get(column, (None, None))) for column in FIELDS}
    model = Model.for_fields(FIELDS)
    found = model.prepare(rows).levels(ONE, TWO)[0]
    return {c.name: c.levels[k] for c, k in zip(model.comparisons, found, strict=True) if k}


@pytest.mark.parametrize(
    ("a", "b", "level"),
    [("Robert", "robert ", "exact"), ("Rob", "Robert", "short_form"), ("José", "Jose", "exact"), ("Jon", "Jan", "edit_1"),
     ("O'Neill", "ONeill", "exact"), ("Katherine", "Kathryne", "edit_2"), ("J", "Joseph", "initial"), ("Ann", "Xerxes", "else"),
     ("李娜", "黎娜", "edit_1")],
)  # fmt: skip
def test_levels_of_given_names(a, b, level):
    assert levels(first=(a, b)) == {"first": level}


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (("Isla", "Hall"), ("Hall", "Isla"), ("crossed", "missing")),
        (("Isla", "Hal"), ("Hall", "Isla"), ("crossed", "missing")),
        (("I", "Hall"), ("Hall", "Isla"), ("crossed_close", "missing")),
        (("Isla", None), (None, "Isla"), ("missing", "crossed")),
        # Many surnames are given names too, and short names resemble one another.
        (("Peter", "Frank"), ("Frank", "Weber"), ("else", "else")),
        (("Wolfgang", "Rolf"), ("Wolf", "Wolf"), ("else", "exact")),
    ],
)
def test_names_that_were_exchanged_are_counted_once_and_no_likeness_passes_for_it(first, last, expected):
    found = levels(first=first, last=last)
    assert (found.get("first", "missing"), found.get("last", "missing")) == expected


def test_exchanged_address_lines_are_seen():
    found = levels(line1=("12 High Street", "Rose Cottage"), line2=("Rose Cottage", "12 High Street"))
    assert found == {"line1": "crossed"}


@pytest.mark.parametrize(
    ("column", "a", "b", "level"),
    [("email", "bob@x.org", "bob@y.com", "mailbox"), ("email", "bob@x.org", "bbo@x.org", "edit_1"), ("pc", "2144", "2114", "edit"),
     ("pc", "2144", "2199", "prefix"), ("ssn", "5304218", "5304281", "near_1"), ("ssn", "5304218", "5404281", "near_2"),
     ("dob", "19151111", "1915-11-11", "exact"), ("dob", "11/12/1980", "1980-12-11", "exact"), ("job", "carpenter", "carpentr", "edit_1"),
     ("job", "C.", "carpenter", "similar"), ("job", "1", "12", "else")],
)  # fmt: skip
def test_levels_of_other_columns(column, a, b, level):
    assert levels(**{column: (a, b)}) == {column: level}


words = st.one_of(
    st.none(),
    st.sampled_from(
        ["Isla", "Hall", "isla hall", "Rob", "Robert", "12 High St", "1980-01-02", "", "😀", "王芳"]
    ),
    st.text(max_size=30),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(*[words] * len(FIELDS)), min_size=2, max_size=2))
def test_levels_are_symmetric(rows):
    columns = {name: [row[k] for row in rows] for k, name in enumerate(FIELDS)}
    table = Model.for_fields(FIELDS).prepare(columns)
    assert table.levels(ONE, TWO).tolist() == table.levels(TWO, ONE).tolist()


@given(st.text(max_size=20), st.text(max_size=20))
def test_the_bound_on_shared_letters_is_never_too_low(a, b):
    shared = sum(min(a.count(c), b.count(c)) for c in set(a))
    assert Letters([a, b]).common(ONE, TWO)[0] >= shared


def test_a_hospital_that_agrees_already_says_the_city():
    here = PersonRecord(area="430102", hospital="长沙市第一医院")
    alone = {
        e.field: e.weight for e in score(PersonRecord(area="430102"), PersonRecord(area="430102")).evidence
    }
    both = {e.field: e.weight for e in score(here, here).evidence}
    assert both["area"] < alone["area"]


@pytest.mark.parametrize(
    ("a", "b", "level"),
    [("北京协和医院", "协和医院", "exact"), ("长沙市第一医院", "长沙市第一人民医院", "same_house"),
     ("郑州大学第一附属医院", "郑州大学第二附属医院", "else"), ("湘雅医院", "中南大学湘雅医院", "exact")],
)  # fmt: skip
def test_levels_of_hospitals(a, b, level):
    assert [e.level for e in score(PersonRecord(hospital=a), PersonRecord(hospital=b)).evidence] == [level]


@pytest.mark.parametrize(
    ("a", "b", "level"),
    [
        ("C34.900", "肺癌晚期", "group"),
        ("急淋", "急性淋巴细胞白血病", "group"),
        ("肺癌", "胃癌", "chapter"),
        ("肺癌", "骨折", "else"),
    ],
)
def test_levels_of_diseases(a, b, level):
    assert [e.level for e in score(PersonRecord(disease=a), PersonRecord(disease=b)).evidence] == [level]


def test_two_slips_in_a_short_name_and_a_likeness_crosswise_are_no_agreement():
    columns = {
        "given": ["John", "Jean", "James", "Christine", "Cristane"],
        "last": ["Jones", "Jones", "Jones", "Hill", "Hill"],
    }
    model = Model.for_fields({"given": "given_name", "last": "surname"})
    table = model.prepare(columns)

    def level(a: int, b: int) -> tuple[str, ...]:
        found = table.levels(np.array([a], dtype=np.int32), np.array([b], dtype=np.int32))[0]
        return tuple(c.levels[k] for c, k in zip(model.comparisons, found, strict=True))

    assert level(0, 1) == ("else", "exact")
    assert level(2, 0) == ("else", "exact")
    assert level(3, 4) == ("edit_2", "exact")


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [("John Smith", "SMITH, John", "exact"), ("John Smith", "Smith John", "romanised"), ("M. Smith", "Dr. Michelle Smith", "masked_given"),
     ("M. Greenman", "Jose Greenman", "surname"), ("John Smith", "John Kenneth Smith", "partial"),
     ("John A. Smith", "John Andrew Smith", "partial"), ("John A. Smith", "John B. Smith", "surname"),
     ("Bob Smith", "Robert Smith", "variant"), ("Jonn Smithe", "John Smith", "one_off"), ("John Smith", "Jean Smith", "surname"),
     ("Tarek El-Farouk", "Tariq Al Farouk", "one_off"), ("Zeinab Ibraheem Al-Rahman", "Zaynab Ebrahim El-Rahman", "one_off"),
     ("José García López", "Jose Garcia", "partial"), ("J. Smith", "J. Smith", "masked_given"), ("Brian Smith", "Donald Jones", "else"),
     ("Taylor, Amy", "Taylor, Paul", "surname")],
)  # fmt: skip
def test_whole_names_are_compared_word_by_word(one, other, level):
    c = PersonName("name", ["name"])
    prepared = c.prepare({"name": [one, other]})
    first, second = np.zeros(1, dtype=np.int32), np.ones(1, dtype=np.int32)
    assert c.levels[prepared.compare(first, second)[0]] == level
    assert c.levels[prepared.compare(second, first)[0]] == level


def test_words_that_repeat_are_compared_alike_from_both_sides():
    for one, other in (("Jie Wei Wen", "Jie Wei Jie"), ("John Smith Smith", "John Smith Jon")):
        model = Model.for_fields({"name": "name"})
        found = model.prepare({"name": [one, other]})
        assert found.levels(ONE, TWO).tolist() == found.levels(TWO, ONE).tolist()


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [("Ms. Gillian Acton, Secretary", "Acton, Gillian", "exact"), ("Mr. van der Berg, Jan", "Jan van der Berg", "exact"),
     ("Khaled AlNajjar", "Khalid al Najjar", "one_off"), ("John Smith Jr.", "John Smith", "partial"),
     ("John Smith, Sr.", "John Smith Jr", "surname"), ("John Jones Jr", "Mary Smith Jr", "else")],
)  # fmt: skip
def test_posts_articles_and_generations_are_no_surnames(one, other, level):
    c = PersonName("name", ["name"])
    prepared = c.prepare({"name": [one, other]})
    assert c.levels[prepared.compare(ONE, TWO)[0]] == level
    assert c.levels[prepared.compare(TWO, ONE)[0]] == level
