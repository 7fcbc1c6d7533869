"""Tables of persons as public benchmarks and foreign offices have them, made with their truth.

`bench.linkage.shapes` varies how many columns and copies there are; here names, dates and errors are those of other
countries and times: biographies typed again and again, a German register, two years of a voters' list, Spanish and
Brazilian double surnames, Arabic names in Latin letters, a list of phones, two offices with their own habits.
Standard library only, independent of the engine.
"""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from random import Random

from bench.linkage.shapes import (
    GIVEN_F,
    GIVEN_M,
    SHORT,
    Make,
    Person,
    Row,
    _task,
    _zipf,
    chinese,
    slip,
    western,
)  # fmt: skip
from bench.linkage.tasks import Task

Rows = list[tuple[int, Row]]
Style = Callable[[str, str, str], str]


def _words(text: str) -> list[str]:
    return text.split()


#: Peers and members of parliament have few given names, and titles for surnames.
OLD = _words(
    "John William Thomas George James Charles Henry Robert Edward Richard Francis Hugh Frederick Walter Alexander Arthur "
    "Mary Elizabeth Anne Margaret Jane Charlotte Caroline Frances Catherine Sarah"
)
PLACES = _words(
    "London Edinburgh Devon Kent Surrey Westminster Dublin Glasgow Lancashire Norfolk Sussex Cornwall Bristol Oxford "
    "Manchester Liverpool Birmingham Bath York Leeds Cardiff Hampshire Somerset Wiltshire Essex"
)
TRADES = _words(
    "politician writer painter military cricketer clergyman botanist actor lawyer engineer physician composer"
)
SURNAMES_DE = _words(
    "Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch Bauer Richter Klein Wolf "
    "Schröder Neumann Schwarz Zimmermann Braun Krüger Hofmann Hartmann Lange Schmitt Werner Schmitz Krause Meier Lehmann "
    "Schmid Schulze Maier Köhler Herrmann König Walter Mayer Huber Kaiser Fuchs Peters Lang Scholz Möller Weiß Jung Hahn "
    "Schubert Vogel Friedrich Keller Günther Frank Berger Winkler Roth Beck Lorenz Baumann Franke Albrecht Schuster Simon "
    "Ludwig Böhm Winter Kraus Martin Schumacher Krämer Vogt Stein Jäger Otto Sommer Groß Seidel Heinrich Brandt Haas"
)
GIVEN_DE = _words(
    "Peter Michael Thomas Andreas Wolfgang Klaus Jürgen Günter Stefan Christian Uwe Werner Horst Frank Dieter Manfred Gerhard "
    "Hans Bernd Torsten Matthias Helmut Walter Heinz Martin Jörg Rolf Jens Sven Alexander Ursula Maria Monika Petra Sabine "
    "Renate Helga Karin Brigitte Ingrid Erika Andrea Gisela Claudia Susanne Gabriele Christa Christine Hildegard Anna Birgit "
    "Barbara Gerda Heike Elisabeth Angelika Martina Irmgard Ute"
)
SURNAMES_ES = _words(
    "García Rodríguez González Fernández López Martínez Sánchez Pérez Gómez Martín Jiménez Ruiz Hernández Díaz Moreno Muñoz "
    "Álvarez Romero Alonso Gutiérrez Navarro Torres Domínguez Vázquez Ramos Gil Ramírez Serrano Blanco Molina Morales Suárez "
    "Ortega Delgado Castro Ortiz Rubio Marín Sanz Núñez Iglesias Medina Garrido Cortés Castillo Santos Lozano Guerrero Cano"
)
GIVEN_ES = _words(
    "María Carmen Josefa Isabel Ana Laura Marta Cristina Lucía Pilar Dolores Antonia Elena Sara Paula Raquel José Antonio Juan "
    "Manuel Francisco Luis Javier Miguel Carlos Jesús Alejandro Pedro Rafael Pablo Ángel Fernando Alberto Sergio Jorge Andrés"
)
ARABIC = {
    "محمد": "Mohammed Muhammad Mohamed Mohamad Mohammad", "أحمد": "Ahmed Ahmad", "علي": "Ali Aly", "حسن": "Hassan Hasan",
    "حسين": "Hussein Hussain Husayn Hosein", "عمر": "Omar Umar", "خالد": "Khaled Khalid", "يوسف": "Youssef Yusuf Yousef Yousif",
    "إبراهيم": "Ibrahim Ebrahim Ibraheem", "عبدالله": "Abdullah Abdallah Abdulla", "محمود": "Mahmoud Mahmud Mahmood",
    "مصطفى": "Mustafa Mostafa Moustafa", "سعيد": "Said Saeed Saïd Sayeed", "فاطمة": "Fatima Fatma Fatimah", "عائشة": "Aisha Aicha Ayesha",
    "مريم": "Maryam Mariam Meryem", "زينب": "Zainab Zaynab Zeinab", "خديجة": "Khadija Khadidja Khadijah", "نور": "Nour Noor Nur",
    "سارة": "Sara Sarah", "ليلى": "Layla Leila Laila", "هدى": "Huda Hoda", "ناصر": "Nasser Nasir Naser", "طارق": "Tariq Tarek Tarik",
}  # fmt: skip
FAMILIES_AR = _words(
    "Masri Hashimi Najjar Haddad Khoury Shami Baghdadi Rashid Sayed Qasim Jaber Farouk Mansour Halabi Tamimi Zein Khatib Sabbagh "
    "Darwish Ghanem Saleh Awad Bishara Hamdan Issa Karam Nasr Othman Rahman Sharif"
)
DAYS: dict[str, Style] = {
    "iso": lambda y, m, d: f"{y}-{m}-{d}", "slash": lambda y, m, d: f"{y}/{int(m)}/{int(d)}", "plain": lambda y, m, d: f"{y}{m}{d}",
    "short": lambda y, m, d: f"{int(d)}.{int(m)}.{y[2:]}", "american": lambda y, m, d: f"{int(m)}/{int(d)}/{y}",
    "european": lambda y, m, d: f"{int(d)}/{int(m)}/{y}", "han": lambda y, m, d: f"{y}年{int(m)}月{int(d)}日",
    "serial": lambda y, m, d: str((date(int(y), int(m), int(d)) - date(1899, 12, 30)).days),
}  # fmt: skip


def _blank(row: Row, rng: Random, share: float, keep: tuple[str, ...] = ()) -> Row:
    return {k: (v if k in keep or rng.random() >= share else None) for k, v in row.items()}


def _day(rng: Random, first: int, last: int) -> str:
    start = date(first, 1, 1)
    return (start + timedelta(days=rng.randrange((date(last, 12, 31) - start).days))).isoformat()


def _biographies(count: int) -> Make:
    """People of two centuries, each one to twenty times, names long and short, half of the dates a year or worse."""
    fields = {"first": "given_name", "last": "surname", "dob": "birth_date", "place": "area", "postcode": "postcode", "sex": "sex",
              "work": "text"}  # fmt: skip

    def make(rng: Random) -> Task:
        tails = western(max(count, 300), rng, 0.6)
        rows: Rows = []
        for k in range(count):
            sex = "female" if rng.random() < 0.2 else "male"
            first = _zipf(OLD[-10:] if sex == "female" else OLD[:16], rng, 0.8)
            second = rng.choice(OLD) if rng.random() < 0.4 else ""
            last, title = tails[k]["last"], rng.choice(PLACES) if rng.random() < 0.25 else ""
            born, place, code = _day(rng, 1780, 1920), rng.choice(PLACES), tails[k]["postcode"]
            work = rng.choice(TRADES)
            for _ in range(min(int(rng.expovariate(0.1)) + 1, 25)):
                said = (
                    SHORT.get(first, first)
                    if rng.random() < 0.12
                    else first[0]
                    if rng.random() < 0.05
                    else first
                )
                if second and rng.random() < 0.3:
                    said = f"{said} {second}" if rng.random() < 0.7 else second
                name = title if title and rng.random() < 0.3 else last
                day = born
                if rng.random() < 0.2:
                    day = f"{born[:4]}-01-01"
                elif rng.random() < 0.15:
                    day = f"{int(born[:4]) + rng.choice((-10, -2, -1, 1, 2, 10))}{born[4:]}"
                row: Row = {
                    "first": slip(said, rng) if rng.random() < 0.12 else said, "last": slip(name, rng) if rng.random() < 0.15 else name,
                    "dob": slip(day, rng) if rng.random() < 0.08 else day,
                    "place": rng.choice(PLACES) if rng.random() < 0.15 else place,
                    "postcode": slip(code, rng) if rng.random() < 0.15 else tails[rng.randrange(len(tails))]["postcode"] if rng.random() < 0.15 else code,
                    "sex": sex, "work": rng.choice(TRADES) if rng.random() < 0.1 else work,
                }  # fmt: skip
                rows.append((k, _blank(row, rng, 0.13)))
        rng.shuffle(rows)
        return _task(f"biographies, one to twenty-five records ({count} persons)", rows, None, fields, 0)

    return make


def _german(kind: str) -> Make:
    """Two given names and two surnames (mostly one), the birth date in three columns; one in ten copied with one error."""
    fields = {
        "first1": "given_name",
        "first2": "given_name",
        "last1": "surname",
        "last2": "surname",
        "by": kind,
        "bm": kind,
        "bd": kind,
    }

    def make(rng: Random) -> Task:
        rows: Rows = []
        for k in range(4500):
            y, m, d = _day(rng, 1920, 2009).split("-")
            row: Row = {
                "first1": _zipf(GIVEN_DE, rng, 0.5).upper(), "first2": _zipf(GIVEN_DE, rng, 0.5).upper() if rng.random() < 0.1 else None,
                "last1": _zipf(SURNAMES_DE, rng, 0.7).upper(), "last2": _zipf(SURNAMES_DE, rng, 0.7).upper() if rng.random() < 0.03 else None,
                "by": y, "bm": str(int(m)), "bd": str(int(d)),
            }  # fmt: skip
            rows.append((k, row))
            if k % 9 == 0:
                field = rng.choice(["first1", "last1", "last1", "by", "bm", "bd"])
                rows.append((k, row | {field: slip(row[field] or "", rng) if field[0] != "b" else str(rng.randint(*{"by": (1920, 2009), "bm": (1, 12), "bd": (1, 28)}[field]))}))  # fmt: skip
        rng.shuffle(rows)
        return _task(f"register, names in four columns, birth in three ({kind})", rows, None, fields, 0)

    return make


def _voters(rng: Random) -> Task:
    """Two years of a voters' list: women take another surname, people move, middle names become initials."""
    fields = {"first": "given_name", "middle": "text", "last": "surname", "age": "age", "sex": "sex", "race": "text", "street": "address",
              "city": "area", "zip": "postcode", "phone": "phone"}  # fmt: skip
    people, a, b = western(2600, rng), [], []
    codes = {p["town"]: f"{27000 + 37 * k % 1900:05d}" for k, p in enumerate(people)}
    for k, p in enumerate(people):
        middle = rng.choice(GIVEN_M if p["sex"] == "M" else GIVEN_F) if rng.random() < 0.85 else None
        age, race = 2012 - int(p["year"]), rng.choices("WBAHO", (65, 22, 4, 6, 3))[0]
        row: Row = {"first": p["first"].upper(), "middle": middle and middle.upper(), "last": p["last"].upper(), "age": str(age), "sex": p["sex"],
                    "race": race, "street": p["line"].upper(), "city": p["town"].upper(), "zip": codes[p["town"]],
                    "phone": p["phone"][1:] if rng.random() < 0.5 else None}  # fmt: skip
        if k < 1800:
            a.append((k, row))
        if k >= 900:
            later = dict(row) | {"age": str(age + 4)}
            if p["sex"] == "F" and rng.random() < 0.12:
                later |= {
                    "middle": row["last"] if rng.random() < 0.3 else row["middle"],
                    "last": rng.choice(people)["last"].upper(),
                }
            if rng.random() < 0.25:
                other = rng.choice(people)
                later |= {
                    "street": other["line"].upper(),
                    "city": other["town"].upper(),
                    "zip": codes[other["town"]],
                }
            if rng.random() < 0.3 and later["middle"]:
                later["middle"] = later["middle"][0]
            if rng.random() < 0.3:
                later["phone"] = None if rng.random() < 0.5 else rng.choice(people)["phone"][1:]
            for field in ("first", "last", "street"):
                if rng.random() < 0.02:
                    later[field] = slip(later[field] or "", rng)
            b.append((k, later))
    rng.shuffle(b)
    return _task("voters of two years, marriages and moves", a, b, fields, 0)


def _spanish(whole: bool) -> Make:
    """Two surnames: the second is left out, both change places, compound given names lose one; accents come and go."""
    fields = (
        {"nombre": "name"}
        if whole
        else {"nombre": "given_name", "apellido1": "surname", "apellido2": "surname"}
    )
    fields |= {"nacido": "birth_date", "sexo": "sex", "municipio": "area"}

    def make(rng: Random) -> Task:
        rows: Rows = []
        for k in range(900):
            given = (
                f"{rng.choice(GIVEN_ES)} {rng.choice(GIVEN_ES)}"
                if rng.random() < 0.5
                else rng.choice(GIVEN_ES)
            )
            father, mother = _zipf(SURNAMES_ES, rng, 0.8), _zipf(SURNAMES_ES, rng, 0.8)
            y, m, d = _day(rng, 1935, 2005).split("-")
            sex, town = rng.choice("HM"), rng.choice(PLACES)
            for _ in range(rng.choice((1, 1, 2, 2, 3))):
                one, first, last = given, father, mother
                if rng.random() < 0.2:
                    one = rng.choice(given.split())
                if rng.random() < 0.2:
                    last = ""
                elif rng.random() < 0.05:
                    first, last = last, first
                if rng.random() < 0.3:
                    one, first, last = (
                        v.translate(str.maketrans("áéíóúñÁ", "aeiounA")) for v in (one, first, last)
                    )
                one, first = (slip(v, rng) if rng.random() < 0.05 else v for v in (one, first))
                day = DAYS[rng.choice(("european", "iso"))](
                    y, m, d if rng.random() > 0.05 else f"{rng.randint(1, 28):02d}"
                )
                said: Row = (
                    {"nombre": f"{one} {first} {last}".strip()}
                    if whole
                    else {"nombre": one, "apellido1": first, "apellido2": last or None}
                )
                rows.append(
                    (
                        k,
                        _blank(
                            said | {"nacido": day, "sexo": sex, "municipio": town}, rng, 0.04, ("nombre",)
                        ),
                    )
                )
        rng.shuffle(rows)
        return _task(f"Spanish names{' in one column' if whole else ''}", rows, None, fields, 0)

    return make


def _arabic(rng: Random) -> Task:
    """Given name, father's name and family in Latin letters as each clerk hears them; birthdays often 1 January."""
    fields = {"name": "name", "dob": "birth_date", "sex": "sex", "phone": "phone", "village": "area"}
    rows: Rows = []
    names = list(ARABIC.values())
    for k in range(900):
        own, father, family = rng.choice(names), rng.choice(names[:13]), rng.choice(FAMILIES_AR)
        born, town = _day(rng, 1950, 2015), rng.choice(PLACES)
        if rng.random() < 0.4:
            born = f"{born[:4]}-01-01"
        phone, sex = f"07{rng.randrange(10**9):09d}", rng.choice("MF")
        for _ in range(rng.choice((1, 1, 2, 2, 3))):
            parts = [
                rng.choice(own.split()),
                rng.choice(father.split()),
                rng.choice(("Al-", "El-", "al ", "Al", "")) + family,
            ]
            if rng.random() < 0.25:
                parts.pop(1)
            said = f"+964 {phone[1:4]} {phone[4:]}" if rng.random() < 0.4 else phone
            row: Row = {"name": " ".join(parts), "dob": born if rng.random() > 0.06 else f"{int(born[:4]) + rng.choice((-1, 1))}{born[4:]}",
                        "sex": sex, "phone": said if rng.random() > 0.2 else f"07{rng.randrange(10**9):09d}",
                        "village": town if rng.random() > 0.1 else rng.choice(PLACES)}  # fmt: skip
            rows.append((k, _blank(row, rng, 0.08, ("name",))))
    rng.shuffle(rows)
    return _task("Arabic names in Latin letters", rows, None, fields, 0)


def _said_phone(phone: str, rng: Random) -> str:
    return rng.choice((phone, phone, phone, f"+86 {phone}", f"86-{phone}", f"{phone[:3]}-{phone[3:7]}-{phone[7:]}", f"{phone} 妈妈", f"{phone}.0",
                       f"{phone[:3]} {phone[3:7]} {phone[7:]}", f"0{phone}", f"{phone}/1{rng.randrange(3 * 10**9, 10**10)}"))  # fmt: skip


def _list(rng: Random) -> Task:
    """A list of names and phones, as it is passed around: titles, brackets, prefixes, relatives with one phone."""
    fields = {"name": "name", "phone": "phone"}
    rows: Rows = []
    for k, p in enumerate(chinese(1200, rng)):
        for _ in range(rng.choice((1, 1, 1, 2, 2, 3))):
            name = p["name"]
            chance = rng.random()
            if chance < 0.04:
                name += rng.choice(("（家属）", "(患儿)", "【微信】"))
            elif chance < 0.08:
                name = f"{name[0]} {name[1:]}"
            elif chance < 0.11:
                name = slip(name, rng)
            phone: str | None = p["phone"] if rng.random() > 0.06 else f"1{rng.randrange(3 * 10**9, 10**10)}"
            if rng.random() < 0.04:
                phone = slip(phone or "", rng)
            rows.append(
                (k, {"name": name, "phone": _said_phone(phone or "", rng) if rng.random() > 0.04 else None})
            )
    rng.shuffle(rows)
    return _task("list of names and phones (Chinese)", rows, None, fields, 0)


def _card(person: Person, rng: Random) -> str:
    body = f"{person['area']}{person['dob'].replace('-', '')}{rng.randrange(10, 999) // 2 * 2 + (person['sex'] == '男'):03d}"[
        :17
    ]
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(c) * w for c, w in zip(body, weights, strict=True)) % 11]


def _offices(rng: Random) -> Task:
    """A hospital's list and a charity's: Excel rounded the numbers of one, each has its own dates, sexes and phones."""
    fields = {
        "name": "name",
        "card": "id_number",
        "dob": "birth_date",
        "sex": "sex",
        "phone": "phone",
        "address": "address",
    }
    a, b = [], []
    for k, p in enumerate(chinese(1800, rng)):
        card, parts = _card(p, rng), p["dob"].split("-")
        if k < 1200:
            day = DAYS["serial" if rng.random() < 0.7 else "slash"](*parts)
            a.append((k, _blank({"name": p["name"], "card": f"{card[:15]}000" if rng.random() < 0.9 else card[:6] + card[8:17], "dob": day,
                                 "sex": "1" if p["sex"] == "男" else "2", "phone": f"+86{p['phone']}", "address": p["address"]}, rng, 0.08, ("name",))))  # fmt: skip
        if k >= 700:
            name = slip(p["name"], rng) if rng.random() < 0.05 else p["name"]
            phone = p["phone"] if rng.random() < 0.75 else f"1{rng.randrange(3 * 10**9, 10**10)}"
            y, m, d = parts
            day = DAYS[rng.choice(("han", "short", "iso"))](
                y, m, d if rng.random() > 0.05 else f"{rng.randint(1, 28):02d}"
            )
            typed = slip(card, rng) if rng.random() < 0.08 else card
            b.append((k, _blank({"name": name, "card": typed, "dob": day, "sex": p["sex"], "phone": _said_phone(phone, rng),
                                 "address": "长沙市" + p["address"] if rng.random() < 0.3 else p["address"]}, rng, 0.15, ("name",))))  # fmt: skip
    rng.shuffle(b)
    return _task("two offices, numbers rounded by Excel (Chinese)", a, b, fields, 0)


def _american(rng: Random) -> Task:
    """One table writes 3/25/1987 and 2139, the other 25/03/1987 and 02139."""
    fields = {"first": "given_name", "last": "surname", "dob": "birth_date", "zip": "postcode"}
    people = western(1500, rng)
    zips = {
        p["town"]: f"0{1000 + 97 * k % 8000:04d}" if k % 2 else f"{20000 + 331 * k % 70000:05d}"
        for k, p in enumerate(people)
    }
    a, b = [], []
    for k, p in enumerate(people):
        for place, table, style, code in (
            (k < 1000, a, "american", str(int(zips[p["town"]]))),
            (k >= 500, b, "european", zips[p["town"]]),
        ):
            if place:
                row: Row = {
                    "first": p["first"],
                    "last": p["last"],
                    "dob": DAYS[style](*p["dob"].split("-")),
                    "zip": code,
                }
                for field in ("first", "last"):
                    if rng.random() < 0.06:
                        row[field] = slip(row[field] or "", rng)
                table.append((k, _blank(row, rng, 0.04)))
    rng.shuffle(b)
    return _task("American and European dates", a, b, fields, 0)


def _titled(rng: Random) -> Task:
    """Whole names with titles, initials, commas and short forms; a birth year and a town."""
    fields = {"name": "name", "year": "birth_date", "town": "area", "phone": "phone"}
    rows: Rows = []
    for k, p in enumerate(western(900, rng)):
        middle = rng.choice(GIVEN_M if p["sex"] == "M" else GIVEN_F)
        for _ in range(rng.choice((1, 1, 2, 2, 3))):
            first, last = p["first"], p["last"]
            if rng.random() < 0.12:
                first = SHORT.get(first, first)
            first, last = (slip(v, rng) if rng.random() < 0.05 else v for v in (first, last))
            name = rng.choice((
                f"{first} {last}", f"{first} {last}", f"{first} {middle[0]}. {last}", f"{first} {middle} {last}", f"{last}, {first}",
                f"{'Mr' if p['sex'] == 'M' else 'Mrs'} {first} {last}", f"{last.upper()} {first}", f"Dr. {first} {last}", f"{first[0]}. {last}",
            ))  # fmt: skip
            row: Row = {
                "name": name,
                "year": p["year"],
                "town": p["town"],
                "phone": p["phone"] if rng.random() < 0.8 else None,
            }
            rows.append((k, _blank(row, rng, 0.06, ("name",))))
    rng.shuffle(rows)
    return _task("titles, initials, commas in whole names", rows, None, fields, 0)


STRANGERS: dict[str, Make] = {
    "biographies": _biographies(300),
    "register": _german("birth_date"),
    "register, text": _german("text"),
    "voters": _voters,
    "spanish": _spanish(False),
    "spanish, whole": _spanish(True),
    "arabic": _arabic,
    "list": _list,
    "offices": _offices,
    "american": _american,
    "titled": _titled,
}


def strangers(seed: int = 1, names: tuple[str, ...] = ()) -> Iterator[Task]:
    """The tasks of all sets, or of the named ones; the same seed gives the same tables."""
    for key, make in STRANGERS.items():
        if not names or key in names:
            yield make(Random(f"{key}-{seed}"))
