"""Small tables of many shapes, generated with their truth: what a stranger's spreadsheet may look like.

The named sets of `bench.linkage.tasks` have many columns and many duplicates. These have few columns, few rows,
half of the cells, no duplicates at all, or nothing but duplicates. They were looked at while the engine learnt about
families, so tables never seen may do worse; most have a floor in the tests. Standard library only, independent of
the engine.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import combinations
from random import Random

from bench.linkage.measures import Pair
from bench.linkage.tasks import Columns, Task

Person = dict[str, str]
Row = dict[str, str | None]


def _words(text: str) -> list[str]:
    return text.split()


GIVEN_F = _words(
    "Mary Patricia Linda Barbara Elizabeth Jennifer Maria Susan Margaret Dorothy Lisa Nancy Karen Betty "
    "Helen Sandra Donna Carol Ruth Sharon Michelle Laura Sarah Kimberly Deborah Jessica Shirley Cynthia "
    "Angela Melissa Brenda Amy Anna Rebecca Virginia Kathleen Pamela Martha Debra Amanda Stephanie "
    "Carolyn Christine Marie Janet Catherine Frances Ann Joyce Diane Alice Julie Heather Teresa Doris "
    "Gloria Evelyn Jean Cheryl Mildred Katherine Joan Ashley"
)
GIVEN_M = _words(
    "James John Robert Michael William David Richard Charles Joseph Thomas Christopher Daniel Paul Mark "
    "Donald George Kenneth Steven Edward Brian Ronald Anthony Kevin Jason Matthew Gary Timothy Jose "
    "Larry Jeffrey Frank Scott Eric Stephen Andrew Raymond Gregory Joshua Jerry Dennis Walter Patrick "
    "Peter Harold Douglas Henry Carl Arthur Ryan Roger Joe Juan Jack Albert Jonathan Justin Terry "
    "Gerald Keith Samuel Willie Ralph Lawrence Nicholas Roy Benjamin"
)
SHORT = {
    "Patricia": "Pat", "Barbara": "Barb", "Elizabeth": "Liz", "Jennifer": "Jenny", "Susan": "Sue", "Margaret": "Peggy",
    "Deborah": "Debbie", "Jessica": "Jess", "Cynthia": "Cindy", "Rebecca": "Becky", "Pamela": "Pam", "Amanda": "Mandy",
    "Christine": "Chris", "Catherine": "Cathy", "Katherine": "Kate", "Teresa": "Terri", "James": "Jim",
    "Robert": "Bob", "Michael": "Mike", "William": "Bill", "David": "Dave", "Richard": "Dick", "Charles": "Chuck",
    "Joseph": "Joe", "Thomas": "Tom", "Christopher": "Chris", "Daniel": "Dan", "Kenneth": "Ken", "Steven": "Steve",
    "Edward": "Ted", "Anthony": "Tony", "Matthew": "Matt", "Timothy": "Tim", "Lawrence": "Larry", "Jeffrey": "Jeff",
    "Andrew": "Andy", "Gregory": "Greg", "Joshua": "Josh", "Samuel": "Sam", "Nicholas": "Nick", "Benjamin": "Ben",
}  # fmt: skip
HEADS = _words(
    "Ash Brad Carl Dun East Fair Green Hart Ill King Lang Mel Nor Oak Pem Raven Stan Thorn Under Wal "
    "West Whit Wood Black"
)
TAILS = _words(
    "ford ton ley wood field worth land well ham shaw bury man er son stead croft hurst more ridge"
)
COMMON = _words(
    "Smith Jones Williams Taylor Brown Davies Evans Wilson Thomas Johnson Roberts Robinson Thompson "
    "Wright Walker White Edwards Hughes Green Hall Lewis Harris Clarke Patel Jackson Wood Turner Martin "
    "Cooper Hill Ward Morris Moore Clark"
)
STREETS = _words(
    "High Church Station London Park Mill Victoria Green Manor Queens Kings Albert Grove York Bridge "
    "School North South"
)
KINDS = _words("Street Road Avenue Lane Close Drive")
TOWNS = _words(
    "Ashby Barton Corby Derwent Eastham Foxley Gosford Hexton Ilkley Kendal Luton Marlow Norton Oakham "
    "Penrith Ripon"
)
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾萧田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛阎段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向汤"
HAN = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂文华建国玉兰红梅春秋山海龙凤志辉婷雪晨宇轩浩然梓涵子怡欣悦佳琪思源天佑博雅诗若曦泽瑞"
ALIKE = {
    "芳": "方", "伟": "玮", "娜": "那", "静": "靖", "丽": "莉", "强": "墙", "军": "君", "艳": "燕", "娟": "捐", "涛": "滔",
    "明": "铭", "霞": "侠", "平": "萍", "文": "闻", "华": "桦", "玉": "钰", "兰": "蓝", "红": "虹", "梅": "枚", "辉": "晖",
    "婷": "廷", "晨": "辰", "宇": "羽", "浩": "皓", "怡": "宜", "佳": "嘉", "琪": "其", "雅": "亚", "瑞": "锐", "志": "智",
}  # fmt: skip
TRADITIONAL = str.maketrans(
    "张刘陈杨黄赵吴马罗郑谢许韩邓冯萧蒋叶苏吕卢谭陆钟贾邹阎龙汤钱顾万伟丽静强军艳杰娟涛红华国兰凤辉宇泽",
    "張劉陳楊黃趙吳馬羅鄭謝許韓鄧馮蕭蔣葉蘇呂盧譚陸鍾賈鄒閻龍湯錢顧萬偉麗靜強軍艷傑娟濤紅華國蘭鳳輝宇澤",
)
AREAS = (
    "430102",
    "430103",
    "430104",
    "430105",
    "430111",
    "430121",
    "110105",
    "110108",
    "440305",
    "440306",
    "310101",
    "510104",
)
HOSPITALS = (
    ("北京协和医院", "协和医院"), ("四川大学华西医院", "华西医院"), ("中南大学湘雅医院", "湘雅医院"),
    ("长沙市第一医院", "长沙一医院"), ("复旦大学附属中山医院", "上海中山医院"), ("郑州大学第一附属医院", "郑大一附院"),
    ("南方医科大学南方医院", "南方医院"), ("武汉同济医院", "华中科技大学同济医学院附属同济医院"),
)  # fmt: skip
ILLNESSES = (
    ("急性淋巴细胞白血病", "急淋"), ("支气管和肺恶性肿瘤", "肺癌"), ("乳腺恶性肿瘤", "乳腺癌"), ("慢性肾功能衰竭尿毒症期", "尿毒症"),
    ("脑梗死", "脑梗"), ("先天性心脏病", "先心病"), ("再生障碍性贫血", "再障"), ("胃恶性肿瘤", "胃癌"), ("肝细胞癌", "肝癌"),
)  # fmt: skip
KEYS = "abcdefghijklmnopqrstuvwxyz"


def _zipf(values: list[str] | tuple[str, ...] | str, rng: Random, power: float) -> str:
    weights = [1 / (k + 1) ** power for k in range(len(values))]
    return rng.choices(values, weights)[0]


def _phone(rng: Random) -> str:
    return "1" + rng.choice("358") + "".join(rng.choices("0123456789", k=9))


def western(count: int, rng: Random, skew: float = 0.8) -> list[Person]:
    """People in households of one to five: couples, children, now and then twins."""
    surnames = COMMON + [h + t for h in HEADS for t in TAILS]
    out: list[Person] = []
    while len(out) < count:
        last, number, street = (
            _zipf(surnames, rng, skew),
            rng.randint(1, 220),
            f"{rng.choice(STREETS)} {rng.choice(KINDS)}",
        )
        town = _zipf(TOWNS, rng, 0.7)
        code = f"{town[:2].upper()}{rng.randint(1, 30)} {rng.randint(1, 9)}{rng.choice('ABDEFGHJ')}{rng.choice('LNPQRSTU')}"
        phone, year, twin = _phone(rng), rng.randint(1930, 1990), ""
        for place in range(rng.choices((1, 2, 3, 4, 5), (30, 30, 18, 15, 7))[0]):
            sex = rng.choice("MF") if place != 1 else ("F" if out and out[-1]["sex"] == "M" else "M")
            born = f"{(year + rng.randint(-4, 4) if place < 2 else year + rng.randint(20, 35)):04d}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
            if place >= 2:
                born, twin = (twin if twin and rng.random() < 0.08 else born), born
            first = _zipf(GIVEN_M if sex == "M" else GIVEN_F, rng, 0.6)
            if any(
                p["first"] == first and p["line"] == f"{number} {street}" and p["town"] == town
                for p in out[-5:]
            ):
                continue
            surname = last if place != 1 or rng.random() < 0.8 else _zipf(surnames, rng, skew)
            mine = phone if rng.random() < 0.5 else _phone(rng)
            out.append(
                {"first": first, "last": surname, "name": f"{first} {surname}", "dob": born, "sex": sex, "line": f"{number} {street}",
                 "town": town, "postcode": code, "phone": mine, "email": f"{first}.{surname}{rng.randint(1, 99)}@mail.org".lower(),
                 "job": rng.choice(STREETS) + rng.choice((" School", " Bakery", " Garage", " Farm", " Bank")), "year": born[:4]}
            )  # fmt: skip
    return out[:count]


def chinese(count: int, rng: Random, skew: float = 0.9) -> list[Person]:
    """People in households: couples of two surnames, children with the father's."""
    out: list[Person] = []
    while len(out) < count:
        father, area, phone = _zipf(SURNAMES, rng, skew), rng.choice(AREAS), _phone(rng)
        road = f"{rng.choice('解放人民建设中山韶山芙蓉')}{rng.choice('东西南北')}路{rng.randint(1, 300)}号"
        year = rng.randint(1935, 1985)
        for place in range(rng.choices((1, 2, 3, 4), (30, 30, 25, 15))[0]):
            surname = father if place != 1 else _zipf(SURNAMES, rng, skew)
            name = surname + "".join(rng.choices(HAN, k=rng.choice((1, 2, 2, 2))))
            if name in {p["name"] for p in out[-4:]}:
                continue
            born = f"{year + (rng.randint(-4, 4) if place < 2 else rng.randint(20, 35)):04d}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
            house, ill = rng.choice(HOSPITALS), _zipf(range(len(ILLNESSES)), rng, 0.5)  # type: ignore[arg-type]
            out.append(
                {"name": name, "dob": born, "year": born[:4], "age": str(2024 - int(born[:4])), "sex": rng.choice("男女"),
                 "area": area, "address": road, "phone": phone if rng.random() < 0.4 else _phone(rng),
                 "hospital": house[0], "hospital_word": house[1], "disease": ILLNESSES[int(ill)][0], "disease_word": ILLNESSES[int(ill)][1]}
            )  # fmt: skip
    return out[:count]


def slip(value: str, rng: Random) -> str:
    """One letter or digit wrong, lost, doubled or exchanged with its neighbour."""
    if len(value) < 2:
        return value
    k = rng.randrange(len(value) - 1)
    kind = rng.randrange(4)
    if kind == 0:
        pool = "0123456789" if value[k].isdigit() else KEYS if value[k].isascii() else HAN
        return value[:k] + rng.choice(pool) + value[k + 1 :]
    if kind == 1:
        return value[:k] + value[k + 1 :]
    if kind == 2 and value[k].isascii():
        return value[:k] + value[k] * 2 + value[k + 1 :]
    return value[:k] + value[k + 1] + value[k] + value[k + 2 :]


def copy(person: Person, fields: list[str], rng: Random, error: float = 0.12, missing: float = 0.06) -> Row:
    """A record of a person as somebody typed it."""
    row: Row = {}
    for field in fields:
        value: str | None = person[field]
        if rng.random() < missing:
            value = None
        elif rng.random() < error:
            assert value is not None
            if field in ("dob", "year"):
                k = rng.choice([k for k, c in enumerate(value) if c.isdigit() and k != 0])
                value = value[:k] + rng.choice("0123456789") + value[k + 1 :]
            elif field == "name" and not value.isascii():
                last = value[-1]
                value = value[:-1] + ALIKE.get(last, last)
            elif field == "phone":
                value = _phone(rng) if rng.random() < 0.6 else slip(value, rng)
            elif field in ("line", "address") and rng.random() < 0.3:
                value = (
                    f"{rng.randint(1, 99)} {rng.choice(STREETS)} {rng.choice(KINDS)}"
                    if value.isascii()
                    else f"五一大道{rng.randint(1, 99)}号"
                )
            elif field in ("sex", "area", "age"):
                value = None
            else:
                value = slip(value, rng)
        row[field] = value
    return row


def _task(
    name: str, a: list[tuple[int, Row]], b: list[tuple[int, Row]] | None, fields: dict[str, str], goal: float
) -> Task:
    columns = [_columns(rows, prefix, fields) for rows, prefix in ((a, "a"), (b or [], "b"))]
    if b is None:
        members: dict[int, list[str]] = defaultdict(list)
        for k, (person, _) in enumerate(a):
            members[person].append(f"a{k:05d}")
        truth: set[Pair] = {pair for ids in members.values() for pair in combinations(sorted(ids), 2)}
    else:
        right: dict[int, list[str]] = defaultdict(list)
        for k, (person, _) in enumerate(b):
            right[person].append(f"b{k:05d}")
        truth = {(f"a{k:05d}", other) for k, (person, _) in enumerate(a) for other in right[person]}
    return Task(name, columns[0], columns[1] if b is not None else None, fields, "id", truth, (), goal)


def _columns(rows: list[tuple[int, Row]], prefix: str, fields: dict[str, str]) -> Columns:
    out: Columns = {field: [row.get(field) for _, row in rows] for field in fields}
    return {"id": [f"{prefix}{k:05d}" for k in range(len(rows))], **out}


WEST = {
    "first": "given_name", "last": "surname", "dob": "birth_date", "line": "address", "town": "area", "postcode": "postcode",
    "phone": "phone", "email": "email",
}  # fmt: skip
WEST_SEVEN = {
    "first": "given_name", "last": "surname", "dob": "birth_date", "town": "area", "postcode": "postcode", "sex": "sex", "job": "text",
}  # fmt: skip
EAST = {
    "name": "name", "dob": "birth_date", "sex": "sex", "phone": "phone", "area": "area", "address": "address",
}  # fmt: skip
Make = Callable[[Random], Task]
Sizes = tuple[int, ...]


def copies(
    people: list[Person], fields: list[str], rng: Random, sizes: Sizes = (1, 1, 1, 2, 2, 3), error: float = 0.12,
    missing: float = 0.06,
) -> list[tuple[int, Row]]:  # fmt: skip
    """Every person as often as one of ``sizes``, in random order."""
    out = [
        (k, copy(p, fields, rng, error, missing))
        for k, p in enumerate(people)
        for _ in range(rng.choice(sizes))
    ]
    rng.shuffle(out)
    return out


def _plain(
    name: str, goal: float, count: int, fields: dict[str, str], source: str = "west", **how: object
) -> Make:
    def make(rng: Random) -> Task:
        skew = how.get("skew")
        maker = western if source == "west" else chinese
        people = maker(count, rng, float(skew)) if isinstance(skew, float) else maker(count, rng)
        rest = {key: value for key, value in how.items() if key != "skew"}
        return _task(name, copies(people, list(fields), rng, **rest), None, fields, goal)  # type: ignore[arg-type]

    return make


def _nicknames(rng: Random) -> Task:
    rows = []
    for person, row in copies(western(900, rng), list(WEST), rng):
        if rng.random() < 0.2 and row["first"] in SHORT:
            row["first"] = SHORT[row["first"]]
        if rng.random() < 0.1:
            row["first"], row["last"] = row["last"], row["first"]
        rows.append((person, row))
    return _task("nicknames, names exchanged", rows, None, WEST, 0)


def _dates(rng: Random) -> Task:
    fields = {"name": "name", "dob": "birth_date", "sex": "sex"}
    styles: list[Callable[[str, str, str], str]] = [
        lambda y, m, d: f"{y}{m}{d}", lambda y, m, d: f"{y}/{int(m)}/{int(d)}", lambda y, m, d: f"{d}/{m}/{y}",
        lambda y, m, d: f"{y}年{int(m)}月{int(d)}日", lambda y, m, d: f"{y}-{m}-{d} 00:00:00", lambda y, m, d: f"{y}.{m}.{d}",
    ]  # fmt: skip
    rows = []
    for person, row in copies(chinese(700, rng), list(fields), rng):
        parts = (row["dob"] or "").split("-")
        if len(parts) == 3:
            row["dob"] = rng.choice(styles)(*parts)
        rows.append((person, row))
    return _task("dates in six styles", rows, None, fields, 0)


def _hospital(rng: Random) -> Task:
    fields = {"name": "name", "hospital": "hospital", "disease": "disease", "age": "age"}
    people = chinese(600, rng)
    a = [(k, copy(p, list(fields), rng, 0.04)) for k, p in enumerate(people)]
    b = []
    for k, p in enumerate(people):
        if rng.random() < 0.5:
            said = p | {
                "hospital": rng.choice((p["hospital"], p["hospital_word"])),
                "disease": rng.choice((p["disease"], p["disease_word"])),
            }
            said["age"] = str(int(p["age"]) + rng.choice((0, 0, 0, 1)))
            b.append((k, copy(said, list(fields), rng, 0.04)))
    return _task("name, age, hospital, disease", a, b, fields, 0)


def _traditional(rng: Random) -> Task:
    fields = {"name": "name", "dob": "birth_date", "address": "address"}
    rows = []
    for person, row in copies(chinese(600, rng), list(fields), rng):
        if rng.random() < 0.5:
            row = {key: value.translate(TRADITIONAL) if value else value for key, value in row.items()}
        rows.append((person, row))
    return _task("traditional characters", rows, None, fields, 0)


def _sparse(rng: Random) -> Task:
    people = western(1200, rng)
    a = [
        (k, copy(p, list(WEST), rng, 0.08, 0.05) | {"line": None, "town": None})
        for k, p in enumerate(people[:900])
    ]
    b = []
    for k, p in enumerate(people):
        if k >= 500:
            row = copy(p, list(WEST), rng, 0.08, 0.05) | {"email": None}
            row |= {key: None for key in ("dob", "phone", "postcode") if rng.random() < 0.5}
            b.append((k, row))
    return _task("two tables with different gaps", a, b, WEST, 0)


def _text(rng: Random) -> Task:
    fields = dict.fromkeys(("name", "job", "town", "line"), "text")
    return _task("all columns as text", copies(western(800, rng), list(fields), rng), None, fields, 0)


def _birth_parts(rng: Random) -> Task:
    fields = {"first": "given_name", "last": "surname", "by": "text", "bm": "text", "bd": "text"}
    rows: list[tuple[int, Row]] = []
    for k, p in enumerate(western(4500, rng)):
        y, m, d = p["dob"].split("-")
        row: Row = {"first": p["first"].upper(), "last": p["last"].upper(), "by": y, "bm": m, "bd": d}
        rows.append((k, row))
        if k % 9 == 0:
            field = rng.choice(list(fields))
            rows.append((k, row | {field: slip(row[field] or "", rng)}))
    return _task("birth date in three columns, 10 % copied", rows, None, fields, 0)


def _one_person(rng: Random) -> Task:
    person = western(1, rng)[0]
    return _task(
        "one person sixty times", [(0, copy(person, list(WEST), rng)) for _ in range(60)], None, WEST, 0
    )


def _apart(rng: Random) -> Task:
    people = western(1600, rng)
    a = [(k, copy(p, list(WEST), rng)) for k, p in enumerate(people[:800])]
    b = [(800 + k, copy(p, list(WEST), rng)) for k, p in enumerate(people[800:])]
    return _task("two tables without a common person", a, b, WEST, 0)


def _twins(rng: Random) -> Task:
    """Every household has twins, and their parents: one address, one phone, one surname."""
    people: list[Person] = []
    for home in western(350, rng):
        used = {home["first"]}
        born = f"{int(home['year']) + 25}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
        for _ in range(2):
            first = rng.choice([n for n in GIVEN_F + GIVEN_M if n not in used])
            used.add(first)
            people.append(
                home | {"first": first, "dob": born, "email": f"{first}{rng.randint(1, 99)}@mail.org".lower()}
            )  # fmt: skip
        people.append(home)
    return _task(
        "twins and a parent in every house", copies(people, list(WEST), rng, (1, 1, 2)), None, WEST, 0
    )


def _same(rng: Random) -> Task:
    fields = {"name": "name", "dob": "birth_date", "phone": "phone"}
    people = chinese(500, rng)
    return _task(
        "exact copies alone", [(k, dict.fromkeys(fields) | {f: p[f] for f in fields}) for k, p in enumerate(people) for _ in (0, 1)],
        None, fields, 0,
    )  # fmt: skip


SHAPES: dict[str, Make] = {
    "many columns": _plain("many columns", 0, 900, WEST),
    "nicknames": _nicknames,
    "half missing": _plain("half of the cells missing", 0, 900, WEST, missing=0.5),
    "three columns": _plain("name, birth year, postcode", 0, 900, {"name": "name", "year": "birth_date", "postcode": "postcode"}),
    "three columns, Chinese": _plain("name, birth year, area (Chinese)", 0, 900, {"name": "name", "year": "birth_date", "area": "area"}, "east"),
    "name and area": _plain("name and town", 0, 900, {"name": "name", "town": "area"}),
    "name and area, Chinese": _plain("name and area (Chinese)", 0, 900, {"name": "name", "area": "area"}, "east"),
    "name and phone": _plain("name and phone", 0, 900, {"name": "name", "phone": "phone"}),
    "name and phone, Chinese": _plain("name and phone (Chinese)", 0, 900, {"name": "name", "phone": "phone"}, "east"),
    "name alone": _plain("name alone", 0, 600, {"name": "name"}),
    "six columns, Chinese": _plain("six columns (Chinese)", 0, 900, EAST, "east"),
    "few surnames": _plain("few surnames (Chinese)", 0, 900, EAST, "east", skew=2.2),
    "few surnames, western": _plain("few surnames", 0, 900, WEST, skew=2.2),
    "one to twenty": _plain("clusters of one to twenty", 0, 150, WEST, sizes=tuple(range(1, 21))),
    "ten records": _plain("ten records a person, seven columns", 0, 400, WEST_SEVEN, sizes=tuple(range(2, 19)), error=0.15, missing=0.12),
    "no duplicates": _plain("no duplicates", 0, 1000, WEST, sizes=(1,)),
    "no duplicates, Chinese": _plain("no duplicates (Chinese)", 0, 1000, EAST, "east", sizes=(1,)),
    "no duplicates, few columns": _plain("no duplicates, three columns", 0, 1000, {"first": "given_name", "last": "surname", "dob": "birth_date"}, sizes=(1,)),
    "few duplicates": _plain("one duplicate in fifty", 0, 1000, WEST, sizes=(1,) * 49 + (2,)),
    "all duplicates": _plain("all duplicates", 0, 300, WEST, sizes=(3,)),
    "one person": _one_person,
    "exact copies": _same,
    "twenty rows": _plain("twenty rows", 0, 12, WEST, sizes=(1, 2)),
    "twenty rows, Chinese": _plain("twenty rows (Chinese)", 0, 12, EAST, "east", sizes=(1, 2)),
    "twenty strangers": _plain("twenty rows, no duplicates", 0, 20, WEST, sizes=(1,)),
    "sparse": _sparse,
    "dates": _dates,
    "hospital": _hospital,
    "age": _plain("name, age, sex, area (Chinese)", 0, 900, {"name": "name", "age": "age", "sex": "sex", "area": "area"}, "east"),
    "traditional": _traditional,
    "text": _text,
    "birth in parts": _birth_parts,
    "apart": _apart,
    "twins": _twins,
    "large": _plain("eleven thousand rows", 0, 7000, WEST),
    "long names": _plain("full names and addresses (western)", 0, 900, {"name": "name", "line": "address", "town": "text", "dob": "birth_date"}),
}  # fmt: skip


def shapes(seed: int = 1, names: tuple[str, ...] = ()) -> Iterator[Task]:
    """The tasks of all shapes, or of the named ones; the same seed gives the same tables."""
    for key, make in SHAPES.items():
        if not names or key in names:
            yield make(Random(f"{key}-{seed}"))
