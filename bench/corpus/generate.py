"""Write the three sources and the truth. Deterministic for (seed, persons)."""

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import combinations
from pathlib import Path
from random import Random

from bench.corpus import appeals, errors, other_insurers
from devstack.synthetic import Population, noisy_application, settlements
from devstack.synthetic.noise import variant
from devstack.synthetic.people import SyntheticPerson, draw_phone
from devstack.synthetic.places import AREA_NAMES, FORMER_CODES
from devstack.synthetic.settlements import SyntheticSettlement

COLUMNS = (
    "record_id", "source", "name", "id_number", "birth_date", "age", "sex", "phone", "area", "address",
    "hospital", "disease", "recorded_on", "text",
)  # fmt: skip
SOURCES = ("insurer", "application", "campaign")
#: Raised with every change of any file; tests hold it to the files. What changed stands in the data sheet.
GENERATOR_VERSION = "1.3"
#: What the random streams start from: another one is another population.
STREAM = "1"
Record = dict[str, str]


class FileError(ValueError):
    """A file that cannot be read; the message says what to do."""


def rows(path: Path) -> Iterator[Record]:
    """The rows of a CSV, packed (.gz) or not. Raises `FileError`."""
    found = path if path.exists() else path.with_name(path.name + ".gz")
    if not found.exists():
        raise FileError(f"{path} is not here")
    try:
        with (gzip.open if found.suffix == ".gz" else open)(
            found, "rt", encoding="utf-8-sig", newline=""
        ) as file:
            yield from csv.DictReader(file)
    except (UnicodeDecodeError, csv.Error, OSError) as error:
        raise FileError(f"{path} cannot be read as UTF-8 CSV: {error}") from error


@dataclass
class Corpus:
    """Three lists of records (columns `COLUMNS`, empty string = nothing) and the truth.

    truth: record_id → person key; `noise`: record_id → what was done to it (for error analysis, never a
    feature); `spans`: record_id → field → (start, end) in the campaign's text. `second`: what second insurers write,
    where it was asked for; no part of `records`.
    """

    seed: int
    persons: int
    insurer: list[Record] = field(default_factory=list)
    applications: list[Record] = field(default_factory=list)
    campaigns: list[Record] = field(default_factory=list)
    second: list[Record] = field(default_factory=list)
    truth: dict[str, str] = field(default_factory=dict)
    noise: dict[str, list[str]] = field(default_factory=dict)
    spans: dict[str, dict[str, tuple[int, int]]] = field(default_factory=dict)

    @property
    def records(self) -> list[Record]:
        """All three sources, one after the other."""
        return self.insurer + self.applications + self.campaigns

    def true_pairs(self, left: list[Record], right: list[Record] | None = None) -> set[tuple[str, str]]:
        """All pairs of records of one person: within `left`, or between `left` and `right`."""
        ours: dict[str, list[str]] = defaultdict(list)
        for record in left:
            ours[self.truth[record["record_id"]]].append(record["record_id"])
        if right is None:
            return {pair for ids in ours.values() for pair in combinations(sorted(ids), 2)}
        return {
            (one, record["record_id"])
            for record in right
            for one in ours.get(self.truth[record["record_id"]], ())
        }

    @classmethod
    def read(cls, folder: Path) -> "Corpus":
        """The records, the truth and the noise that `write` left, packed (.gz) or not. Raises `FileError`."""
        corpus = cls(0, 0)
        for name in ("insurer", "applications", "campaigns"):
            getattr(corpus, name).extend(rows(folder / f"{name}.csv"))
        corpus.truth.update((row["record_id"], row["person"]) for row in rows(folder / "truth.csv"))
        corpus.noise.update((row["record_id"], row["noise"].split()) for row in rows(folder / "noise.csv"))
        return corpus

    def write(self, folder: Path) -> None:
        """insurer.csv, applications.csv, campaigns.csv, truth.csv, noise.csv, spans.csv (UTF-8); second.csv if asked for."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("insurer", "applications", "campaigns", *(("second",) if self.second else ())):
            with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as out:
                writer = csv.DictWriter(out, COLUMNS)
                writer.writeheader()
                writer.writerows(getattr(self, name))
        with (folder / "truth.csv").open("w", encoding="utf-8", newline="") as out:
            writer_ = csv.writer(out)
            writer_.writerow(("record_id", "person"))
            writer_.writerows(self.truth.items())
        with (folder / "noise.csv").open("w", encoding="utf-8", newline="") as out:
            writer_ = csv.writer(out)
            writer_.writerow(("record_id", "noise"))
            writer_.writerows((record, " ".join(done)) for record, done in self.noise.items())
        with (folder / "spans.csv").open("w", encoding="utf-8", newline="") as out:
            writer_ = csv.writer(out)
            writer_.writerow(("record_id", "field", "start", "end"))
            writer_.writerows(
                (record, name, *span) for record, spans in self.spans.items() for name, span in spans.items()
            )


def generate(seed: int = 1, persons: int = 5000, second: bool = False) -> Corpus:
    """The corpus of a population of `persons` people.

    About 0.97 insurer records, 0.27 applications and 0.07 campaigns a person; with ``second`` 0.22 records of second
    insurers besides, the rest unchanged. Raises ValueError for fewer than 50 persons (a smaller population has no
    siblings and namesakes to speak of).
    """
    if persons < 50:
        raise ValueError("a corpus needs at least 50 persons")
    maker = _Maker(seed, persons)
    maker.insurer()
    maker.applications()
    maker.campaigns()
    if second:
        maker.second()
    return maker.corpus


class _Maker:
    def __init__(self, seed: int, persons: int) -> None:
        self.rng = Random(f"corpus-{STREAM}-{seed}")
        self.corpus = Corpus(seed, persons)
        self.population = Population(seed, persons, twin_rate=0.04, alike=True)
        self.bills: dict[int, SyntheticSettlement] = {}
        for bill in settlements(self.population, round(persons * 1.1), seed):
            self.bills[bill.person.index] = bill
        self.as_of: date = self.population.as_of
        # One volunteer types for many and leaves his own number.
        self.helpers = [draw_phone(self.rng) for _ in range(max(2, persons // 2500))]
        # Insured elsewhere: everyone whose insurer does not send.
        self.absent = {p.index for p in self.population.people if self.rng.random() < 0.07}

    def _put(
        self, records: list[Record], prefix: str, person: SyntheticPerson, done: list[str], **values: str
    ) -> None:
        number = f"{prefix}{len(records) + 1:07d}"
        record = dict.fromkeys(COLUMNS, "") | {"record_id": number} | values
        records.append(record)
        self.corpus.truth[number] = f"P{person.index:07d}"
        self.corpus.noise[number] = done

    # insurers ------------------------------------------------------------------------------------------

    def insurer(self) -> None:
        for person in self.population.people:
            if person.index in self.absent:
                continue
            self._insurer_record(person, second=False)
            # A second pooling area knows the same person: a job elsewhere, treated away from home.
            if self.rng.random() < 0.04:
                self._insurer_record(person, second=True)

    def _insurer_record(self, person: SyntheticPerson, second: bool) -> None:
        rng, done = self.rng, []
        name, number, phone, area = person.name, person.id_number, person.phone, person.area
        if rng.random() < 0.04:
            other = variant(name, rng)
            done += ["variant"] if other != name else []
            name = other
        if any(ord(c) > 0xFFFF or c in "䶮㛃" for c in name) and rng.random() < 0.3:
            name = "".join("?" if ord(c) > 0xFFFF or c in "䶮㛃" else c for c in name)
            done.append("unencodable")
        if person.id_number_15 and person.birth_date.year < 1960 and rng.random() < 0.01:
            number = person.id_number_15
            done.append("id_15")
        if rng.random() < 0.10:
            phone = ""
            done.append("phone_missing")
        elif rng.random() < 0.12:
            phone = draw_phone(rng)
            done.append("phone_changed")
        if area in FORMER_CODES and rng.random() < 0.15:
            area = FORMER_CODES[area][0]
            done.append("former_area")
        if second:
            area = rng.choice(sorted(code for code in AREA_NAMES if code[:4] in ("4301", "1303")))
            phone = draw_phone(rng) if rng.random() < 0.5 else phone
            done.append("second_insurer")
        bill = self.bills.get(person.index)
        moved = self.corpus.insurer
        self._put(
            moved, "I", person, done,
            source="insurer", name=name, id_number=number, birth_date=person.birth_date.isoformat(),
            sex=person.sex, phone=phone, area=area, address="" if second else person.address,
            hospital=bill.hospital.name if bill and not second else "",
            disease=bill.disease.name if bill and not second else "",
            recorded_on=(self.as_of - timedelta(days=rng.randint(0, 200))).isoformat(),
        )  # fmt: skip

    def second(self) -> None:
        """A commercial insurer, or the company that runs the major-illness insurance; draws of its own."""
        rng = Random(f"corpus-{STREAM}-{self.corpus.seed}-second")
        for person in self.population.people:
            bill = self.bills.get(person.index)
            if not other_insurers.has_one(bill, rng):
                continue
            day = self.as_of - timedelta(days=rng.randint(0, 200))
            home = [p for p in self.population.household_of(person) if p.index != person.index]
            values, done = other_insurers.written(person, home, bill, person.age_on(day), rng)
            self._put(
                self.corpus.second, "S", person, done, source="insurer", recorded_on=day.isoformat(), **values
            )

    # applications --------------------------------------------------------------------------------------

    def applications(self) -> None:
        rng = self.rng
        for person in self.population.people:
            bill = self.bills.get(person.index)
            siblings = self.population.siblings_of(person)
            wanted = 0.0
            if bill is not None:
                wanted = 0.55
            elif any(s.index in self.bills for s in siblings) or person.twin is not None:
                wanted = 0.25  # brothers and sisters ask for help too: the hard negatives
            elif rng.random() < 0.05:
                wanted = 1.0
            if rng.random() >= wanted:
                continue
            # Several charities: each gets its own form, typed anew.
            for _ in range(rng.choices((1, 2, 3), (72, 21, 7))[0]):
                self._application(person, bill)

    def _application(self, person: SyntheticPerson, bill: SyntheticSettlement | None) -> None:
        rng = self.rng
        home = [p for p in self.population.household_of(person) if p.index != person.index]
        rates = errors.PAPER if rng.random() < 0.35 else errors.ONLINE
        typed = noisy_application(person, rng, rates, rng.choice(home).phone if home else "")
        done = list(typed.errors)
        name, what = errors.name_as_others_call_it(person, typed.name, rng)
        done += [what] if what else []
        number, phone = typed.id_number, typed.phone
        if number and home and rng.random() < 0.006:
            number = rng.choice(home).id_number  # a parent's number in the child's form, a borrowed card
            done.append("id_of_relative")
        if rng.random() < 0.01:
            phone = rng.choice(self.helpers)
            done.append("helper_phone")
        if bill is None:
            bill = self.bills.get(next((s.index for s in self.population.siblings_of(person)), -1))
        hospital = disease = ""
        if bill is not None and rng.random() < 0.85:
            hospital = errors.hospital_as_typed(bill.hospital.name, bill.hospital.aliases, rng, 0.55)
        if bill is not None and rng.random() < 0.9:
            disease = errors.disease_as_typed(bill.disease.code, bill.disease.name, rng, 0.25)
        self._put(
            self.corpus.applications, "A", person, done,
            source="application", name=name, id_number=number, birth_date=typed.birth_date, sex=typed.sex,
            phone=phone, area=typed.area, address=typed.address, hospital=hospital, disease=disease,
            recorded_on=(self.as_of - timedelta(days=rng.randint(0, 200))).isoformat(),
        )  # fmt: skip

    # campaigns -----------------------------------------------------------------------------------------

    def campaigns(self) -> None:
        for person in self.population.people:
            bill = self.bills.get(person.index)
            if bill is None or bill.disease.yuan < 12000 or self.rng.random() > 0.30:
                continue
            self._campaign(person, bill)
            if self.rng.random() < 0.08:  # the same patient again, or on another platform
                self._campaign(person, bill)

    def _campaign(self, person: SyntheticPerson, bill: SyntheticSettlement) -> None:
        rng, done = self.rng, []
        name, style = errors.mask(person, rng)
        done.append(f"mask_{style}")
        written = self.as_of - timedelta(days=rng.randint(0, 240))
        age = person.age_on(written)
        if rng.random() < 0.18:  # 虚岁 counts from one, and birthdays are rounded
            age += 1
            done.append("nominal_age")
        elif rng.random() < 0.03:
            age = max(0, age + rng.choice((-2, -1, 2)))
            done.append("age_wrong")
        hospital = errors.hospital_as_typed(bill.hospital.name, bill.hospital.aliases, rng, 0.4)
        disease = errors.disease_as_typed(bill.disease.code, bill.disease.name, rng, 0.12)
        place = rng.choice(errors.AREA_WORDS[person.city])
        county = AREA_NAMES[person.area]
        area = place + county if rng.random() < 0.45 else place
        sex = person.sex
        who = rng.choice(("我", "我的家人")) if age >= 18 else rng.choice(("孩子", "宝宝"))
        told = rng.random() < 0.75
        if age < 18:
            who = ("儿子" if sex == "1" else "女儿") if told else "孩子"
        elif told:
            who = rng.choice(("父亲", "丈夫", "哥哥") if sex == "1" else ("母亲", "妻子", "姐姐"))
        cost = max(1, round(float(bill.total_fee) / 10000 * rng.uniform(1, 3)))
        found = {"area": area, "name": name, "age": str(age), "disease": disease, "hospital": hospital}
        written_by = Random(f"appeal-{self.corpus.seed}-{len(self.corpus.campaigns)}")
        text, spans = appeals.compose(
            found,
            who.removeprefix("我的"),
            bill.admitted_on.month,
            cost,
            cost + rng.randint(3, 25),
            written_by,
        )
        if rng.random() < 0.06:
            spans.pop("hospital")
            hospital = ""
            done.append("hospital_not_extracted")
        if rng.random() < 0.05:
            spans.pop("disease")
            disease = ""
            done.append("disease_not_extracted")
        self._put(
            self.corpus.campaigns, "C", person, done,
            source="campaign", name=name, age=str(age), sex=sex if told else "", area=area, hospital=hospital,
            disease=disease, recorded_on=written.isoformat(), text=text,
        )  # fmt: skip
        self.corpus.spans[self.corpus.campaigns[-1]["record_id"]] = spans
