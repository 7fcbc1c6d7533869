"""Chinese characters in names: variants, readings, surnames.

OpenCC turns traditional characters into simplified ones but leaves 𠮷 and 闫/阎 alone and turns 乾 into
干, which in names are two different characters; hence the tables here, which speak last.
"""

import re
from array import array
from bisect import bisect_left
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

#: Characters that registers and people write for one another. Both sides fold to the right-hand one.
VARIANTS: dict[str, str] = {
    "閻": "阎", "閆": "阎", "闫": "阎", "蕭": "萧", "肖": "萧", "傅": "付", "戴": "代",
    "𠮷": "吉", "峯": "峰", "邱": "丘", "甯": "宁", "寧": "宁", "喆": "哲", "堃": "坤",
    "昇": "升", "陞": "升", "煒": "炜", "瑋": "玮", "祕": "秘", "菓": "果", "凃": "涂",
    "塗": "涂", "鍾": "钟", "锺": "钟", "鐘": "钟", "仝": "同", "於": "于", "濬": "浚",
    "濶": "阔", "崑": "昆", "崙": "仑", "㑺": "俊", "隽": "俊", "儁": "俊", "勛": "勋",
    "勳": "勋", "晳": "晰", "皙": "晰", "慇": "殷", "羣": "群", "叡": "睿", "穉": "稚",
    "脩": "修", "彥": "彦", "産": "产", "贇": "赟", "頴": "颖", "頼": "赖", "緑": "绿",
    "淸": "清", "靑": "青", "眞": "真", "沢": "泽", "浜": "滨", "徳": "德", "恵": "惠",
    "黒": "黑", "曽": "曾", "姸": "妍", "姉": "姊", "嬭": "奶", "嶋": "岛", "強": "强",
    "彊": "强", "禮": "礼", "迺": "乃", "廼": "乃", "甦": "苏", "囍": "喜", "飈": "飙",
    "飚": "飙", "燄": "焰", "燁": "烨", "曄": "晔", "爗": "烨", "嵗": "岁", "歳": "岁",
    "涼": "凉", "旾": "春", "萅": "春", "秌": "秋", "芲": "花", "蘤": "花", "椘": "楚",
    "梹": "槟", "樑": "梁",
}  # fmt: skip

#: Folding that changes the character someone is registered under, so a step below "the same name".
_SOFT = frozenset("闫肖傅戴邱喆堃隽皙甦囍")

#: What a surname is read as, where the everyday reading differs (first reading counts as the usual one).
SURNAME_READINGS: dict[str, tuple[str, ...]] = {
    "单": ("shan",), "仇": ("qiu",), "解": ("xie",), "曾": ("zeng",), "查": ("zha",), "翟": ("zhai",),
    "区": ("ou",), "覃": ("qin", "tan"), "缪": ("miao",), "朴": ("piao",), "任": ("ren",), "华": ("hua",),
    "盖": ("ge", "gai"), "乐": ("le", "yue"), "种": ("chong",), "召": ("shao",), "燕": ("yan",),
    "宁": ("ning",), "纪": ("ji",), "尹": ("yin",), "员": ("yun",), "贠": ("yun",), "黑": ("he", "hei"),
    "洗": ("xian",), "冼": ("xian",), "折": ("she",), "葛": ("ge",), "过": ("guo",), "哈": ("ha",),
    "繁": ("po",), "秘": ("bi", "mi"), "隗": ("wei", "kui"), "尉": ("wei",), "乜": ("nie",), "逄": ("pang",),
    "适": ("kuo",), "句": ("gou",), "盛": ("sheng",), "沈": ("shen",), "石": ("shi",), "车": ("che",),
    "曲": ("qu",), "万": ("wan",), "牟": ("mu", "mou"), "郇": ("xun", "huan"), "郗": ("xi", "chi"),
    "应": ("ying",), "卜": ("bu",), "祭": ("zhai",), "谌": ("chen", "shen"), "阚": ("kan",), "臧": ("zang",),
    "藏": ("zang",), "俞": ("yu",), "於": ("yu",), "贾": ("jia",), "哥": ("ge",), "长": ("chang",),
    "褚": ("chu",), "晁": ("chao",), "令": ("ling",), "那": ("na",), "佴": ("nai",), "麦": ("mai",),
    "逯": ("lu",), "颉": ("xie",), "么": ("yao",), "重": ("chong",), "么么": ("yao",), "柏": ("bai", "bo"),
    "尉迟": ("yu chi",), "万俟": ("mo qi",), "长孙": ("zhang sun",), "澹台": ("tan tai",),
    "单于": ("chan yu",),
}  # fmt: skip

COMPOUND_SURNAMES = frozenset(
    [
        "欧阳",
        "太史",
        "端木",
        "上官",
        "司马",
        "东方",
        "独孤",
        "南宫",
        "万俟",
        "闻人",
        "夏侯",
        "诸葛",
        "尉迟",
        "公羊",
        "赫连",
        "澹台",
        "皇甫",
        "宗政",
        "濮阳",
        "公冶",
        "太叔",
        "申屠",
        "公孙",
        "慕容",
        "仲孙",
        "钟离",
        "长孙",
        "宇文",
        "司徒",
        "鲜于",
        "司空",
        "闾丘",
        "子车",
        "亓官",
        "司寇",
        "巫马",
        "公西",
        "颛孙",
        "壤驷",
        "公良",
        "漆雕",
        "乐正",
        "宰父",
        "谷梁",
        "拓跋",
        "夹谷",
        "轩辕",
        "令狐",
        "段干",
        "百里",
        "呼延",
        "东郭",
        "南门",
        "羊舌",
        "微生",
        "公户",
        "公玉",
        "公仪",
        "梁丘",
        "公仲",
        "公上",
        "公门",
        "公山",
        "公坚",
        "左丘",
        "公伯",
        "西门",
        "公祖",
        "第五",
        "公乘",
        "贯丘",
        "公皙",
        "南荣",
        "东里",
        "东宫",
        "仲长",
        "子书",
        "子桑",
        "即墨",
        "达奚",
        "褚师",
        "吴铭",
        "纳兰",
        "完颜",
        "富察",
        "费莫",
        "蹇",
        "叶赫",
        "那拉",
        "爱新觉罗",
        "单于",
    ]
)

#: Characters that are surnames: the hundred commonest and others that are met (no list is whole).
SURNAME_CHARACTERS = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩邓冯曹彭曾肖萧田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范"
    "汪廖石金韦贾夏付傅方邹熊白孟秦邱丘侯江尹薛阎闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴代严莫孔向汤常温康施文牛樊葛邢安齐易乔伍"
    "庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁"
    "蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商"
    "刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝官封谈匡鞠惠荆乐冀郁胥南班储原栗燕楚鄢劳谌奚皮粟冼蔺楼盘满闻位厉伊仝区郜海阚"
    "花权强帅屠豆朴盖练廉禹井祖漆巴丰支卿国狄平计索宣晋相初门云容敬来扈晁芮都普阙浦戈伏鹿薄邸雍辜羊阿乌母裘亓修邰赫杭况那宿鲜印逯"
)

#: Characters of given names that hardly anybody bears as a surname.
GIVEN_CHARACTERS = (
    frozenset(
        "涵宇轩萱妍馨怡欣诺睿浩豪婷娜丽芳敏静娟伟杰磊勇霞玲芬珍凤佳雪婉雯琪瑶晴悦彤菲妮萌萍莉茜蕾薇琳珊蓉倩颖慧艳红斌鹏飞涛超辉鑫"
        "宝亮贝坤雅晨阳桐梓沐煜辰昊泽熙皓铭翔俊凯琦玥瑾瑜琼莹莲菊翠桃娇媛嫣婧娅昕曦晗冉晓昱"
    )
    - SURNAME_CHARACTERS
    - SURNAME_READINGS.keys()
)


@cache
def _opencc() -> Any:
    """OpenCC, where a table holds Chinese."""
    from opencc import OpenCC

    return OpenCC("t2s")


@lru_cache(maxsize=16384)
def simplify(char: str) -> str:
    """Traditional to simplified, one character; a character that is its own name stays (乾)."""
    if char in ("乾", "藉", "瞭", "徵", "於", "钟"):
        return "征" if char == "徵" else "于" if char == "於" else char
    if "\u3400" <= char <= "\u9fff" or ord(char) > 0x1FFFF:
        folded = VARIANTS.get(char)
        if folded and char not in _SOFT:
            return folded
        return _opencc().convert(char)[:1] or char
    return char


@lru_cache(maxsize=16384)
def fold(char: str) -> str:
    """Simplified and, beyond that, folded to the one character that stands for its variants."""
    simple = simplify(char)
    return VARIANTS.get(simple, simple)


def is_han(char: str) -> bool:
    """A CJK ideograph (any plane)."""
    code = ord(char)
    return 0x3400 <= code <= 0x9FFF or 0xF900 <= code <= 0xFAFF or 0x20000 <= code <= 0x3FFFF or char == "〇"


class _Pinyin:
    """pypinyin's table of characters: one text, and where in it each character's line begins.

    The package itself would also load its phrases, which are of no use for names and weigh 50 MB; as a dictionary the
    characters alone would weigh 11.
    """

    def __init__(self) -> None:
        package = find_spec("pypinyin")
        if package is None or package.origin is None:
            raise ImportError("pypinyin is not installed")
        self.text = Path(package.origin).with_name("pinyin_dict.json").read_bytes()
        self.lines = array("I", (m.start(1) for m in re.finditer(rb'"(\d+)": ?"', self.text)))

    def _code(self, line: int) -> int:
        return int(self.text[line : self.text.index(b'"', line)])

    def get(self, char: str) -> str:
        """The readings of a character with their tones, by commas; '' where none is known."""
        place = bisect_left(self.lines, ord(char), key=self._code)
        if place == len(self.lines) or self._code(self.lines[place]) != ord(char):
            return ""
        start = self.lines[place]
        return self.text[start : start + 200].split(b'"', 3)[2].decode()


@cache
def _pinyin() -> _Pinyin:
    return _Pinyin()


_TONES = str.maketrans("āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜüńňǹḿê", "aaaaeeeeiiiioooouuuuvvvvvnnnme")


@lru_cache(maxsize=16384)
def readings(char: str) -> tuple[str, ...]:
    """Toneless pinyin readings, the usual one first; a character without one is its own reading."""
    known = _pinyin().get(char)
    if not known:
        return (char.casefold(),)
    plain = []
    for reading in known.split(","):
        toneless = reading.translate(_TONES)
        toneless = "".join(c for c in toneless if "a" <= c <= "z")
        if toneless and toneless not in plain:
            plain.append(toneless)
    return tuple(plain) or (char,)


@lru_cache(maxsize=16384)
def surname_readings(char: str) -> tuple[str, ...]:
    """As `readings`, with the readings that hold for surnames."""
    return SURNAME_READINGS.get(simplify(char)) or readings(char)


_INITIALS = (("zh", "z"), ("ch", "c"), ("sh", "s"))
_FINALS = (("ang", "an"), ("eng", "en"), ("ing", "in"), ("ong", "on"))


@lru_cache(maxsize=4096)
def accent(syllable: str) -> str:
    """A syllable as southern accents and phonetic keyboards mix it: zh/z, ch/c, sh/s, n/l, f/h, r/l, -ng/-n."""
    out = syllable
    for long, short in _INITIALS:
        if out.startswith(long):
            out = short + out[2:]
            break
    else:
        if out[:1] in ("n", "r"):
            out = "l" + out[1:]
        elif out.startswith("fu"):
            out = "h" + out[1:]
    for long, short in _FINALS:
        if out.endswith(long):
            return out[: -len(long)] + short
    return out
