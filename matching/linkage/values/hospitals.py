"""Hospitals: place, type and number inside a name, and the aliases that people use."""

import re
from dataclasses import dataclass
from functools import lru_cache

from . import characters as han
from .areas import Place, locate
from .normalise import text

#: Everyday names of hospitals that are known under another one: full name, then what people call it. A name that
#: houses of several cities bear (人民医院, 中心医院) is no alias.
_ALIASES = """
北京协和医院 协和医院 北京协和 协和
解放军总医院 301医院 三〇一医院 三零一医院 301 三〇一 解放军301医院 北京301医院 北京301 中国人民解放军总医院
四川大学华西医院 华西医院 华西 成都华西医院 四川华西医院 华西医科大学附属第一医院
四川大学华西第二医院 华西二院 华西第二医院 华西妇儿 华西附二院
中南大学湘雅医院 湘雅医院 湘雅 湘雅一医院 湘雅一院 长沙湘雅医院 湘雅附一院
中南大学湘雅二医院 湘雅二医院 湘雅二院 湘雅附二院 湘雅附二 中南大学湘雅第二医院 长沙湘雅二医院 附二医院湘雅
中南大学湘雅三医院 湘雅三医院 湘雅三院 湘雅附三院 湘雅附三 中南大学湘雅第三医院 长沙湘雅三医院
华中科技大学同济医学院附属同济医院 同济医院 武汉同济医院 武汉同济
华中科技大学同济医学院附属协和医院 武汉协和医院 武汉协和
上海交通大学医学院附属瑞金医院 瑞金医院 上海瑞金医院 上海瑞金 瑞金
复旦大学附属中山医院 中山医院 上海中山医院
复旦大学附属华山医院 华山医院 上海华山医院 上海华山 华山
复旦大学附属肿瘤医院 上海肿瘤医院 复旦肿瘤医院 复旦肿瘤
复旦大学附属儿科医院 复旦儿科医院 复旦儿科 上海复旦儿科医院
上海交通大学医学院附属上海儿童医学中心 上海儿童医学中心 儿童医学中心
上海交通大学医学院附属新华医院 新华医院 上海新华医院
上海交通大学医学院附属仁济医院 仁济医院 上海仁济医院 仁济 上海仁济
上海交通大学医学院附属第九人民医院 上海九院 上海第九人民医院
上海市第六人民医院 上海六院
同济大学附属东方医院 上海东方医院 上海市东方医院
同济大学附属同济医院 上海同济医院 上海市同济医院 上海同济
海军军医大学第一附属医院 长海医院 上海长海医院 长海
海军军医大学第二附属医院 长征医院 上海长征医院 长征
首都医科大学附属北京天坛医院 天坛医院 北京天坛医院 北京天坛 天坛
首都医科大学附属北京同仁医院 同仁医院 北京同仁医院
首都医科大学附属北京儿童医院 北京儿童医院 北京儿童
首都医科大学附属北京安贞医院 安贞医院 安贞 北京安贞医院 北京安贞
首都医科大学附属北京朝阳医院 北京朝阳医院
首都医科大学附属北京友谊医院 友谊医院 北京友谊医院 北京友谊
首都医科大学宣武医院 宣武医院 北京宣武医院
中国医学科学院阜外医院 阜外医院 阜外 北京阜外医院 阜外心血管病医院 中国医学科学院阜外心血管病医院
中国医学科学院肿瘤医院 肿瘤医院医科院 医科院肿瘤医院 北京肿瘤医院医科院
中国医学科学院血液病医院 血研所 天津血研所 天津血液病医院 中国医学科学院血液病医院血液学研究所
北京大学第一医院 北大医院 北大一院 北京大学附属第一医院
北京大学第三医院 北医三院 北医三 北大三院
北京大学人民医院 人民医院北大 北大人民医院 北大人民
北京大学肿瘤医院 北京肿瘤医院 北大肿瘤医院
首都儿科研究所附属儿童医院 首儿所 首都儿科研究所 儿研所
河北燕达陆道培医院 陆道培医院 燕达陆道培医院
北京陆道培医院 陆道培血液病医院
天津医科大学肿瘤医院 天津肿瘤医院 天津市肿瘤医院
山东大学齐鲁医院 齐鲁医院 山东齐鲁医院 济南齐鲁医院 齐鲁
空军军医大学西京医院 西京医院 第四军医大学西京医院 西安西京医院 西京
空军军医大学唐都医院 唐都医院 第四军医大学唐都医院
西安交通大学第一附属医院 西安交大一附院 交大一附院
西安交通大学第二附属医院 西安交大二附院 交大二附院
中国医科大学附属盛京医院 盛京医院 沈阳盛京医院 盛京
中国医科大学附属第一医院 中国医大一院 医大一院
吉林大学第一医院 吉大一院 吉大一附院
哈尔滨医科大学附属第一医院 哈医大一院 哈医大一附院
哈尔滨医科大学附属第二医院 哈医大二院 哈医大二附院
哈尔滨医科大学附属肿瘤医院 哈医大肿瘤医院 哈医大三院
郑州大学第一附属医院 郑大一附院 郑大一附属医院 郑大一院 郑州大学一附院
郑州大学第二附属医院 郑大二附院 郑大二院
郑州大学第三附属医院 郑大三附院
浙江大学医学院附属第一医院 浙大一院 浙一医院 浙一
浙江大学医学院附属第二医院 浙大二院 浙二医院 浙二
浙江大学医学院附属儿童医院 浙大儿院 浙江省儿童医院 浙大儿童医院
浙江大学医学院附属邵逸夫医院 邵逸夫医院 邵逸夫
南方医科大学南方医院 南方医院 广州南方医院
南方医科大学珠江医院 珠江医院
中山大学附属第一医院 中山一院 中山大学附属一院 中山一附院 中大一附院 中山大学第一附属医院
中山大学孙逸仙纪念医院 中山二院 孙逸仙纪念医院 中山大学附属第二医院
中山大学附属第三医院 中山三院
中山大学附属第六医院 中山六院
中山大学肿瘤防治中心 中山大学附属肿瘤医院 中山肿瘤医院 中肿
广州市妇女儿童医疗中心 广州妇儿中心 广州儿童医院 广州妇女儿童医疗中心
广东省人民医院 广东省医
广州医科大学附属第一医院 广医一院 广医附一院
南京鼓楼医院 鼓楼医院 南京大学医学院附属鼓楼医院
江苏省人民医院 南京医科大学第一附属医院 南医大一附院
苏州大学附属第一医院 苏大附一院 苏大一附院
苏州大学附属儿童医院 苏大儿童医院 苏州儿童医院 苏大附儿院
重庆医科大学附属第一医院 重医附一院 重医一院
重庆医科大学附属第二医院 重医附二院 重医二院
重庆医科大学附属儿童医院 重医儿童医院 重庆儿童医院 重医附属儿童医院 重医儿院
陆军军医大学第一附属医院 西南医院 重庆西南医院 第三军医大学西南医院
陆军军医大学第二附属医院 新桥医院 重庆新桥医院 第三军医大学新桥医院
安徽医科大学第一附属医院 安医大一附院 安医一附院
中国科学技术大学附属第一医院 安徽省立医院 中科大附一院
福建医科大学附属第一医院 福医大附一院 福医附一
福建医科大学附属协和医院 福建协和医院 福州协和医院
南昌大学第一附属医院 南大一附院 昌大一附院
广西医科大学第一附属医院 广西医大一附院 西大一附院
昆明医科大学第一附属医院 昆医附一院 昆医大附一院 云大医院
贵州医科大学附属医院 贵医附院 贵医
新疆医科大学第一附属医院 新医大一附院 新疆医大一附院
兰州大学第一医院 兰大一院
兰州大学第二医院 兰大二院
山西医科大学第一医院 山医大一院
河北医科大学第二医院 河北医大二院 河北二院 省二院河北
河北医科大学第四医院 河北医大四院 河北四院 河北省肿瘤医院
湖南省儿童医院 湖南儿童医院 省儿童医院湖南
湖南省肿瘤医院 湘雅医学院附属肿瘤医院 湖南肿瘤医院
"""
ALIASES: dict[str, str] = {
    word: words[0] for line in _ALIASES.strip().splitlines() for words in [line.split()] for word in words[1:]
}
_FAMOUS = frozenset(ALIASES.values())
#: What looks like a place at the beginning of a hospital's name and is none.
_NO_PLACE = (
    "解放军",
    "中山大学",
    "中山医院",
    "东方医院",
    "新华医院",
    "朝阳医院",
    "华山医院",
    "长江大学",
    "海军",
    "东南大学",
    "江汉大学",
    "河海大学",
)

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
    ("医大", "医科大学"), ("一附院", "第一附属医院"), ("二附院", "第二附属医院"), ("三附院", "第三附属医院"),
    ("附一院", "附属第一医院"), ("附二院", "附属第二医院"), ("附三院", "附属第三医院"), ("附院", "附属医院"),
    ("妇保院", "妇幼保健院"), ("市一医院", "市第一人民医院"), ("市二医院", "市第二人民医院"),
    ("儿医", "儿童医院"), ("省医", "省人民医院"), ("县医院", "县人民医院"), ("市医院", "市人民医院"),
    ("省中医", "省中医院"), ("市立医院", "市立医院"),
)  # fmt: skip


_NOWHERE = Place("", "")


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
    value = re.sub(r"[\s()（）\[\]【】,，。、·|\-]", "", value)
    if not value:
        return Hospital("", "", 0, "")
    value = value.removesuffix("门诊部").removesuffix("住院部") or value
    if value not in ALIASES:
        for short, full in _ABBREVIATIONS:
            if value.endswith(short) and not value.endswith(full):
                value = value[: -len(short)] + full
                break
    value = ALIASES.get(value, value)
    where = _NOWHERE if value.startswith(_NO_PLACE) else locate(value)
    taken = len(value) - len(where.rest)
    if where.code[4:] not in ("", "00") and taken == 2 and where.rest.startswith(("医院", "大学", "医学")):
        where = _NOWHERE  # a county by its short name: 鼓楼医院, 朝阳医院
    rest = where.rest if where.code else value
    number = 0
    hit = _NUMBER.search(rest)
    if hit:
        token = hit.group(1) or hit.group(2)
        number = _DIGITS.get(token) or int(token)
    kind = next((kind for word, kind in _KINDS if word in rest), "")
    if number and not kind:  # 市第三医院 and 市第三人民医院 are one house, for there is mostly but one
        kind = "附属" if "大学" in value or "学院" in value else "人民"
    return Hospital(where.code, kind, number, value)


@lru_cache(maxsize=4096)
def key(raw: str | None) -> str:
    """A coarse key: kind and number, with the city where it is named; '' for an empty name."""
    found = parse(raw)
    if not found.plain:
        return ""
    if (not found.kind and not found.number) or (not found.place and found.plain in _FAMOUS):
        return found.plain
    return f"{found.place[:4]}{found.kind}{found.number or ''}"
