"""Tables of which little is known: names alone, names and one thing more, a street quarter's households."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest

from matching.linkage.model import Model, Params
from matching.linkage.tables import habits
from matching.linkage.tables.candidates import Split
from matching.linkage.tables.keys import keys
from matching.linkage.tables.pipeline import LinkResult, link_tables

GIVEN = [
    "Anna",
    "Maria",
    "Peter",
    "Frank",
    "Jonas",
    "Clara",
    "Emil",
    "Greta",
    "Hugo",
    "Ida",
    "Karl",
    "Lena",
    "Max",
    "Nora",
    "Otto",
    "Paula",
    "Rosa",
    "Simon",
    "Tilda",
    "Vera",
]
HEADS, TAILS = (
    [
        "Acker",
        "Birn",
        "Eich",
        "Feld",
        "Gers",
        "Holz",
        "Linden",
        "Kess",
        "Mohr",
        "Neu",
        "Rosen",
        "Stein",
        "Tann",
        "Wald",
    ],
    (["berg", "mann", "bach", "hoff", "ner", "wald", "meier", "stedt"]),
)
FAMILIES = [head + tail for head in HEADS for tail in TAILS]
Row = tuple[int, dict[str, str | None]]


def slip(word: str, rng: Random) -> str:
    k = rng.randrange(1, len(word) - 1)
    return word[:k] + rng.choice("bdfkmprst") + word[k + rng.choice((0, 1)) :]


def people(count: int, rng: Random, copied: float) -> list[Row]:
    """Persons, some of whom stand there twice, then mostly with a slip in one of their names."""
    rows: list[Row] = []
    for k in range(count):
        first, last = rng.choice(GIVEN), rng.choice(FAMILIES)
        rows.append((k, {"first": first, "last": last}))
        if rng.random() < copied:
            changed = rng.choice(("first", "last", ""))
            again = {"first": first, "last": last}
            rows.append((k, again | ({changed: slip(again[changed], rng)} if changed else {})))
    rng.shuffle(rows)
    return rows


def found(rows: list[Row], fields: dict[str, str], other: list[Row] | None = None) -> tuple[set, set]:
    """The pairs that are found and the true ones."""
    columns = [
        {
            "id": [f"{side}{k}" for k in range(len(part))],
            **{f: [row.get(f) for _, row in part] for f in fields},
        }
        for side, part in (("a", rows), ("b", other or []))
    ]
    result = link_tables(columns[0], columns[1] if other else None, fields, "id")
    who = {
        f"{side}{k}": person
        for side, part in (("a", rows), ("b", other or []))
        for k, (person, _) in enumerate(part)
    }
    pairs = set(zip(result.pairs["left"], result.pairs["right"], strict=True))
    sides = [i for i in who if i[0] == "a"], [i for i in who if i[0] == ("b" if other else "a")]
    true = {
        (i, j) for i in sides[0] for j in sides[1] if who[i] == who[j] and (other or int(i[1:]) < int(j[1:]))
    }
    return pairs, true


def quality(pairs: set, true: set) -> tuple[float, float]:
    good = len(pairs & true)
    return good / max(len(pairs), 1), good / len(true)


def whole(rows: list[Row]) -> list[Row]:
    return [(k, {"name": f"{row['first']} {row['last']}"}) for k, row in rows]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_list_of_latin_names_alone_tells_copies_from_namesakes(seed):
    precision, recall = quality(*found(whole(people(400, Random(seed), 0.4)), {"name": "name"}))
    assert precision > 0.6
    assert recall > 0.85


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_list_of_names_where_nobody_stands_twice_has_no_pair(seed):
    pairs, _ = found(whole(people(400, Random(seed), 0)), {"name": "name"})
    assert not pairs


@pytest.mark.parametrize("seed", [1, 2])
def test_one_letter_off_in_both_names_is_a_slip_and_no_circle_of_namesakes(seed):
    rng = Random(seed)
    one = [(k, {"first": rng.choice(GIVEN), "last": last}) for k, last in enumerate(rng.sample(FAMILIES, 90))]
    two = [
        (
            k,
            {
                "first": slip(row["first"], rng) if rng.random() < 0.5 else row["first"],
                "last": slip(row["last"], rng),
            },
        )
        for k, row in one[:70]
    ]
    precision, recall = quality(*found(one, {"first": "given_name", "last": "surname"}, two))
    assert precision > 0.85
    assert recall > 0.7


@pytest.mark.parametrize("seed", [1, 2])
def test_neighbours_in_a_street_are_no_family_where_the_house_number_has_a_column(seed):
    rng = Random(seed)
    rows: list[Row] = []
    for home, last in enumerate(rng.sample(FAMILIES, 70)):
        number, street = str(600 + 2 * home), f"{rng.choice(('Markt', 'Ufer', 'Dom'))}gasse"
        written = slip(last, rng) if rng.random() < 0.4 else last
        for k, first in enumerate(rng.sample(GIVEN, rng.choice((1, 2, 3, 4)))):
            rows.append((10 * home + k, {"first": first, "last": last, "number": number, "street": street}))
            if rng.random() < 0.7:
                again = slip(first, rng) if rng.random() < 0.3 else first
                rows.append(
                    (10 * home + k, {"first": again, "last": written, "number": number, "street": street})
                )
    rng.shuffle(rows)
    fields = {"first": "given_name", "last": "surname", "number": "text", "street": "address"}
    precision, recall = quality(*found(rows, fields))
    assert precision > 0.95
    assert recall > 0.9


def test_a_slip_that_nobody_else_bears_says_more_than_two_names_of_many():
    surnames = ["Meier"] * 60 + ["Maier"] * 60 + ["Keller"] * 80 + ["Kellerr", "Kellr", "Meiter"]
    model = Model.for_fields({"last": "surname"})
    table = model.prepare({"last": surnames})
    i, j = (np.array(rows, dtype=np.int32) for rows in np.triu_indices(len(surnames), 1))
    known = table.slips(0.0, i, j)["last"]["slip"]
    assert known.adjustment("kellr") > 2 > 0 > known.adjustment("maier")
    params = replace(model.default_params(), tf={"last": {"slip": known}})
    slip_of_one, two_names = (
        float(table.contributions(table.levels(a, b), a, b, params)[0, 0])
        for a, b in (
            (np.array([150], np.int32), np.array([201], np.int32)),
            (np.array([0], np.int32), np.array([60], np.int32)),
        )
    )
    assert slip_of_one > two_names + 4


def parts_of(names: list[str], others: dict[str, str] | None = None) -> dict[str, str]:
    fields = {"name": "name", **(others or {})}
    return habits.name_parts(dict.fromkeys(fields, names), fields)[1]


def test_latin_names_are_split_only_where_their_parts_say_more():
    english = ["Anna Berg", "Peter Frank Mohr", "Dr. Karl Stein", "Holz, Ida"]
    assert parts_of(english) == {
        "name": "given_name",
        "name_middle": "given_name",
        "name_surname": "surname",
    }
    assert parts_of(["Anna Berg", "Karl Stein"]) == {
        "name": "given_name",
        "name_surname": "surname",
    }
    assert parts_of(english, {"phone": "phone", "town": "area", "year": "birth_date"})["name"] == "name"
    assert parts_of(english, {"first": "given_name"})["name"] == "name"
    assert parts_of(["王丽华", "Anna Berg", "Karl Stein"]) == {"name": "name"}
    # One surname may be a second given name of somebody.
    assert parts_of(["Ida Berg"] * 9 + ["Ida Clara Berg", "Max Hugo Berg", "Ida Berg Mohr"]) != {
        "name": "name"
    }
    assert parts_of(["Suharto", "Sukarno", "Anna Berg"]) == {"name": "name"}
    assert parts_of(["Juan García López", "Ana Martín García", "Luis López Martín"]) == {"name": "name"}


def test_parts_of_a_name_leave_titles_and_generations_out():
    rows, _ = habits.name_parts(
        {"name": ["Dr. John Paul Smith Jr.", "de la Cruz, Ana", None, "Prince"]}, {"name": "name"}
    )
    assert list(rows["name"]) == ["john", "ana", None, None]
    assert list(rows["name_surname"]) == ["smith", "cruz", None, "prince"]


def test_a_saved_table_splits_names_as_it_was_learnt():
    rows = whole(people(300, Random(4), 0.4))
    columns = {"id": [str(k) for k in range(len(rows))], "name": [row["name"] for _, row in rows]}
    first = link_tables(columns, None, {"name": "name"}, "id")
    again = link_tables(
        columns, None, {"name": "name"}, "id", params=Params.from_json(first.params.to_json())
    )
    assert _weights(first) == pytest.approx(_weights(again))
    few = {
        "id": ["1", "2"],
        "name": ["Prince", "Prince"],
    }  # no names of two words: read as the table was learnt
    assert (
        link_tables(few, None, {"name": "name"}, "id", params=first.params).model.names == first.model.names
    )


def _weights(result: LinkResult) -> dict:
    return dict(
        zip(
            zip(result.pairs["left"], result.pairs["right"], strict=True),
            np.round(result.pairs["weight"], 3),
            strict=True,
        )
    )


def test_two_keys_on_the_same_fields_rest_on_different_parts_of_them():
    rng = Random(1)
    rows = [row for _, row in people(4000, rng, 0)]
    born = [f"{rng.randint(1930, 2009)}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}" for _ in rows]
    columns = {"first": [r["first"] for r in rows], "last": [r["last"] for r in rows], "dob": born}
    fields = {"first": "given_name", "last": "surname", "dob": "birth_date"}
    found = keys(Model.for_fields(fields, columns).prepare(columns), Split(len(rows), 0, link=False))
    by_fields: dict[tuple[int, ...], list[set[str]]] = {}
    for key in found:
        by_fields.setdefault(key.comparisons, []).append(set(key.name.split("+")))
    both = [parts for group, parts in by_fields.items() if len(group) > 1 and len(parts) > 1]
    assert both
    assert all(one.isdisjoint(other) for one, other in both)
