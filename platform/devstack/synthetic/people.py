# ruff: noqa: S311
"""A seeded population of families: grandparents, their children with spouses, grandchildren, twins.

Families matter more than single persons: what makes two records hard to tell apart in life is a sibling with
the same generation character, a twin with the same birth date and the neighbouring ID number, a spouse at
the same address with the same phone.
"""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random

from devstack.synthetic import homophones, names, places

AS_OF = date(2026, 6, 30)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
# Prefixes in the mobile range that no operator has been given: they ring nowhere.
FICTIONAL_PREFIXES = ("154", "163", "164", "168", "169")


def check_digit(body: str) -> str:
    """The last character of a resident ID number for its first 17 digits (GB 11643-1999, MOD 11-2)."""
    if len(body) != 17 or not body.isdigit():
        raise ValueError("an ID number's body has 17 digits")
    return "10X98765432"[sum(int(d) * w for d, w in zip(body, _WEIGHTS, strict=True)) % 11]


def draw_phone(rng: Random) -> str:
    """An eleven-digit mobile number in a prefix that was never given out."""
    return rng.choice(FICTIONAL_PREFIXES) + f"{rng.randrange(10**8):08d}"


@dataclass(frozen=True)
class SyntheticPerson:
    """One invented person. Dates are dates, sex is "1" (male) or "2" (female), areas are six-digit codes.

    `registered_area` (户籍) is the code inside the ID number and may be a former code; `area` is where the
    person lives and is insured. Links (`spouse`, `parents`, `twin`) are indexes into `Population.people`.
    `hardship` is a psn_idet_type code (2303 minimum-living allowance, …) or "".
    """

    index: int
    household: int
    role: str
    surname: str
    given_name: str
    sex: str
    birth_date: date
    id_number: str
    registered_area: str
    city: str
    area: str
    address: str
    phone: str
    insutype: str
    psn_type: str
    psn_no: str
    hardship: str = ""
    spouse: int | None = None
    parents: tuple[int, ...] = ()
    twin: int | None = None

    @property
    def name(self) -> str:
        return self.surname + self.given_name

    @property
    def id_number_15(self) -> str | None:
        """The number as issued before 1999-10-01 (two-digit year, no check character), or None."""
        if not date(1900, 1, 1) <= self.birth_date < date(1999, 10, 1):
            return None
        return self.id_number[:6] + self.id_number[8:17]

    def age_on(self, day: date) -> int:
        """Full years on that day."""
        born = self.birth_date
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day))

    def as_canonical(self) -> dict[str, object]:
        """The `person` part of a canonical settlement."""
        return {
            "psn_no": self.psn_no,
            "cert_type": "01",
            "cert_no": self.id_number,
            "name": self.name,
            "sex": self.sex,
            "birth_date": self.birth_date.isoformat(),
            "phone": self.phone,
            "area": self.area,
        }


@dataclass(frozen=True)
class _Home:
    household: int
    city: places.City
    area: places.Area
    address: str
    phone: str


@dataclass
class Population:
    """`persons` invented people in families; the same seed gives the same people.

    twin_rate: share of births that are twins (about 0.017 in life; raise it to test twins).
    alike: whether brothers and sisters may have names that sound the same (陈佳, 陈嘉), as often as chance gives them.
    """

    seed: int
    persons: int
    twin_rate: float = 0.02
    alike: bool = False
    as_of: date = AS_OF
    people: list[SyntheticPerson] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        if self.persons < 0:
            raise ValueError("persons must not be negative")
        self._rng = Random(f"population-{self.seed}")
        self._ids: set[str] = set()
        self._households = 0
        while len(self.people) < self.persons:
            self._add_family()
        del self.people[self.persons :]
        known = self.persons
        self.people = [
            replace(
                p,
                spouse=p.spouse if p.spouse is not None and p.spouse < known else None,
                twin=p.twin if p.twin is not None and p.twin < known else None,
                parents=tuple(i for i in p.parents if i < known),
            )
            for p in self.people
        ]

    def household_of(self, person: SyntheticPerson) -> list[SyntheticPerson]:
        """Everyone who lives with the person, the person included."""
        near = self.people[max(0, person.index - 40) : person.index + 41]
        return [p for p in near if p.household == person.household]

    def siblings_of(self, person: SyntheticPerson) -> list[SyntheticPerson]:
        """Brothers and sisters (twins too), without the person."""
        if not person.parents:
            return []
        near = self.people[max(0, person.index - 40) : person.index + 41]
        return [p for p in near if p.parents == person.parents and p.index != person.index]

    # one family ----------------------------------------------------------------------------------------

    def _home(self, city: places.City, area: places.Area | None = None) -> _Home:
        rng = self._rng
        if area is None or rng.random() < 0.35:
            area = rng.choices(city.areas, [a.share for a in city.areas])[0]
        self._households += 1
        return _Home(self._households, city, area, places.draw_address(rng, city, area), draw_phone(rng))

    def _add_family(self) -> None:
        rng = self._rng
        city = places.CITIES[0] if rng.random() < 0.6 else places.CITIES[1]
        home = self._home(city)
        surname = names.draw_surname(rng, city.code)
        characters = [names.draw_generation_character(rng, g) if rng.random() < 0.3 else "" for g in range(3)]
        elder_year = rng.randint(1938, 1978)
        shape = rng.random()
        couple = self._couple(home, surname, elder_year, "head", characters[0], mother_only=shape < 0.08)
        if shape > 0.92:
            return
        wanted = rng.choices((1, 2, 3, 4), (55, 30, 10, 5) if elder_year > 1955 else (20, 40, 25, 15))[0]
        for child in self._children(home, surname, couple, elder_year + 25, wanted, characters[1]):
            grown = self.as_of.year - child.birth_date.year >= 24
            if not grown or rng.random() < 0.2:
                continue
            stays = rng.random() < 0.3
            new_home = home if stays else self._home(city, home.area)
            self._move(child.index, new_home)
            if rng.random() < 0.78:
                self._marry(child.index, new_home)
                child = self.people[child.index]
                pair = (child.index, child.spouse) if child.spouse is not None else (child.index,)
                line = child.surname
                if child.sex == "2" and child.spouse is not None:
                    line = self.people[child.spouse].surname
                start = child.birth_date.year + rng.randint(22, 30)
                self._children(
                    new_home, line, pair, start, rng.choices((0, 1, 2, 3), (15, 50, 30, 5))[0],
                    characters[2] if child.sex == "1" else "",
                )  # fmt: skip

    def _couple(
        self, home: _Home, surname: str, year: int, role: str, character: str, mother_only: bool
    ) -> tuple[int, ...]:
        first = self._add(home, surname, "2" if mother_only else "1", self._day(year), role, character)
        if mother_only or self._rng.random() < 0.12:
            return (first.index,)
        self._marry(first.index, home)
        spouse = self.people[first.index].spouse
        return (first.index, spouse) if spouse is not None else (first.index,)

    def _marry(self, index: int, home: _Home) -> None:
        rng, one = self._rng, self.people[index]
        year = one.birth_date.year + rng.choice((-3, -2, -1, 0, 0, 1, 1, 2, 3)) * (
            1 if one.sex == "1" else -1
        )
        other = self._add(
            home, names.draw_surname(rng, home.city.code), "2" if one.sex == "1" else "1",
            self._day(year), "spouse",
        )  # fmt: skip
        self.people[index] = replace(self.people[index], spouse=other.index)
        self.people[other.index] = replace(other, spouse=index)

    def _children(
        self, home: _Home, surname: str, parents: tuple[int, ...], year: int, wanted: int, character: str
    ) -> list[SyntheticPerson]:
        rng = self._rng
        born: list[SyntheticPerson] = []
        origin = self.people[parents[0]].registered_area
        while len(born) < wanted and year < self.as_of.year:
            day, sex = self._day(year), rng.choice("12")
            use = character if character and (sex == "1" or rng.random() < 0.5) else ""
            names_used = frozenset(c.given_name for c in born)
            child = self._add(home, surname, sex, day, "child", use, parents, origin, taken=names_used)
            born.append(child)
            if rng.random() < self.twin_rate:
                same = rng.random() < 0.65
                twin_sex = sex if same else ("2" if sex == "1" else "1")
                share = use or (child.given_name[0] if rng.random() < 0.6 else "")
                names_used |= {child.given_name}
                twin = self._add(
                    home, surname, twin_sex, day, "child", share, parents, origin, child, names_used
                )
                self.people[child.index] = replace(self.people[child.index], twin=twin.index)
                self.people[twin.index] = replace(twin, twin=child.index)
                born.append(self.people[twin.index])
            year += rng.randint(1, 6)
        return born

    def _move(self, index: int, home: _Home) -> None:
        self.people[index] = replace(
            self.people[index], household=home.household, area=home.area.code, address=home.address,
        )  # fmt: skip

    # one person ----------------------------------------------------------------------------------------

    def _day(self, year: int) -> date:
        year = min(year, self.as_of.year)
        first = date(year, 1, 1)
        last = min(date(year, 12, 31), self.as_of - timedelta(days=30))
        if last < first:
            first, last = last - timedelta(days=300), last
        return first + timedelta(days=self._rng.randint(0, (last - first).days))

    def _add(
        self,
        home: _Home,
        surname: str,
        sex: str,
        born: date,
        role: str,
        character: str = "",
        parents: tuple[int, ...] = (),
        origin: str = "",
        twin_of: SyntheticPerson | None = None,
        taken: frozenset[str] = frozenset(),
    ) -> SyntheticPerson:
        rng = self._rng
        given = names.draw_given_name(rng, sex, born.year, character)
        # No family gives two children one name, and few give them two that sound the same.
        heard = frozenset() if self.alike else frozenset(homophones.sound(other) for other in taken)
        while given in taken or homophones.sound(given) in heard:
            given = names.draw_given_name(rng, sex, born.year, character)
        area = origin or (rng.choice(home.city.origins)[0] if rng.random() < 0.15 else home.area.code)
        former = places.FORMER_CODES.get(area)
        if former and born < former[1]:
            area = former[0]
        age = self.as_of.year - born.year
        phone = draw_phone(rng) if 16 <= age < 80 and rng.random() < 0.9 else home.phone
        employee = age >= 22 and rng.random() < (0.45 if home.area.rural < 0.3 else 0.18)
        insutype = "310" if employee else "390"
        psn_type = (
            ("1201" if age >= 60 else "1101")
            if employee
            else ("15" if age < 18 else "16" if age >= 60 else "14")
        )
        roll = rng.random()
        hardship = "2303" if roll < 0.03 else "2304" if roll < 0.035 else "2305" if roll < 0.05 else ""
        if employee:
            hardship = ""
        person = SyntheticPerson(
            index=len(self.people), household=home.household, role=role, surname=surname, given_name=given,
            sex=sex, birth_date=born, id_number=self._id_number(area, born, sex, twin_of),
            registered_area=area, city=home.city.code, area=home.area.code, address=home.address, phone=phone,
            insutype=insutype, psn_type=psn_type,
            psn_no=f"{home.city.code}00{rng.randrange(10**14):014d}", hardship=hardship, parents=parents,
        )  # fmt: skip
        self.people.append(person)
        return person

    def _id_number(self, area: str, born: date, sex: str, twin_of: SyntheticPerson | None) -> str:
        rng = self._rng
        for attempt in range(2000):
            if twin_of is not None and attempt < 20:
                order = int(twin_of.id_number[14:17]) + 1 + attempt
            else:
                order = rng.randint(1, 995)
            if order > 995 or order % 2 != int(sex) % 2:
                continue
            body = f"{area}{born:%Y%m%d}{order:03d}"
            number = body + check_digit(body)
            if number not in self._ids:
                self._ids.add(number)
                return number
        raise ValueError("no free ID number for this day and area")
