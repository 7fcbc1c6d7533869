"""Keys under which two records of one person meet in the online index.

Values are plain here; the caller hashes them with a secret key (HMAC) before they are stored or looked up.
No key is ever a surname alone.
"""

from collections.abc import Collection, Iterator

from .compare.numbers import clean_id
from .records import PersonRecord
from .values import dates, diseases, hospitals, idnumber
from .values import normalise as n
from .values.characters import is_han

#: Raised whenever a record may get other keys than before, here or through `values`: records kept under an older
#: version are indexed anew (insurance.linking.reindexing). tests/matching/linkage/test_blocking.py holds the two together.
VERSION = 10
#: All key names, in the order of their worth.
KEYS = (
    "id18",
    "id_ends",
    "birth_tail",
    "phone",
    "name_birth",
    "surname_birth",
    "name_year",
    "name_city_disease",
    "hospital_disease_surname_year",
    "hospital_disease_given_year",
    "city_disease_surname_year",
    "city_disease_given_year",
    "city_hospital_surname_year",
    "city_hospital_given_year",
    "surname_year_city_sex",
)
#: For records that say little: a masked name, an age, no number.
BROAD = frozenset(KEYS[8:])
#: For records that tell neither birth date nor age: a lent number says another's.
_UNDATED = "name_city_disease"
_GIVEN = frozenset(key for key in KEYS if key.endswith("_given_year"))
_SURNAME = frozenset(key for key in KEYS if key.endswith("_surname_year"))
#: Provinces that are one city: their districts' codes differ in the third and fourth digit.
_ONE_CITY = frozenset(("11", "12", "31", "50", "81", "82"))


def _letters(raw: str) -> str:
    """The letters of a name in pinyin, sorted: 张小三, Zhang Xiaosan and Xiaosan Zhang come out the same."""
    return "".join(sorted(n.name_pinyin(raw)))


def _surnames(raw: str) -> list[str]:
    value = n.plain_name(raw)
    if value.startswith("*"):
        return []  # **丰: what is shown is no surname
    if value and not any(is_han(c) for c in value):
        words = [w for w in value.replace("*", " ").split() if w]
        return sorted({words[0], words[-1]}) if words else []
    surname = n.surname_pinyin(raw)
    return [surname] if surname else []


def _city(code: str | None) -> str:
    """The city of an area: four digits, two for a municipality; '' for a province or none."""
    if not code:
        return ""
    return code[:2] if code[:2] in _ONE_CITY else "" if code[2:4] == "00" else code[:4]


def _house(raw: str | None) -> str:
    """A hospital as anybody calls it inside one city: its number, else its kind, else its name."""
    found = hospitals.parse(raw)
    return str(found.number or found.kind or found.plain)


def blocking_values(rec: PersonRecord) -> list[tuple[str, str]]:
    """(key name, composite value) pairs, without duplicates; empty for a record that says too little.

    A year that was derived from an age (``birth_year`` with ``age`` and no ``birth_date``) may be one off
    and gives its keys for the years beside it too.
    """
    out: list[tuple[str, str]] = []
    cleaned = clean_id(rec.id_number) if rec.id_number else ""
    identity = idnumber.parse(cleaned) if cleaned else None
    said = rec.birth_date if rec.birth_date and dates.written(rec.birth_date) else None
    birth = said or (identity.birth if identity else None)
    sex = rec.sex or (identity.sex if identity else None)
    if len(cleaned) == 18 and cleaned[:17].isdigit():
        out.append(("id18", cleaned))
        out.append(("birth_tail", cleaned[6:14] + cleaned[14:]))
    if len(cleaned) == 18 and cleaned[:4].isdigit() and cleaned[-4:-1].isdigit():
        out.append(("id_ends", cleaned[:4] + cleaned[-4:]))
    if birth and len(cleaned) == 18 and cleaned[-4:-1].isdigit():
        out.append(("birth_tail", f"{birth:%Y%m%d}{cleaned[-4:]}"))
    out.extend(("phone", number) for number in n.phones(rec.phone))

    masked = n.is_masked_name(rec.name)
    full = n.name(rec.name) if rec.name and not masked else ""
    surnames = _surnames(rec.name) if rec.name else []
    if birth:
        day = f"{birth:%Y%m%d}"
        if len(full) > 1:
            out.append(("name_birth", f"{_letters(full)}|{day}"))
        out.extend(("surname_birth", f"{s}|{day}") for s in surnames)
    years: list[int] = []
    if birth:
        years = [birth.year]
        if said and identity and identity.birth.year != birth.year:
            years.append(identity.birth.year)
    elif rec.birth_year:
        years = [rec.birth_year]
        if rec.age is not None:
            years += [rec.birth_year - 1, rec.birth_year + 1]
    plain = n.plain_name(rec.name)
    # **明: platforms that hide the surname show the last character.
    last = n.name(plain[-1]) if len(plain) > 1 and is_han(plain[-1]) and not n.nickname_surname(plain) else ""
    # Insured here, registered there: an appeal names either.
    areas = (n.area(rec.area), n.area(identity.area6) if identity else None)
    cities = dict.fromkeys(filter(None, map(_city, areas)))
    stays = list(dict.fromkeys(_stays(rec, cities))) if years or len(full) > 1 else []
    if len(full) > 1:
        out.extend((_UNDATED, f"{_letters(full)}|{value}") for kind, value in stays if kind == "city_disease")
    for year in years:
        if len(full) > 1:
            out.append(("name_year", f"{full}|{year}"))
        for surname in surnames:
            out.extend(
                ("surname_year_city_sex", f"{surname}|{year}|{city}|{one}")
                for city in cities
                for one in ((sex,) if sex else ("M", "F"))
            )
            out.extend((f"{kind}_surname_year", f"{value}|{surname}|{year}") for kind, value in stays)
        if last:
            out.extend((f"{kind}_given_year", f"{value}|{last}|{year}") for kind, value in stays)
    return list(dict.fromkeys(out))


def _stays(rec: PersonRecord, cities: Collection[str]) -> Iterator[tuple[str, str]]:
    """(what is known, value) of every stay: any two of the hospital, the illness and the patient's city."""
    for stay in rec.stays:
        illness = diseases.classify(stay.disease)
        told = hospitals.key(stay.hospital), _house(stay.hospital), diseases.family(illness)
        hospital, house, condition = (
            one.replace("|", "") for one in told
        )  # the mark between the parts of a key
        if hospital and condition:
            yield "hospital_disease", f"{hospital}|{condition}"
        for city in cities:
            if condition:
                yield "city_disease", f"{city}|{condition}"
            if house:
                yield "city_hospital", f"{city}|{house}"


def undated(rec: PersonRecord) -> bool:
    """Whether a record tells by itself neither a birth date nor an age (a number may be a relative's)."""
    return rec.birth_date is None and rec.birth_year is None


def probing(values: list[tuple[str, str]], undated: bool = False) -> list[tuple[str, str]]:
    """Of a record's keys those under which others are looked for; by name, city and illness only if it is `undated`.

    Whoever gives a whole name, a birth date and a number is found by these, or is not the same; the broad keys
    are for records that say less. They are kept of every record all the same, to be found by those. A surname is
    sought rather than a last character; by surname, year, city and sex alone only where the hospital or the illness
    is not told: whoever shares no more than that with a record that tells them is hardly the same.
    """
    if not undated:
        values = [value for value in values if value[0] != _UNDATED]
    known = {name for name, _ in values}
    if "name_birth" in known and not known.isdisjoint(("id18", "phone")):
        return [value for value in values if value[0] not in BROAD]
    idle: set[str] = set()
    if not known.isdisjoint(_SURNAME):
        idle |= _GIVEN
    if {"city_disease_surname_year", "city_hospital_surname_year"} <= known:
        idle.add("surname_year_city_sex")
    return [value for value in values if value[0] not in idle]
