# ruff: noqa: SIM905
"""Two cities with their county-level codes (GB/T 2260), where people also come from, and their hospitals.

Codes change: 望城 was a county (430122) until 2011, 宁乡 (430124) until 2017, 抚宁 (130323) until 2015. An ID
number keeps the code of the day it was issued.
"""

from dataclasses import dataclass
from datetime import date
from random import Random


@dataclass(frozen=True)
class Area:
    """A county-level division: six-digit code, full name, share of the city's people (percent), rural share."""

    code: str
    name: str
    share: int
    rural: float = 0.0


@dataclass(frozen=True)
class City:
    """A pooling area. `centre` is the clearing centre (the code of "city level itself", not in GB/T 2260)."""

    code: str
    province: str
    name: str
    centre: str
    areas: tuple[Area, ...]
    origins: tuple[tuple[str, str], ...]  # where newcomers come from: (code, name)


CITIES: tuple[City, ...] = (
    City(
        "4301", "湖南省", "长沙市", "430199",
        (
            Area("430102", "芙蓉区", 9), Area("430103", "天心区", 11), Area("430104", "岳麓区", 15, 0.1),
            Area("430105", "开福区", 11), Area("430111", "雨花区", 15, 0.05), Area("430112", "望城区", 9, 0.4),
            Area("430121", "长沙县", 12, 0.5), Area("430181", "浏阳市", 14, 0.7), Area("430182", "宁乡市", 12, 0.7),
        ),
        (
            ("430225", "湖南省炎陵县"), ("430321", "湖南省湘潭县"), ("430381", "湖南省湘乡市"),
            ("430626", "湖南省平江县"), ("430725", "湖南省桃源县"), ("430923", "湖南省安化县"),
            ("431302", "湖南省娄底市娄星区"), ("360321", "江西省莲花县"), ("422801", "湖北省恩施市"),
            ("411525", "河南省固始县"),
        ),
    ),
    City(
        "1303", "河北省", "秦皇岛市", "130399",
        (
            Area("130302", "海港区", 35, 0.1), Area("130303", "山海关区", 6, 0.1), Area("130304", "北戴河区", 4),
            Area("130306", "抚宁区", 11, 0.7), Area("130321", "青龙满族自治县", 16, 0.9),
            Area("130322", "昌黎县", 16, 0.8), Area("130324", "卢龙县", 12, 0.8),
        ),
        (
            ("130224", "河北省滦南县"), ("130225", "河北省乐亭县"), ("130283", "河北省迁安市"),
            ("211421", "辽宁省绥中县"), ("130827", "河北省宽城满族自治县"), ("230125", "黑龙江省宾县"),
        ),
    ),
)  # fmt: skip

# code today -> (code before, first day of today's code)
FORMER_CODES: dict[str, tuple[str, date]] = {
    "430112": ("430122", date(2011, 7, 1)),
    "430182": ("430124", date(2017, 4, 10)),
    "130306": ("130323", date(2015, 7, 1)),
}
AREA_NAMES: dict[str, str] = {a.code: a.name for c in CITIES for a in c.areas} | {
    code: name for c in CITIES for code, name in c.origins
}

ROADS = (
    "人民路 解放路 建设路 新华路 劳动路 中山路 和平路 文化路 胜利路 迎宾路 河北大街 朝阳路 友谊路 书院路 芙蓉路 "
    "韶山路 五一大道 万家丽路 湘江路 桐梓坡路 金星路 火星路 香樟路 燕山大街 秦皇大街 海阳路 民族路 红旗路 西港路"
).split()
ESTATES = (
    "阳光花园 幸福里 锦绣家园 翠湖苑 金色家园 恒盛园 桂花苑 和平里 春江花园 海天小区 建设新村 铁路宿舍 学府苑 "
    "滨江花园 梅溪苑 月亮岛小区 红星小区 玉带湾 文华苑 向阳小区 富丽家园 丽景华庭"
).split()
TOWNS = "城关镇 石桥镇 黄金镇 大瑶镇 双江口镇 流沙河镇 靖港镇 榆关镇 留守营镇 石门镇 木井镇 双山子镇 春华镇 金井镇".split()
VILLAGES = "新塘 石湾 大屋 双河 杨家 李家 东升 红光 团结 前进 高坪 樟树 河口 柳林 南庄 上营 下营 三里".split()


def draw_address(rng: Random, city: City, area: Area) -> str:
    """A postal address as an insurer stores it: province, city, area, then road and number or town and village."""
    head = f"{city.province}{city.name}{area.name}"
    if rng.random() < area.rural:
        return (
            f"{head}{rng.choice(TOWNS)}{rng.choice(VILLAGES)}村{rng.randint(1, 24)}组{rng.randint(1, 90)}号"
        )
    road = f"{rng.choice(ROADS)}{rng.randint(1, 480)}号"
    return f"{head}{road}{rng.choice(ESTATES)}{rng.randint(1, 28)}栋{rng.randint(1, 4)}单元{rng.randint(1, 32)}0{rng.randint(1, 4)}室"


@dataclass(frozen=True)
class Hospital:
    """A designated hospital: fixmedins code (12), registered name, level 1–3, specialities, everyday aliases."""

    code: str
    name: str
    level: int
    specialities: tuple[str, ...]
    aliases: tuple[str, ...]


HOSPITALS: dict[str, tuple[Hospital, ...]] = {
    "4301": (
        Hospital("H43010200011", "湘江大学附属第一医院", 3, ("general", "blood", "kidney", "heart"),
                 ("湘江附一", "湘江大学附一医院", "湘江一附院", "附一")),
        Hospital("H43010300027", "湘江大学附属第二医院", 3, ("general", "heart", "child", "blood"),
                 ("湘江附二", "湘江大学附二医院", "附二医院")),
        Hospital("H43010400035", "湖南省麓山肿瘤医院", 3, ("cancer",), ("麓山肿瘤医院", "省肿瘤", "湖南麓山肿瘤")),
        Hospital("H43010200049", "湖南省星城儿童医院", 3, ("child", "heart", "blood"),
                 ("星城儿童医院", "省儿童医院", "湖南儿童医院")),
        Hospital("H43010500052", "长沙市第七人民医院", 3, ("general", "kidney"),
                 ("长沙七医院", "长沙市七医院", "市七医院", "长沙第七医院")),
        Hospital("H43010300060", "长沙市第十二人民医院", 2, ("general", "kidney"),
                 ("长沙十二医院", "市十二医院", "长沙市第12人民医院")),
        Hospital("H43018100018", "浏阳市第三人民医院", 2, ("general", "kidney"), ("浏阳三医院", "浏阳市三医院")),
        Hospital("H43018200024", "宁乡市中西医结合医院", 2, ("general",), ("宁乡中西医医院", "宁乡市中西医院")),
        Hospital("H43012100031", "长沙县第二人民医院", 2, ("general",), ("长沙县二医院", "长沙县第二医院")),
        Hospital("H43010400081", "岳麓区望月湖社区卫生服务中心", 1, ("clinic",), ("望月湖社区医院", "望月湖卫生服务中心")),
    ),
    "1303": (
        Hospital("H13030200015", "秦皇岛市第五医院", 3, ("general", "kidney", "heart"),
                 ("秦皇岛五院", "市五院", "秦皇岛市五院", "秦皇岛第5医院")),
        Hospital("H13030200023", "秦皇岛市渤海妇幼保健院", 3, ("child", "heart"), ("渤海妇幼", "市妇幼", "秦皇岛妇幼")),
        Hospital("H13030300036", "山海关区人民医院", 2, ("general", "kidney"), ("山海关医院", "山海关人民医院")),
        Hospital("H13030200048", "燕东大学附属肿瘤医院", 3, ("cancer", "blood"), ("燕东肿瘤医院", "燕大肿瘤")),
        Hospital("H13032200017", "昌黎县第二人民医院", 2, ("general", "kidney"), ("昌黎二院", "昌黎县第二医院")),
        Hospital("H13032100029", "青龙满族自治县中医院", 2, ("general",), ("青龙中医院", "青龙县中医院")),
        Hospital("H13032400033", "卢龙县人民医院", 2, ("general",), ("卢龙医院", "卢龙县医院")),
        Hospital("H13030600041", "抚宁区骊城社区卫生服务中心", 1, ("clinic",), ("骊城社区医院",)),
    ),
}  # fmt: skip
