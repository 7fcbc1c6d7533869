"""The benchmark corpus is reproducible, labelled, and contains what it promises."""

import csv
import gzip
import os
import subprocess
import sys
from collections import Counter
from hashlib import sha256
from itertools import combinations
from pathlib import Path

import pytest

from bench.corpus import COLUMNS, GENERATOR_VERSION, Corpus, generate, score
from devstack.synthetic.noise import has_valid_check_digit

ROOT = Path(__file__).parents[2]
RELEASES = ROOT / "bench" / "corpus" / "releases"


@pytest.fixture(scope="module")
def corpus():
    return generate(seed=3, persons=3000)


def test_the_same_seed_gives_the_same_corpus(corpus):
    again = generate(seed=3, persons=3000)
    assert again.records == corpus.records
    assert again.truth == corpus.truth
    assert generate(seed=4, persons=3000).records != corpus.records


def test_a_tiny_corpus_is_refused():
    with pytest.raises(ValueError, match="at least 50"):
        generate(1, 10)


def test_every_record_has_one_truth_and_only_the_declared_columns(corpus):
    ids = [r["record_id"] for r in corpus.records]
    assert len(set(ids)) == len(ids)
    assert set(ids) == set(corpus.truth)
    assert all(tuple(r) == COLUMNS for r in corpus.records)


def test_true_pairs_are_of_one_person_and_complete(corpus):
    within = corpus.true_pairs(corpus.records)
    sizes = Counter(corpus.truth.values())
    assert len(within) == sum(n * (n - 1) // 2 for n in sizes.values())
    between = corpus.true_pairs(corpus.insurer, corpus.campaigns)
    assert between <= within | {(b, a) for a, b in within}
    assert all(a.startswith("I") and b.startswith("C") for a, b in between)


def test_campaigns_show_no_full_name_no_number_and_no_phone(corpus):
    for record in corpus.campaigns:
        assert "*" in record["name"] or "某" in record["name"]
        assert not any(record[field] for field in ("id_number", "phone", "birth_date", "address"))


def test_spans_point_at_the_words_in_the_text(corpus):
    texts = {r["record_id"]: r for r in corpus.campaigns}
    assert set(corpus.spans) == set(texts)
    for record_id, spans in corpus.spans.items():
        record = texts[record_id]
        for name, (start, end) in spans.items():
            assert record["text"][start:end] == record[name]


def test_the_promised_difficulties_are_there(corpus):
    done = Counter(what for noise in corpus.noise.values() for what in noise)
    promised = {
        "homophone", "variant", "id_15", "id_slip", "id_transposed", "id_masked", "id_of_relative", "lunar",
        "day_month", "year_only", "former_area", "phone_changed", "helper_phone", "nominal_age",
        "second_insurer",
    }  # fmt: skip
    assert promised <= set(done)
    numbers = [
        r["id_number"] for r in corpus.applications if len(r["id_number"]) == 18 and "*" not in r["id_number"]
    ]
    wrong = [n for n in numbers if not has_valid_check_digit(n)]
    assert 0 < len(wrong) < len(numbers) / 10
    assert any(len(r["id_number"]) == 15 for r in corpus.applications)


def test_the_insurer_is_the_clean_source(corpus):
    def noisy(records):
        names = {"homophone", "id_slip", "id_transposed", "lunar", "birth_slip"}
        return sum(bool(names & set(corpus.noise[r["record_id"]])) for r in records) / len(records)

    assert noisy(corpus.insurer) == 0
    assert noisy(corpus.applications) > 0.05


def test_it_is_written_as_csv(corpus, tmp_path: Path):
    corpus.write(tmp_path)
    with (tmp_path / "applications.csv").open(encoding="utf-8", newline="") as lines:
        assert list(csv.DictReader(lines)) == corpus.applications
    with (tmp_path / "truth.csv").open(encoding="utf-8", newline="") as lines:
        assert {row["record_id"]: row["person"] for row in csv.DictReader(lines)} == corpus.truth


@pytest.fixture(scope="module")
def two_insurers():
    return generate(seed=3, persons=3000, second=True)


def test_second_insurers_change_nothing_else(corpus, two_insurers, tmp_path: Path):
    assert two_insurers.records == corpus.records
    assert two_insurers.second == generate(seed=3, persons=3000, second=True).second
    assert not corpus.second
    corpus.write(tmp_path / "one")
    two_insurers.write(tmp_path / "two")
    assert not (tmp_path / "one/second.csv").exists()
    with (tmp_path / "two/second.csv").open(encoding="utf-8", newline="") as lines:
        assert list(csv.DictReader(lines)) == two_insurers.second


def test_a_second_insurer_knows_the_number_and_another_phone_hospital_and_address(two_insurers):
    first = {two_insurers.truth[r["record_id"]]: r for r in reversed(two_insurers.insurer)}
    pairs = [
        (first[who], record)
        for record in two_insurers.second
        if (who := two_insurers.truth[record["record_id"]]) in first
    ]

    def differ(field):
        both = [(a[field], b[field]) for a, b in pairs if a[field] and b[field]]
        return sum(a != b for a, b in both) / len(both)

    assert len(pairs) > 400
    assert differ("id_number") < 0.05
    assert differ("birth_date") < 0.02
    assert differ("phone") > 0.25
    assert differ("address") > 0.3
    assert differ("hospital") > 0.25
    done = Counter(what for r in two_insurers.second for what in two_insurers.noise[r["record_id"]])
    assert {"id_missing", "phone_of_holder", "phone_changed", "other_hospital", "address_missing"} <= set(
        done
    )


def test_the_release_is_what_the_generator_makes(tmp_path):
    """Whoever changes a file raises GENERATOR_VERSION, writes the data sheet and releases anew."""
    folder = RELEASES / GENERATOR_VERSION
    sums = dict(reversed(line.split()) for line in (folder / "SHA256SUMS").read_text().splitlines())
    generate(1, 4000).write(tmp_path)
    assert sums == {path.name: sha256(path.read_bytes()).hexdigest() for path in tmp_path.iterdir()}
    for name, digest in sums.items():
        with gzip.open(folder / f"{name}.gz") as file:
            assert sha256(file.read()).hexdigest() == digest, name


def test_a_checkout_and_python_alone_make_and_score_a_corpus(tmp_path):
    bare = {"PATH": os.environ["PATH"]}
    command = [sys.executable, "-S", "-m", "bench.corpus"]  # -S: no site packages
    subprocess.run([*command, "--persons", "100", "--out", str(tmp_path)], cwd=ROOT, env=bare, check=True)
    truth = {row["record_id"]: row["person"] for row in score.rows(tmp_path / "truth.csv")}
    pairs = tmp_path / "pairs.csv"
    by_person = {}
    for record, person in truth.items():
        by_person.setdefault(person, []).append(record)
    lines = [f"{b},{a},0.9" for group in by_person.values() for a, b in combinations(group, 2)]
    pairs.write_text(
        "\n".join(["left,right,probability", *lines[1:], f"{lines[0][:-3]}0.2"]), encoding="utf-8"
    )
    done = subprocess.run(
        [*command, "score", str(pairs), "--corpus", str(tmp_path)],
        cwd=ROOT,
        env=bare,
        check=True,
        capture_output=True,
    )
    said = done.stdout.decode()
    assert f"{len(lines)} pairs given, {len(lines)} true" in said
    at_half = next(line for line in said.splitlines() if "threshold 0.5" in line).split()
    assert at_half[2:] == [
        f"{2 * (1 - 1 / len(lines)) / (2 - 1 / len(lines)):.4f}",
        "1.0000",
        f"{1 - 1 / len(lines):.4f}",
    ]


@pytest.mark.parametrize(
    ("text", "what"),
    [("one,two\nI0000001,A0000001\n", "needs columns left and right"), ("left,right\nI0000001,Q9\n", "no record of this corpus"),
     ("left,right,probability\nI0000001,A0000001,often\n", "is no number"), (None, "is not here")],
)  # fmt: skip
def test_pairs_that_cannot_be_scored_say_why(tmp_path, capsys, text, what):
    pairs = tmp_path / "pairs.csv"
    if text is not None:
        pairs.write_text(text, encoding="utf-8")
    assert score.main([str(pairs), "--corpus", str(RELEASES / GENERATOR_VERSION)]) == 2
    assert what in capsys.readouterr().out


def test_campaigns_and_insurers_are_scored_alone_where_asked(tmp_path, capsys):
    folder = RELEASES / GENERATOR_VERSION
    released = Corpus.read(folder)
    sources = {record["record_id"]: record["source"] for record in released.records}
    truth = score.true_pairs(released, "campaign-insurer")
    assert len(truth) == 241
    assert all(sources[a] == "insurer" and sources[b] == "campaign" for a, b in truth)
    pairs = tmp_path / "pairs.csv"
    pairs.write_text(
        "\n".join(["left,right", *(f"{b},{a}" for a, b in sorted(truth)[:100])]), encoding="utf-8"
    )
    assert score.main([str(pairs), "--corpus", str(folder), "--task", "campaign-insurer"]) == 0
    assert "100 pairs given, 241 true" in capsys.readouterr().out


def test_appeals_tell_the_same_facts_in_many_voices(corpus):
    shapes = {
        "".join(
            "#" if any(a <= k < b for a, b in corpus.spans[r["record_id"]].values()) else c
            for k, c in enumerate(r["text"])
        )
        for r in corpus.campaigns
    }
    assert len(shapes) > 0.95 * len(corpus.campaigns)
    assert {len(r["text"]) // 40 for r in corpus.campaigns} >= {1, 2, 3}
