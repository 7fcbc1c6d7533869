"""Person records as people and machines really write them, for hypothesis."""

import random
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st
from pypinyin import lazy_pinyin

from matching.linkage.records import PersonRecord
from matching.linkage.values.idnumber import check_character
from matching.linkage.values.lunar import to_solar

names = st.one_of(
    st.none(),
    st.sampled_from(
        ["张三丰", "張三豐", "张三", "张*", "张*丰", "张某某", "小张", "张女士", "章叁峰", "李四", "Zhang Sanfeng",
         "Sanfeng ZHANG", "Maria Smith", "smith maria", "", "😀", "张😀", "x", "1380013800", "长" * 500]
    ),
    st.text(max_size=40),
)  # fmt: skip
numbers = st.one_of(
    st.none(),
    st.sampled_from(
        ["11010519491231002X", "110105491231002", "1101**********002X", "110105194912310021", "11010519491213002X",
         "430102198001010014", "", "无", "*", "9" * 500, "430102********XXXX", "43010219800101****", "111111111111111111",
         "E12345678", "H12345678", "430102198001010011", "无身份证", "123456789"]
    ),
    st.text(max_size=20),
)  # fmt: skip
texts = st.one_of(
    st.none(),
    st.sampled_from(["北京协和医院", "协和医院", "肺癌", "C34", "右肺恶性肿瘤", "", "😀" * 200]),
    st.text(max_size=30),
)
records = st.builds(
    PersonRecord,
    name=names,
    id_number=numbers,
    birth_date=st.one_of(st.none(), st.dates(date(1900, 1, 1), date(2030, 1, 1))),
    birth_year=st.one_of(st.none(), st.integers(0, 9999)),
    sex=st.sampled_from([None, "M", "F"]),
    phone=st.one_of(
        st.none(), st.sampled_from(["13800138000", "+8613800138000", "1380013800", "张三", ""]), st.text()
    ),
    area=st.one_of(
        st.none(), st.sampled_from(["110105", "110100", "430102", "北京市", "0"]), st.text(max_size=8)
    ),
    address=texts,
    hospital=texts,
    disease=texts,
)

# People as they are, and the same people as others write them. One number makes a pair, so that pairs are cheap.

SURNAMES = [
    "王",
    "李",
    "张",
    "刘",
    "陈",
    "单",
    "仇",
    "曾",
    "解",
    "区",
    "覃",
    "闫",
    "肖",
    "傅",
    "戴",
    "欧阳",
    "司马",
    "逄",
]
GIVEN = "伟芳娜秀英敏静丽强磊军洋勇艳杰涛明超霞平刚桂文华建国玉兰红梅春秋山海龙凤志辉丰峰峯喆𠮷萧鑫"
SOUNDS = {
    "丰": "峰",
    "明": "铭",
    "静": "婧",
    "杰": "洁",
    "华": "桦",
    "平": "萍",
    "伟": "维",
    "英": "瑛",
    "军": "君",
    "丽": "莉",
}
OTHER_FORMS = {
    "张": "張",
    "刘": "劉",
    "陈": "陳",
    "单": "單",
    "闫": "阎",
    "肖": "萧",
    "傅": "付",
    "戴": "代",
    "丰": "豐",
    "国": "國",
    "丽": "麗",
}
PLACES = {
    "430102": "长沙市芙蓉区", "430104": "长沙市岳麓区", "431202": "怀化市鹤城区", "110105": "北京市朝阳区", "440305": "深圳市南山区", "510105": "成都市青羊区",
}  # fmt: skip
HOUSES = ["人民医院", "第一人民医院", "儿童医院", "妇幼保健院", "大学附属第二医院", "中医院", "肿瘤医院"]
ILLNESSES = [
    "肺癌",
    "急性淋巴细胞白血病",
    "先天性心脏病",
    "C34.1",
    "尿毒症",
    "脑瘫",
    "骨折",
    "右肺恶性肿瘤",
    "慢性肾功能衰竭",
]
BROKEN = ["", " ", "无", "不详", "-", "*", "***", "😀", "张😀", "\x00", "\u202e张三", "\ufeff", "张\u200b三", "１２３", "0", "x" * 300, "长" * 300, "\ud800"]  # fmt: skip


def person(rng: random.Random) -> PersonRecord:
    """Somebody whose number, birth date, sex and area fit together."""
    sex = rng.choice("MF")
    born = date(1930, 1, 1) + timedelta(days=rng.randrange(33_000))
    area = rng.choice(list(PLACES))
    return PersonRecord(
        name=rng.choice(SURNAMES) + "".join(rng.choices(GIVEN, k=rng.choice([1, 2, 2, 2]))),
        id_number=_number(rng, area, born, sex), birth_date=born, sex=sex,
        phone=f"1{rng.choice('3578')}{rng.randrange(10**9):09d}", area=area,
        address=f"{PLACES[area]}{rng.choice(['人民路', '解放东路', '建设街'])}{rng.randint(1, 99)}号{rng.randint(1, 9)}栋{rng.randint(101, 909)}室",
        hospital=PLACES[area][:3] + rng.choice(HOUSES), disease=rng.choice(ILLNESSES),
    )  # fmt: skip


def _number(rng: random.Random, area: str, born: date, sex: str) -> str:
    body = f"{area}{born:%Y%m%d}{rng.randrange(100):02d}{rng.choice('13579' if sex == 'M' else '24680')}"
    return body + check_character(body)


def relative(rng: random.Random, of: PersonRecord) -> PersonRecord:
    """A twin, a brother or a sister: another given name and number, the same home."""
    assert of.name
    assert of.birth_date
    assert of.area
    other = person(rng)
    born = of.birth_date if rng.random() < 0.5 else of.birth_date + timedelta(days=rng.randint(300, 4000))
    surname = of.name[:2] if of.name[:2] in SURNAMES else of.name[:1]
    given = of.name[len(surname) : -1] + rng.choice(GIVEN)
    return replace(
        other, name=surname + given, birth_date=born, id_number=_number(rng, of.area, born, other.sex or "M"),
        phone=of.phone, area=of.area, address=of.address,
    )  # fmt: skip


def masked(rng: random.Random, name: str) -> str:
    """A name of two characters or more, with a part of it hidden, so that what is seen still fits."""
    surname = name[:2] if name[:2] in SURNAMES and len(name) > 2 else name[:1]
    hidden = len(name) - len(surname)
    return rng.choice(
        [surname + "*" * hidden, f"{surname}某", f"{surname}某某", f"{surname}{'*' * max(hidden - 1, 1)}{name[-1]}" if hidden > 1 else f"{surname}＊",
         surname + "×" * hidden, f"小{surname}" if len(surname) == 1 else f"{surname}女士", f"{surname}先生"]
    )  # fmt: skip


def _name(rng: random.Random, name: str) -> str | None:
    k = rng.randrange(len(name))
    return rng.choice(
        [name, name, name, "".join(OTHER_FORMS.get(c, c) for c in name), "".join(SOUNDS.get(c, c) for c in name), masked(rng, name),
         masked(rng, name), name[:k] + rng.choice(GIVEN) + name[k + 1 :], name[:-1], name + rng.choice(GIVEN), name[::-1],
         " ".join(name), f"{name}（儿子）", "".join(lazy_pinyin(name)), " ".join(lazy_pinyin(name)).title(), None, rng.choice(BROKEN)]
    )  # fmt: skip


def _id(rng: random.Random, number: str) -> str | None:
    k = rng.randrange(17)
    return rng.choice(
        [number, number, number[:6] + number[8:17], number.lower(), f"{number[:6]} {number[6:14]} {number[14:]}", number[:17],
         number[:k] + str((int(number[k]) + 1) % 10) + number[k + 1 :], number[:k] + number[k + 1] + number[k] + number[k + 2 :],
         number[:6] + "*" * 8 + number[14:], number[:3] + "*" * 11 + number[14:], "*" * 14 + number[14:],
         number[:9] + str((int(number[9]) + 1) % 10) + str((int(number[10]) + 1) % 10) + number[11:],
         "".join(chr(ord(c) + 0xFEE0) for c in number), number[:15] + "***", None, None, rng.choice(BROKEN)]
    )  # fmt: skip


def _birth(rng: random.Random, born: date) -> dict[str, Any]:
    swapped = born.replace(month=born.day, day=born.month) if born.day <= 12 else born
    as_lunar = to_solar(born.year, born.month, born.day) or born
    near = born + timedelta(days=rng.choice([1, -1, 10, 30, 365]))
    other = rng.choice([born, born, born, swapped, as_lunar, near, None])
    year = born.year + rng.choice([0, 0, 1, -1]) if other is None and rng.random() < 0.6 else None
    return {"birth_date": other, "birth_year": year}


def _text(rng: random.Random, text: str) -> str | None:
    k = rng.randrange(len(text))
    return rng.choice(
        [
            text,
            text,
            text[:k] + text[k + 1 :],
            text[3:],
            text[:6],
            text.replace("市", ""),
            f"湖南省{text}",
            None,
            rng.choice(BROKEN),
        ]
    )


def written_again(rng: random.Random, of: PersonRecord) -> PersonRecord:
    """The same person as somebody else wrote him down."""
    assert of.name
    assert of.id_number
    assert of.birth_date
    assert of.phone
    assert of.area
    return replace(
        of, name=_name(rng, of.name), id_number=_id(rng, of.id_number), **_birth(rng, of.birth_date),
        sex=rng.choice([of.sex, of.sex, of.sex, None, "M", "F"]),
        phone=rng.choice([of.phone, of.phone, f"+86 {of.phone}", of.phone[:-1] + "0", of.phone[:-1], None, of.name, rng.choice(BROKEN)]),
        area=rng.choice([of.area, of.area, of.area[:4] + "00", "430103", None, PLACES[of.area], rng.choice(BROKEN)]),
        address=_text(rng, of.address or "无"), hospital=_text(rng, of.hospital or "无"), disease=_text(rng, of.disease or "无"),
    )  # fmt: skip


def pair_of(seed: int) -> tuple[PersonRecord, PersonRecord]:
    """One person twice, relatives, namesakes or strangers, as they are or as somebody wrote them."""
    rng = random.Random(seed)
    a = person(rng)
    b = rng.choice(
        [a, a, a, relative(rng, a), relative(rng, a), replace(person(rng), name=a.name), person(rng)]
    )
    one, two = (a if rng.random() < 0.3 else written_again(rng, a)), written_again(rng, b)
    if rng.random() < 0.05 and a.id_number:  # one slip, copied, or what both were told to fill in
        wrong = rng.choice(
            [a.id_number[:16] + str((int(a.id_number[16]) + 1) % 10) + a.id_number[17], "1" * 18, "E12345678"]
        )
        one, two = replace(one, id_number=wrong), replace(two, id_number=wrong)
    return one, two


pairs = st.one_of(
    st.integers(0, 2**32 - 1).map(pair_of),
    st.integers(0, 2**32 - 1).map(pair_of),
    st.tuples(records, records),
)
