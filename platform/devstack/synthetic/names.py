"""Surnames and given names with their frequencies.

Surname shares (per 10,000 persons) follow the ranking of the Ministry of Public Security's name reports
(全国姓名报告 2018–2021: the first hundred surnames cover about 86 % of the registered population); the shares
below rank five are rounded. Rare and compound surnames are drawn a little more often than in life
(`RARE_SHARE`), so that a small population still contains some. Given names by decade and sex follow the
lists of most used names in the same reports.
"""

from random import Random

SURNAMES: dict[str, int] = {}
for _share, _names in (
    (725, "王"), (719, "李"), (683, "张"), (538, "刘"), (453, "陈"), (308, "杨"), (229, "赵"), (223, "黄"),
    (212, "周"), (205, "吴"), (166, "徐"), (154, "孙"), (131, "胡"), (127, "朱马"), (119, "高林"),
    (116, "何郭"), (93, "郑"), (86, "罗梁"), (80, "宋"), (72, "谢韩"), (66, "唐冯"), (62, "于邓董"),
    (57, "程曹肖袁"), (52, "许傅沈曾彭"), (47, "吕苏卢蒋蔡"), (44, "魏贾丁"), (42, "薛叶余潘杜任"),
    (40, "戴夏钟汪田姜范方姚石"), (38, "谭廖邹熊金陆"), (33, "郝孔白崔康"), (30, "毛邱秦江史顾侯邵孟龙"),
    (25, "万段雷钱汤尹黎易常武乔贺"), (22, "赖龚文付闫"), (18, "庞樊兰殷施陶洪翟安颜倪严牛温"),
    (14, "芦季俞章鲁葛伍韦申尤毕聂焦向柳邢岳齐梅莫庄辛管祝左涂"), (11, "谷时舒耿牟卜路詹关苗凌费纪靳盛童"),
    (9, "欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋植甘景薄单包司柏宁柯阮桂闵解强柴华车冉房边"),
):  # fmt: skip
    SURNAMES.update(dict.fromkeys(_names, _share))

RARE_SURNAMES = "仇区缪朴阎萧肖逄郗尹佘晏芮亓乜仝隗郜璩逯檀佴闻荆麻褚昝盖召幸冼邝麦楚寇窦滕亢危丰厉仲"
COMPOUND_SURNAMES: dict[str, int] = {
    "欧阳": 80, "上官": 7, "皇甫": 5, "诸葛": 4, "司马": 3, "司徒": 3, "令狐": 3, "东方": 2, "夏侯": 2,
    "慕容": 2, "尉迟": 2, "端木": 1, "公孙": 1, "长孙": 1, "宇文": 1, "淳于": 1, "单于": 1,
}  # fmt: skip
RARE_SHARE = 0.012
COMPOUND_SHARE = 0.006

# Surnames that a city has more of than the country (factor).
REGIONAL: dict[str, dict[str, float]] = {
    "4301": dict.fromkeys("李刘周彭谭易熊罗欧邓黄胡文", 1.8) | dict.fromkeys("王张赵孙", 0.6),
    "1303": dict.fromkeys("王张赵李孙于郝邢", 1.4) | dict.fromkeys("黄林邓彭梁", 0.3),
}

# (until year of birth, men, women): most used first; drawn with weights falling as 1/(rank+3).
ERAS: tuple[tuple[int, str, str], ...] = (
    (
        1954,
        "建国 国强 德明 玉林 志明 福生 树林 长海 文华 金生 明德 永福 春生 国华 德华 玉山 海清 桂生 正清 培元",
        "秀英 桂英 秀兰 玉兰 桂兰 玉英 秀珍 桂珍 凤英 玉珍 淑珍 淑英 素珍 淑兰 翠英 菊英 玉梅 兰英 素英 腊梅",
    ),
    (
        1965,
        "建国 国强 建华 建军 建平 志强 卫东 国华 志明 德明 军 勇 平 明 国平 文华 志刚 卫国 援朝 新民 海波",
        "秀英 桂英 秀兰 玉兰 秀珍 玉梅 敏 玲 丽华 淑华 桂兰 玉华 翠兰 素芳 建英 美华 爱华 丽 萍 秀华 爱莲",
    ),
    (
        1975,
        "军 勇 伟 建军 强 建华 志强 斌 平 辉 刚 建国 海军 永强 卫东 志勇 红军 文革 学军 峰 国庆 新华 志军",
        "敏 丽 秀英 艳 红 静 玲 萍 霞 英 燕 秀兰 丽华 红梅 春梅 芳 华 梅 秀丽 冬梅 海燕 小红 翠萍 丽娟",
    ),
    (
        1985,
        "伟 勇 磊 军 强 涛 鹏 斌 杰 波 辉 刚 超 峰 凯 建华 志强 俊 海涛 飞 宏伟 志刚 文杰 永刚 立新 晓东",
        "静 丽 艳 娟 敏 娜 燕 芳 霞 玲 婷 丹 萍 莉 红梅 晓燕 小燕 海燕 丽娜 雪梅 春燕 翠翠 慧 颖 桂芳 小丽",
    ),
    (
        1995,
        "伟 磊 超 鹏 杰 涛 洋 浩 凯 帅 龙 俊杰 强 飞 宇 鑫 亮 斌 志鹏 明明 阳 鹏飞 文博 志伟 晓明 建 立",
        "静 婷 婷婷 敏 丽 娜 丹 雪 倩 颖 莹 丹丹 娟 慧 瑶 蕾 晶晶 莎莎 佳 欢欢 媛媛 玉洁 思思 晓雪 文静 梦",
    ),
    (
        2005,
        "杰 超 浩 鑫 帅 宇 俊杰 涛 子豪 浩然 鹏 文杰 志豪 文涛 天宇 佳豪 宇航 博文 嘉豪 明轩 子轩 家豪 俊 昊",
        "欣怡 婷 静 佳怡 雨欣 悦 思雨 欣 雅婷 佳慧 诗琪 雨婷 慧敏 思琪 佳琪 文静 倩 子怡 梦瑶 梦婷 雪 紫涵",
    ),
    (
        2015,
        "浩宇 浩然 宇轩 子轩 宇航 皓轩 子豪 梓豪 俊熙 博文 子涵 梓轩 雨泽 天佑 俊杰 明哲 昊天 梓睿 泽宇 俊宇",
        "欣怡 梓涵 诗涵 子涵 梓萱 可馨 雨涵 佳怡 雨桐 子萱 紫涵 欣妍 思涵 诗琪 语桐 雨欣 梦琪 一诺 若曦 心怡",
    ),
    (
        9999,
        "沐宸 浩宇 沐辰 茗泽 奕辰 宇泽 浩然 奕泽 宇轩 沐阳 亦辰 子墨 宇辰 梓睿 锦程 景行 一鸣 俊熙 嘉懿 云深",
        "若汐 一诺 艺涵 依诺 梓涵 苡沫 雨桐 欣怡 语桐 语汐 诗涵 沐汐 芷晴 可欣 清妍 星辰 知夏 若初 安然 予安",
    ),
)

# Single characters to compose given names from, by the same eras' taste (old, middle, young).
COMPOSE: dict[str, tuple[str, str, str]] = {
    "1": (
        "国建德志文明永长福海金玉正清元庆春生林华光荣贵发祥宝培树根新民义忠仁维炳松柏兴宗绍先连喜成",
        "志建文海永伟军明强勇平华辉斌学立新宏俊晓东峰刚涛波杰云飞鹏龙亮超凯利洪庆荣春国良兵武",
        "子浩宇俊泽轩明博文天嘉昊睿晨铭皓梓瑞思奕辰佳家志成凯阳鑫航锦景沐安远承煜峻霖逸乐哲源",
    ),
    "2": (
        "秀玉桂兰英珍淑凤素翠菊梅芳美爱月春香莲云霞华贞琴金银彩惠巧仙桃娥喜荣芝清莉",
        "丽红小晓海春艳玲燕敏慧芳霞萍娟梅静雪英琴云秀娜丹莉荣翠冬爱文玉彩桂凤利建",
        "子梓欣雨诗佳思语涵怡萱涵琪婷雅梦馨悦若可一心紫妍瑶彤璇晨瑾嘉依艺清芷月昕玥雯琳",
    ),
}
RARE_GIVEN = "堃喆祎翀旻彧珺犇晞淼煊昇甡翾赟骁烨珩钰琬韫䶮㛃𠮷龑垚焱贇頔翯"
RARE_GIVEN_SHARE = 0.012


def _weighted(names: str) -> tuple[list[str], list[float]]:
    words = names.split()
    return words, [1.0 / (rank + 3) for rank in range(len(words))]


_ERAS = [(until, _weighted(men), _weighted(women)) for until, men, women in ERAS]
_SURNAME_TABLES: dict[str, tuple[list[str], list[float]]] = {}


def _surname_table(city: str) -> tuple[list[str], list[float]]:
    if city not in _SURNAME_TABLES:
        tilt = REGIONAL.get(city, {})
        _SURNAME_TABLES[city] = (list(SURNAMES), [w * tilt.get(s, 1.0) for s, w in SURNAMES.items()])
    return _SURNAME_TABLES[city]


def draw_surname(rng: Random, city: str = "") -> str:
    """One surname, by frequency in the country tilted towards the city (first four digits of its code)."""
    roll = rng.random()
    if roll < RARE_SHARE:
        return rng.choice(RARE_SURNAMES)
    if roll < RARE_SHARE + COMPOUND_SHARE:
        return rng.choices(list(COMPOUND_SURNAMES), list(COMPOUND_SURNAMES.values()))[0]
    table, weights = _surname_table(city)
    return rng.choices(table, weights)[0]


def draw_given_name(rng: Random, sex: str, year: int, generation_character: str = "") -> str:
    """One given name (one or two characters) in the taste of the year of birth.

    With a generation character (字辈) the name is that character and one more.
    """
    age_group = 0 if year < 1962 else 1 if year < 1993 else 2
    pool = COMPOSE[sex][age_group]
    if generation_character:
        second = rng.choice(pool)
        return generation_character + second
    roll = rng.random()
    if roll < RARE_GIVEN_SHARE:
        return rng.choice(RARE_GIVEN) if rng.random() < 0.4 else rng.choice(pool) + rng.choice(RARE_GIVEN)
    if roll < 0.42:
        for until, men, women in _ERAS:
            if year < until:
                words, weights = men if sex == "1" else women
                return rng.choices(words, weights)[0]
    if roll < (0.50 if age_group == 0 else 0.56 if age_group == 1 else 0.47):
        return rng.choice(pool)
    return rng.choice(pool) + rng.choice(pool)


def draw_generation_character(rng: Random, generation: int) -> str:
    """A generation character for the whole generation of a clan (0 grandparents, 1 parents, 2 children)."""
    return rng.choice(
        ("德正永家国志光荣世绍", "志建文国学立光先祖继", "泽思嘉子承明景俊昌启")[min(generation, 2)]
    )
