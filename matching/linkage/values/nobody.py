"""What stands where a name should and is nobody's name: placeholders, children without a name yet, somebody's relative,
two people in one cell.

Words are common knowledge of Chinese and English forms; only whole values count, so that true names that hold such a word stay.
"""

import re
from functools import lru_cache

from . import characters as han

#: Words that fill a cell; equal ones say nothing (as placeholder numbers, `idnumber.is_placeholder`).
_HAN = """
新生儿 早产儿 婴儿 婴幼儿 幼儿 男婴 女婴 弃婴 弃儿 患儿 病儿 孤儿 小儿 儿童 小孩 小孩子 孩子 男孩 女孩 男童 女童 小朋友 宝宝 小宝宝 宝贝 大宝 二宝 三宝
双胞胎 双胎 三胞胎 双胎大 双胎小 双胞胎大 双胞胎小 大双 小双 双大 双小 老大 老二 老三 长子 次子 长女 次女 三子 三女 大子 二子 大女 二女 大儿子 二儿子 小儿子 大女儿 二女儿 小女儿
未取名 未起名 未命名 没取名 没起名 尚未取名 尚未起名 暂未取名 暂未起名 待取名 待起名 待命名 还没取名 还没起名 暂无名 暂无姓名 无姓名 无名 无名氏 无名字 没名字
没有名字 匿名 匿名者 不具名 不记名 化名 假名 姓名 名字 真实姓名 患者姓名 姓名不详 姓名未知 姓名保密 身份不明 身份不详 不明身份 无法核实 三无人员 流浪人员 流浪汉
流浪乞讨人员 路人 死者 伤者 患者 病人 病患 伤员 某人 有人 某某 某某某 家属 患者家属 病人家属 家人 亲属 亲戚 家长 监护人 代理人 代办人 经办人 经手人 联系人
申请人 求助人 救助人 受助人 受益人 被保险人 参保人 投保人 负责人 户主 本人 自己 同上 同前 同左 如上 同一人 同本人 见上 见附件 详见附件 附件 父亲 母亲 爸爸 妈妈 爷爷
奶奶 外公 外婆 姥姥 姥爷 儿子 女儿 之子 之女 丈夫 妻子 老公 老婆 爱人 配偶 父母 哥哥 姐姐 弟弟 妹妹 孙子 孙女 外孙 外孙女 先生 女士 小姐 男士 不详 不明 未知 不知道 不清楚
未填 未填写 未登记 未提供 未录入 待定 待补 待补充 待填 待填写 待核实 待确认 待查 暂缺 缺失 空白 略 保密 不公开 拒绝透露 不愿透露 无 没有 空 暂无 其他 其它 用户 匿名用户 游客
志愿者 管理员 测试 测试员 测试用户 测试数据 测试患者 测试人员 样例 示例 例子 模板 默认
"""
_LATIN = """
test|testing|test test|test patient|test user|tester|demo|sample|example|dummy|unknown|unknown unknown|unnamed|no name|noname|name|nameless
not known|not given|not named|not available|not applicable|not provided|no name given|unidentified|anonymous|anon|n a|none|null|nil|nobody|self|same
same as above|as above|ditto|idem|patient|baby|baby boy|baby girl|babyboy|babygirl|baby of|newborn|new born|infant|infant boy|infant girl|infant of
boy|girl|male|female|child|son|daughter|twin|twin boy|twin girl|unborn|john doe|jane doe|foundling|to be named|tba|tbd|pending|not yet named|deleted
do not use|x|xx|xxx|xxxx|asdf|qwerty|abc|foo|anonyme|unbekannt|inconnu|desconocido|desconocida|sconosciuto|neonato|recien nacido|neugeborenes|nouveau ne
"""
_WORDS = frozenset(_HAN.split())
_LATIN_WORDS = frozenset(_LATIN.replace("\n", "|").strip("|").split("|"))
#: What counts one of several of them: 新生儿2, 患儿A, 无名氏（男）, 双胎大.
_COUNT = re.compile(r"(?:[第]?[\dA-Za-z一二三四五六七八九十甲乙丙丁]+[号床名位]?|[大小男女])+$")
_BED = re.compile(r"^(?:[A-Za-z]+|重症|监护室|急诊|抢救)*\d*(?:病区|病房|病室|室|加)*\d*[号]?床")

#: Newborns are filed under the mother: 王芳之子, 王芳之大女, 王芳女儿, 王芳婴儿, 王芳双胎. Two characters of hers at least, so that
#: 王之子 stays what it says, a surname.
_CHILD = re.compile(
    "^[\u3400-\u9fff\U00020000-\U0003ffff*]{2,8}?(?:"
    "之的?[大小长次幼独双一二三四两老]{0,2}(?:子|女|儿|婴|男|孩|宝|胎|男婴|女婴|儿子|女儿|婴儿|毛毛|孩子|宝宝|新生儿)"
    "|的?(?:[大小二三]?儿子|[大小二三]?女儿|孩子|小孩|婴儿|男婴|女婴|新生儿|宝宝|双胎|双胞胎|大双|小双|长子|次子|长女|次女)"
    ")[甲乙丙丁戊己大小一二三四]{0,2}$"
)
#: Somebody of somebody's family, or who wrote for them.
_KIN = re.compile(
    "^[\u3400-\u9fff\U00020000-\U0003ffff*]{2,8}?(?:"
    "之(?:父|母|妻|夫|孙|孙女|弟|妹|兄|姐)|的?(?:妈妈|爸爸|母亲|父亲|家长|家属|监护人|爷爷|奶奶|外公|外婆|姥姥|姥爷|丈夫|妻子|老公|老婆|爱人|配偶"
    "|孙子|孙女|外孙|外孙女|哥哥|姐姐|弟弟|妹妹)|代办|代领|代签|代收|代填|代申请|代报|代理)$"
)
_LATIN_CHILD = re.compile(
    r"^(?:baby|infant|newborn|twin|bb|bg)(?: (?:boy|girl|of|a|b|c|one|two|i|ii))* \w|"
    r"\w (?:baby|infant|newborn|twin) (?:boy|girl|a|b|c|one|two|i|ii)$"
)
_LATIN_BABY = re.compile(r"(?:baby|infant|newborn|twin|bb|bg)(?: (?:boy|girl|of|a|b|c|one|two|i|ii))*")
_LATIN_GIVEN = re.compile(
    r"(?:baby(?:boy|girl)?|infant(?:boy|girl|son|daughter)|newborn(?:boy|girl)?|twin)(?:[abc]|\d|one|two)?"
)
_RELATION = re.compile(
    r"[（(【\[]\s*(?:之)?(?:大?女[儿兒]|大?[儿兒]子|[大小二]女|[大小二]?[儿兒]|妈妈|爸爸|母亲|父亲|母|父|家长|(?:患者|病人)?家[属屬]|监护人|爷爷|奶奶|外公|外婆|姥姥|姥爷|丈夫|妻子|夫|妻|老公|老婆|爱人"
    r"|配偶|孙子|孙女|外孙|外孙女|哥哥|姐姐|弟弟|妹妹|兄|姐|弟|妹|之子|之女|子|孩子|代|代办|代领|代签|代收|代填|代申请|代理)\s*[)）】\]]"
)
#: 王芳A, 王芳 2, 王芳（大）, 王芳②: the mark that tells one of several from the others.
_ORDER = re.compile(
    "(?<=[\u3400-\u9fff\U00020000-\U0003ffff]{2})\\s*(?:[（(【\\[]\\s*(?:第|双胎|双胞胎|双|老)?([A-Fa-f]|[1-6]|[大小长次]|[一二三四五六]|[甲乙丙丁戊己])\\s*[号胎]?\\s*[)）】\\]]"
    "|[-_#]?([A-Fa-f]|[1-6]))(?![\\w.])\\s*$"
)
_PLACE = {
    **dict(zip("ABCDEF", "甲乙丙丁戊己", strict=True)), **dict(zip("123456", "甲乙丙丁戊己", strict=True)),
    **dict(zip("一二三四五六", "甲乙丙丁戊己", strict=True)), **{c: c for c in "甲乙丙丁戊己"}, "大": "甲", "长": "甲", "小": "乙", "次": "乙",
}  # fmt: skip
_TWO = re.compile(
    "^\\s*([\u3400-\u9fff]{2,4})\\s*(?:[/、,，;；&+|\\\\]|和|与|及|跟)\\s*([\u3400-\u9fff]{2,4})\\s*$"
)
_JOINED = re.compile("^[\u3400-\u9fff]{2,4}与[\u3400-\u9fff]{2,4}$")


def is_placeholder(value: str) -> bool:
    """Whether a cleaned name (Chinese simplified, Latin in small letters) only fills the cell."""
    return value in _WORDS or (
        value.isascii() and (value in _LATIN_WORDS or bool(_LATIN_BABY.fullmatch(value)))
    )


def is_counted_placeholder(value: str) -> bool:
    """The same with what counts one of several behind the word (新生儿2, 患儿A), or a bed (12床)."""
    stem = _COUNT.sub("", value)
    return (stem != value and is_placeholder(stem)) or bool(_BED.match(value))


def ordered(value: str) -> str:
    """A Chinese name whose mark of order is a character of its own, the same however it is written: 王芳A, 王芳（大） → 王芳甲."""
    hit = _ORDER.search(value)
    if hit is None:
        return value
    return value[: hit.start()] + _PLACE[(hit.group(1) or hit.group(2)).upper()]


def beside(raw: str | None) -> bool:
    """Whether a relation or a proxy stands in brackets beside a name (王芳（女儿）, 王芳（代））: whose name it is nobody can say."""
    return isinstance(raw, str) and not raw.isalpha() and bool(_RELATION.search(raw))


def two_names(value: str) -> str:
    """王芳/李强 as 王芳与李强; '' where a cell holds one name."""
    hit = _TWO.match(value)
    if hit is None:
        return ""
    one, other = hit.groups()
    if re.search("[和与及跟]", value[hit.end(1) : hit.start(2)]) and not (
        _surnamed(one) and _surnamed(other)
    ):
        return ""
    return f"{one}与{other}"


def _surnamed(value: str) -> bool:
    return value[0] in han.SURNAME_CHARACTERS or value[:2] in han.COMPOUND_SURNAMES


@lru_cache(maxsize=4096)
def kind(value: str) -> str:
    """Of a cleaned name: 'child' (without a name yet), 'kin' (somebody's relative or proxy), 'two' (people), 'part' (a surname or
    an initial alone); '' for a name."""
    if len(value) == 1 and value != "*":
        return "part"
    if value.isascii():
        return "child" if _LATIN_CHILD.search(value) else ""
    if len(value) < 4:
        return ""
    if _CHILD.match(value):
        return "child"
    if _KIN.match(value):
        return "kin"
    return "two" if _JOINED.match(value) else ""


def is_no_given(value: str) -> bool:
    """Whether a given name in a column of its own is none: 新生儿, 芳之子, babyboy (Latin ones without spaces)."""
    if value.isascii():
        return len(value) > 2 and (value in _LATIN_WORDS or bool(_LATIN_GIVEN.fullmatch(value)))
    return is_placeholder(value) or kind(f"王王{value}") == "child"
