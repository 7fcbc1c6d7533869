"""The linkage engine's words for levels and flags, in the reader's language.

The engine is pure and names them in Chinese and in English. A catalogue goes before: what it needs to find stands here
once more, and a test holds that nothing is missing.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext as _

from matching.linkage.labels import FLAGS, FLAGS_EN, LEVELS, LEVELS_EN

#: Said by the desk itself of links that should be looked at once more.
OWN_FLAGS = {
    "sampled_wrong": gettext_noop("抽查时有人判断不是同一人"),
    "reread_contradicts": gettext_noop("求助文字重新读过，读出来的和认定时不一样"),
}
OWN_FLAGS_EN = {
    "sampled_wrong": "a reviewer of samples judged that these are two people",
    "reread_contradicts": "the appeal was read again: its words say something else than when it was linked",
}
KNOWN = (
    gettext_noop("缺失"),
    gettext_noop("一致"),
    gettext_noop("异体字"),
    gettext_noop("同音"),
    gettext_noop("拼音一致"),
    gettext_noop("隐名，可见的字一致"),
    gettext_noop("隐名，姓一致"),
    gettext_noop("隐名，不一致"),
    gettext_noop("一字之差"),
    gettext_noop("读音相近"),
    gettext_noop("多一字或少一字"),
    gettext_noop("只有姓一致"),
    gettext_noop("一位之差"),
    gettext_noop("两位之差"),
    gettext_noop("可见的位数一致"),
    gettext_noop("月日颠倒"),
    gettext_noop("同一天，但两边的证件号码不同"),
    gettext_noop("农历与公历"),
    gettext_noop("年月日中两项一致"),
    gettext_noop("相差不到一个月"),
    gettext_noop("年份一致"),
    gettext_noop("相差一年"),
    gettext_noop("相差十年以内"),
    gettext_noop("相差一岁"),
    gettext_noop("相差五岁以内"),
    gettext_noop("同一区县"),
    gettext_noop("同一城市"),
    gettext_noop("同一省份"),
    gettext_noop("前两位一致"),
    gettext_noop("简称"),
    gettext_noop("两字之差"),
    gettext_noop("填反"),
    gettext_noop("填反，相近"),
    gettext_noop("相近"),
    gettext_noop("很相近"),
    gettext_noop("首字母一致"),
    gettext_noop("同名邮箱"),
    gettext_noop("同一条街，门牌不同"),
    gettext_noop("住在对方户籍所在的城市"),
    gettext_noop("一种是另一种的一类"),
    gettext_noop("同一医院"),
    gettext_noop("同类医院"),
    gettext_noop("同一种病"),
    gettext_noop("同一类病"),
    gettext_noop("可能是家人"),
    gettext_noop("取最相符的一次就诊；就诊越多，折减越多"),
    gettext_noop("不一致"),
    gettext_noop("姓名不完整，只能由人确认"),
    gettext_noop("同一证件号码，姓名不同：可能写错，也可能借用证件"),
    gettext_noop("两个都有效的证件号码，不相同"),
    gettext_noop("名字不同，电话、地址相同：可能是家人"),
    gettext_noop("姓和出生日期相同，名字不同：可能是双胞胎"),
    gettext_noop("没有证件号码印证，出生日期却明显不同：可能是同名的家人，也可能号码换了主人"),
    gettext_noop("只有姓名和电话一致，没有证件号码和出生日期印证：可能是同名的家人"),
    gettext_noop("没有一致的证件号码或电话，只能由人确认"),
    gettext_noop("这个电话在很多人的记录里：可能是志愿者或病区的，不能当作依据"),
    gettext_noop("一样像的人还有很多，这里只列出最像的几位"),
    gettext_noop("证件号码不成立"),
    gettext_noop("出生日期与证件号码不符"),
    gettext_noop("姓名栏里是数字"),
    gettext_noop("姓名栏空着，或者填的不是姓名（“新生儿”“无名氏”一类）：认不出是谁"),
    gettext_noop("还没有起名的孩子（某某之子、之女）：可能是双胞胎里的另一个"),
    gettext_noop("姓名栏里写的是某人的家属或代办人：不知道说的是哪一个"),
    gettext_noop("姓名栏里有两个人的名字：不知道说的是哪一个"),
    gettext_noop("一边的姓名只有拼音，也没有一致的证件号码：同音的人都对得上"),
    gettext_noop("证件号码的后几位丢了或被遮住：看得见的只是地区和出生日期，同日同乡的人都一样"),
    gettext_noop("一样，但都不成立"),
    gettext_noop("证件号码相近（差一两位，或有遮掩），姓名不同：可能是家人，也可能写错"),
    gettext_noop("证件号码一致或相近，出生日期却明显不同：可能借用证件"),
    gettext_noop("证件号码一致或相近，性别却不同：可能借用证件"),
    gettext_noop("两边的证件号码一样，却都不成立：可能抄错，也可能是随手填的"),
    gettext_noop("只有护照或通行证号码一致：这种号码没有校验位，出生日期和电话都没有印证"),
    gettext_noop("这个证件号码在登记里已经属于另一个人"),
    gettext_noop("和不止一个人都对得上"),
    gettext_noop("没有哪一项奇怪，只是证据还不够"),
)


def level(name: str) -> str:
    """How much a field agrees, in the reader's language."""
    return _said(name, LEVELS, LEVELS_EN)


def flag(name: str) -> str:
    """What is odd about a pair, in the reader's language."""
    return _said(name, FLAGS | OWN_FLAGS, FLAGS_EN | OWN_FLAGS_EN)


def _said(name: str, chinese: Mapping[str, str], english: Mapping[str, str]) -> str:
    source = chinese.get(name, name)
    found = _(source)
    translated = found != source or (get_language() or "zh").startswith("zh")
    return found if translated else english.get(name, source)
