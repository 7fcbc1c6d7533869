"""From one record to the people whom it may describe: keys, one prepared query, opened records, scores.

The online path of the linkage: every incoming record goes this way (services.link), and `make bench online`
measures it as it stands.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import msgspec
import psycopg
from django.db import connection
from django.db.models import Max
from django.utils import timezone

from matching.linkage import blocking, online
from matching.linkage.blocking import blocking_values, probing, undated
from matching.linkage.oddities import OTHER
from matching.linkage.records import PersonRecord, Stay
from matching.linkage.scoring import BORROWED, NEVER_ACCEPT, PairScore, score_many
from matching.linkage.values.normalise import phone as plain_phone
from people import index
from people.models import Identity, Person, Source
from vault.cipher import unseal

from .stays import stays

#: As many descriptions are compared with one record; those that share most with it come first, a key that few share
#: counting more than one that many do.
CANDIDATES = 50
#: A question is worth a reviewer's time where one in so many is answered with yes, everybody alike counted.
ASK = 0.02
#: So many who might be meant are too many to tell apart: the reviewer is told that there are more like this one.
MANY = 5
#: Of more people than a household holds a telephone number is a helper's or an agent's, not a family's.
HOUSEHOLD = 10
#: A number is no proof where a pair is likelier to be two relatives than one person.
LIKELY = 0.5
#: Of the bytes that are kept to compare; 1 knew one stay a person.
VERSION = 2

# The block of a key is read in the order of its identities and no further than the cap: ten thousand records with
# one telephone number cost what one costs. Whose number is a crowd's (its block is full) is not looked for by it.
_SQL = f"""
WITH crowd AS MATERIALIZED (
  SELECT count(*) >= {index.CANDIDATES_PER_KEY} AS busy
  FROM (SELECT 1 FROM blocking_key WHERE key = %(phone)s ORDER BY identity_id LIMIT {index.CANDIDATES_PER_KEY}) p
)
SELECT c.identity_id, i.person_id, (i.id_blind = %(number)s) IS TRUE, r.body, (SELECT busy FROM crowd)
FROM (
  SELECT f.identity_id, sum(f.worth) AS shared FROM (
    SELECT b.identity_id, (10000 / b.block)::int AS worth FROM unnest(%(keys)s::bigint[]) AS k(key) CROSS JOIN LATERAL
      (SELECT p.identity_id, count(*) OVER () AS block FROM (
        SELECT identity_id FROM blocking_key WHERE key = k.key ORDER BY identity_id LIMIT {index.CANDIDATES_PER_KEY}
      ) p) b
      WHERE k.key IS DISTINCT FROM %(phone)s OR NOT (SELECT busy FROM crowd)
    UNION ALL
    (SELECT id, 10000 FROM identity WHERE id_blind = %(number)s LIMIT {index.CANDIDATES_PER_KEY})
  ) f GROUP BY f.identity_id
) c
JOIN identity i ON i.id = c.identity_id AND i.person_id IS NOT NULL AND i.id <> %(identity)s
LEFT JOIN linkage_record r ON r.identity_id = c.identity_id
WHERE NOT EXISTS (
  SELECT 1 FROM not_same n WHERE n.identity_id = %(identity)s AND n.person_id = i.person_id)
ORDER BY (i.id_blind = %(number)s) IS TRUE DESC, c.shared DESC, c.identity_id LIMIT {CANDIDATES}
"""  # noqa: S608 (two constants of ours; the generic plan wants them in the text)


@dataclass(frozen=True, slots=True)
class Keys:
    """The hashed keys of a record: all that it has, those under which it is kept, those under which others are looked
    for; and the blind index of its ID number, by which others are looked for too."""

    all: tuple[int, ...]
    kept: tuple[int, ...]
    sought: tuple[int, ...]
    phone: int | None
    number: bytes | None


@dataclass(frozen=True, slots=True)
class Found:
    """A linked description that shares a key or the ID number, as it is compared."""

    identity_id: int
    person_id: int
    by_number: bool
    record: PersonRecord


@dataclass(frozen=True, slots=True)
class Scored:
    """A linked description beside the new one."""

    identity_id: int
    person_id: int
    by_number: bool
    record: PersonRecord
    pair: PairScore

    @property
    def stay(self) -> Stay:
        """Of his stays the one that agrees best."""
        return self.pair.stays[1]

    @property
    def names_agree(self) -> bool:
        if "shared_id_other_name" in self.pair.flags:
            return False
        return all(item.weight >= 0 for item in self.pair.evidence if item.field == "name")


def keys_of(identity: Identity, record: PersonRecord) -> Keys:
    """Hashed keys of a description; the index of its ID number is one of them.

    An appeal is kept where new people wake it, by what it would look for, and is nobody's candidate itself.
    """
    values = blocking_values(record)
    hashed = dict(zip(values, index.hashed(values), strict=True))
    number = bytes(identity.id_blind) if identity.id_blind is not None else None
    exact = [index.number_key(number)] if number else []
    plain = tuple(sorted({*hashed.values(), *exact}))
    sought = tuple(hashed[value] for value in probing(values, undated(record)))
    appeal = identity.source == Source.CAMPAIGN
    return Keys(
        plain,
        tuple(sorted(map(index.appeal_key, {*sought, *exact}))) if appeal else plain,
        sought,
        next((key for (name, _value), key in hashed.items() if name == "phone"), None),
        number,
    )


def enter(identity: Identity, record: PersonRecord, keys: Keys) -> list[int]:
    """Keep a description to be found and compared. Returns the keys that are new."""
    return index.enter(identity, keys.kept, encode(record), blocking.VERSION)


def search(identity_id: int, keys: Keys) -> tuple[list[tuple[int, int, bool, bytes]], bool]:
    """One prepared query: rows (identity, person, same ID number, sealed record), and whether the telephone number
    is a crowd's. People whom a reviewer said it is not are left out."""
    connection.ensure_connection()
    raw = connection.connection
    if raw.prepare_threshold is None:
        raw.prepare_threshold = 0  # counts for cursors that bind on the server: this one
    with psycopg.Cursor(raw) as cursor:
        # Planning anew for every record's keys would cost five times what reading does.
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        cursor.execute(
            _SQL,
            {
                "keys": list(keys.sought), "number": keys.number, "phone": keys.phone, "identity": identity_id,
            },
            binary=True,
        )  # fmt: skip
        rows = cursor.fetchall()
    return [row[:4] for row in rows], bool(rows and rows[0][4])


def opened(rows: Sequence[tuple[int, int, bool, bytes]]) -> list[Found]:
    """The rows' records in clear, in memory only."""
    known = {row[0]: decode(unseal(index.PURPOSE, row[3])) for row in rows if row[3] is not None}
    if len(known) < len(rows) or None in known.values():
        known |= _from_identities([row[0] for row in rows if known.get(row[0]) is None])
    return [Found(row[0], row[1], row[2], record) for row in rows if (record := known[row[0]]) is not None]


def look_up(identity_id: int, record: PersonRecord, keys: Keys) -> list[Scored]:
    """Every linked description that shares the number or a key, scored; best known by number first."""
    rows, crowded = search(identity_id, keys)
    found = opened(rows)
    others = [one.record for one in found]
    crowded = crowded or _a_helpers(record.phone, found)
    pairs = score_many(record, others, params=tables(), crowded={"phone"} if crowded else ())
    return [
        Scored(one.identity_id, one.person_id, one.by_number, one.record, pair)
        for one, pair in zip(found, pairs, strict=True)
    ]


def _a_helpers(phone: str | None, found: Sequence[Found]) -> bool:
    """Whether more people than a `HOUSEHOLD` gave this telephone number."""
    number = plain_phone(phone)
    if number is None:
        return False
    people = {one.person_id for one in found if one.record.phone and plain_phone(one.record.phone) == number}
    return len(people) > HOUSEHOLD


#: How long the registry's size is taken for what it was, seconds.
SIZE_HOLDS = 300.0
_size: tuple[float, int] | None = None


def tables() -> online.Tables:
    """The parameters in use, with the prior of the registry as large as it is (within `SIZE_HOLDS`).

    The highest number of a person stands for how many there are: it is read at once, and never too low.
    """
    global _size
    now = time.monotonic()
    if _size is None or now - _size[0] > SIZE_HOLDS:
        _size = now, Person.objects.aggregate(highest=Max("pk"))["highest"] or 0
    return online.for_size(_size[1])


@dataclass(frozen=True, slots=True)
class Judgement:
    """same: the one person it is, by which method; doubts: whom a reviewer is asked about, holders of the ID number
    and then the likeliest first."""

    same: Scored | None = None
    method: str = ""
    doubts: tuple[Scored, ...] = ()


def judge(scored: Sequence[Scored], masked: bool) -> Judgement:
    """What the scores of a description's candidates come to. Neither: nobody known.

    One person only is accepted, by ID number with name, birth date and sex that no description of his contradicts (unless the
    rest makes it likelier that a relative lent the number), or by score; masked names never.
    Everything between is doubtful, one ID number with two names among it. Every doubt says in a flag what is odd.
    """
    same_number = [item for item in scored if item.by_number]
    holders = {item.person_id for item in same_number}
    agreeing = [
        item
        for item in same_number
        if item.names_agree
        and not NEVER_ACCEPT.intersection(item.pair.flags)
        and item.pair.probability >= LIKELY
    ]
    against = _against(scored)
    sure = len(holders) == 1 and not masked and against.keys().isdisjoint(holders)
    if sure and agreeing and not _another_bears_the_name(agreeing, scored):
        return Judgement(max(agreeing, key=lambda item: item.pair.weight), "exact_id")
    people: dict[int, Scored] = {}
    for item in scored:
        known = people.get(item.person_id)
        if known is None or item.pair.weight > known.pair.weight:
            people[item.person_id] = item
    accepted = [item for item in people.values() if item.pair.outcome == "accept"]
    if len(accepted) == 1 and not masked:
        (best,) = accepted
        alone = not holders - {best.person_id} and not _another_bears_the_name([best, *same_number], scored)
        if alone and best.person_id not in against:
            return Judgement(best, "score")
    doubts = [
        _told(item, holders, len(accepted), against.get(item.person_id, ()))
        for item in sorted(
            _doubtful(people.values(), holders),
            key=lambda item: (item.person_id not in holders, -item.pair.weight),
        )
    ]
    if len(doubts) > MANY:
        doubts = [replace(item, pair=_one_of_many(item.pair)) for item in doubts]
    return Judgement(doubts=tuple(doubts))


def _another_bears_the_name(agreeing: Sequence[Scored], scored: Sequence[Scored]) -> bool:
    """Whether the number's holder only sounds alike, by one of his descriptions, while somebody else of that name was born
    on that day: twins whose cards were mixed up."""
    if all(item.pair.levels["name"] != "homophone" for item in agreeing):
        return False
    holders = {item.person_id for item in agreeing}
    return any(
        item.pair.levels["name"] in ("exact", "variant")
        and item.pair.levels["birth_date"] in ("exact", "in_numbers")
        for item in scored
        if item.person_id not in holders
    )


def _against(scored: Sequence[Scored]) -> dict[int, list[str]]:
    """Per person what one of his descriptions has against the new one, however well another fits: another valid number, or
    under the same number another name, birth date or sex. All descriptions of a person speak."""
    out: dict[int, list[str]] = {}
    for item in scored:
        flags = BORROWED if item.pair.levels["name"] in OTHER else BORROWED - {"shared_id_other_name"}
        for flag in item.pair.flags:
            if flag == "different_ids" or (flag in flags and item.pair.levels["id_number"] == "exact"):
                out.setdefault(item.person_id, []).append(flag)
    return out


def _told(item: Scored, holders: Collection[int], accepted: int, against: Collection[str]) -> Scored:
    """A doubt with what is odd beyond the pair itself."""
    flags = [*item.pair.flags, *(flag for flag in dict.fromkeys(against) if flag not in item.pair.flags)]
    if set(holders) - {item.person_id}:
        flags.append("number_of_two")
    if accepted > 1 and item.pair.outcome == "accept":
        flags.append("several_fit")
    return replace(item, pair=item.pair._replace(flags=tuple(flags or ["not_enough"])))


def _doubtful(people: Collection[Scored], holders: Collection[int]) -> Iterator[Scored]:
    """Those about whom a reviewer is asked. People who fit alike share the odds, since one of them at most is meant:
    p = odds / (1 + Σ odds), as in tables. Who has the ID number, or would be accepted alone, is always asked about."""
    odds = {item.person_id: 2.0 ** min(item.pair.weight, 200.0) for item in people}
    total = 1.0 + math.fsum(odds.values())
    for item in people:
        lent = item.pair.levels["id_number"] == "exact" and not BORROWED.isdisjoint(item.pair.flags)
        if (
            lent
            or item.pair.outcome == "accept"
            or item.person_id in holders
            or odds[item.person_id] / total >= ASK
        ):
            yield item


def _one_of_many(pair: PairScore) -> PairScore:
    return pair._replace(flags=(*pair.flags, "many_alike"))


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list).decode


def encode(record: PersonRecord) -> bytes:
    """A record as bytes to be sealed; equal records give equal bytes."""
    born = record.birth_date
    return _encode(
        (
            VERSION, record.name, record.id_number, born and born.toordinal(), record.birth_year, record.age,
            record.sex, record.phone, record.area, record.address, record.hospital, record.disease, record.source,
            record.further,
        )
    )  # fmt: skip


def decode(body: bytes) -> PersonRecord | None:
    """The inverse of `encode`, also of what the version before made; None for another version's bytes."""
    version, name, number, born, *rest = _decode(body)
    if version not in (1, VERSION):
        return None
    if version == VERSION:
        rest[-1] = tuple(Stay(*told) for told in rest[-1])
    return PersonRecord(name, number, date.fromordinal(born) if born else None, *rest)


def _from_identities(ids: list[int]) -> dict[int, PersonRecord | None]:
    """Descriptions that were linked before they were indexed (proven by token): read as sources gave them."""
    rows = list(Identity.objects.filter(pk__in=ids))
    known = stays([row.pk for row in rows if row.source == "insurer"])
    return {row.pk: as_record(row, known.get(row.pk, ())) for row in rows}


def as_record(identity: Identity, treated: Sequence[Stay] = ()) -> PersonRecord:
    """The engine's view of an identity (clear values, in memory only). treated: its stays, by its bills."""
    row: Any = identity  # sealed fields are clear values in Python
    extra: dict[str, Any] = row.extra or {}
    age = extra.get("age")
    year = extra.get("birth_year")
    if year is None and age is not None and row.birth_date is None:
        year = (identity.created_at or timezone.now()).year - int(age)
    first, *further = treated or [Stay()]
    if extra.get("hospital") or extra.get(
        "disease"
    ):  # a description that tells of a stay itself has no bills
        first = Stay(extra.get("hospital") or "", extra.get("disease") or "")
        further = [Stay(*one) for one in extra.get("stays") or ()]
    return PersonRecord(
        name=row.name,
        id_number=row.id_number,
        birth_date=row.birth_date,
        birth_year=year,
        age=age,
        sex={"1": "M", "2": "F"}.get(identity.sex),  # type: ignore[arg-type]
        phone=row.phone,
        area=identity.area or None,
        address=row.address,
        hospital=first.hospital or None,
        disease=first.disease or None,
        source=identity.source,  # type: ignore[arg-type]
        further=tuple(further),
    )
