"""Hospitals: place, type and number inside a name, and the aliases that people use."""

import re
from dataclasses import dataclass
from functools import lru_cache

from . import characters as han
from .areas import locate
from .normalise import text

#: Everyday names of hospitals that are known under another one. Both sides of a line mean the same house.
ALIASES: dict[str, str] = {
    "协和医院": "北京协和医院", "301医院": "解放军总医院", "三〇一医院": "解放军总医院",
    "中国人民解放军总医院": "解放军总医院", "华西医院": "四川大学华西医院", "湘雅医院": "中南大学湘雅医院",
    "湘雅二医院": "中南大学湘雅二医院", "湘雅三医院": "中南大学湘雅三医院", "同济医院": "华中科技大学同济医学院附属同济医院",
    "瑞金医院": "上海交通大学医学院附属瑞金医院", "中山医院": "复旦大学附属中山医院", "华山医院": "复旦大学附属华山医院",
    "天坛医院": "首都医科大学附属北京天坛医院", "同仁医院": "首都医科大学附属北京同仁医院",
    "北京儿童医院": "首都医科大学附属北京儿童医院", "齐鲁医院": "山东大学齐鲁医院", "西京医院": "空军军医大学西京医院",
    "盛京医院": "中国医科大学附属盛京医院", "中国医大一院": "中国医科大学附属第一医院",
    "郑大一附院": "郑州大学第一附属医院", "浙大一院": "浙江大学医学院附属第一医院",
    "浙大二院": "浙江大学医学院附属第二医院", "北医三院": "北京大学第三医院", "北大医院": "北京大学第一医院",
    "人民医院北大": "北京大学人民医院", "新华医院": "上海交通大学医学院附属新华医院",
    "仁济医院": "上海交通大学医学院附属仁济医院", "南方医院": "南方医科大学南方医院",
    "珠江医院": "南方医科大学珠江医院", "陆道培医院": "河北燕达陆道培医院", "复旦儿科医院": "复旦大学附属儿科医院",
    "肿瘤医院医科院": "中国医学科学院肿瘤医院", "血研所": "中国医学科学院血液病医院",
}  # fmt: skip

_KINDS = (
    ("妇幼", "妇幼"), ("妇产", "妇产"), ("儿童", "儿童"), ("儿科", "儿童"), ("肿瘤", "肿瘤"), ("中西医结合", "中西医"),
    ("中医", "中医"), ("口腔", "口腔"), ("眼科", "眼科"), ("精神", "精神"), ("传染", "传染"), ("胸科", "胸科"),
    ("骨科", "骨科"), ("血液", "血液"), ("心血管", "心血管"), ("附属", "附属"), ("附院", "附属"), ("人民", "人民"),
    ("中心", "中心"), ("卫生院", "卫生院"), ("社区", "社区"), ("协和", "协和"), ("总医院", "总"),
)  # fmt: skip
_DIGITS = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10}
_NUMBER = re.compile(
    r"第?([一二三四五六七八九十]|\d{1,3})(?=附属|附院|人民|中心|中医|医院|院|临床|妇幼|总医院)|附([一二三四五六])院?"
)
_ABBREVIATIONS = (
    ("医大", "医科大学"), ("附院", "附属医院"), ("一附院", "第一附属医院"), ("二附院", "第二附属医院"),
    ("妇保院", "妇幼保健院"), ("市一医院", "市第一人民医院"), ("市二医院", "市第二人民医院"),
    ("儿医", "儿童医院"), ("省医", "省人民医院"), ("县医院", "县人民医院"), ("市医院", "市人民医院"),
    ("省中医", "省中医院"), ("市立医院", "市立医院"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hospital:
    """A hospital made comparable: city or county code, kind of house, its number, and the plain name."""

    place: str
    kind: str
    number: int
    plain: str


@lru_cache(maxsize=4096)
def parse(raw: str | None) -> Hospital:
    """Place (GB/T 2260 code or ''), kind ('' where unknown), number (0 where none) and plain name."""
    value = text(raw)
    value = "".join(han.simplify(c) for c in value)
    value = re.sub(r"[\s()（）\[\]【】,，。、·\-]", "", value)
    if not value:
        return Hospital("", "", 0, "")
    for short, full in _ABBREVIATIONS:
        if value.endswith(short) and not value.endswith(full):
            value = value[: -len(short)] + full
    value = ALIASES.get(value, value)
    where = locate(value)
    rest = where.rest if where.code else value
    number = 0
    hit = _NUMBER.search(rest)
    if hit:
        token = hit.group(1) or hit.group(2)
        number = _DIGITS.get(token) or int(token)
    kind = next((kind for word, kind in _KINDS if word in rest), "")
    return Hospital(where.code, kind, number, value)


@lru_cache(maxsize=4096)
def key(raw: str | None) -> str:
    """A coarse key: kind and number, with the city where it is named; '' for an empty name."""
    found = parse(raw)
    if not found.plain:
        return ""
    if not found.kind and not found.number:
        return found.plain
    return f"{found.place[:4]}{found.kind}{found.number or ''}"
