"""Appeals for help as families write them: the same facts in many voices and orders, and what else such texts hold.

Forms were made by hand after reading public appeals for their manner; no sentence is anybody's. Every text says the name as
the platform masks it, age, place, illness and hospital once, each where `compose` says, beside distracting words: other
people, an earlier hospital, sums, months, signs.
"""

from collections.abc import Iterator
from random import Random

Spans = dict[str, tuple[int, int]]

_OPENINGS = (
    "", "", "", "大家好，", "大家好！", "各位好心人：\n", "求助❗", "【紧急求助】", "🙏🙏跪求大家帮帮忙。", "尊敬的爱心人士，您好！",
    "实在没有办法了，才来这里求助。", "我是一名普通农民，从没想过会发这样的求助。", "写下这些字的时候，我的手一直在抖。\n",
    "朋友们，打扰了。", "一场病，压垮了一个家……", "好人一生平安！\n", "我是{other}，替家里人发这条求助。", "帮忙转发，谢谢🙏\n",
)  # fmt: skip
_NAMED = (
    "我{who}{name}",
    "我{who}{name}",
    "我的{who}{name}",
    "{who}{name}",
    "患者{name}，是我{who}",
    "我{who}叫{name}",
    "这是我{who}，{name}",
)
_NAMED_SELF = ("我叫{name}", "我是{name}", "本人{name}", "我{name}")
_AGED = ("今年{age}岁", "今年{age}岁", "{age}岁", "现年{age}岁", "{age}岁了", "今年才{age}岁", "年仅{age}岁")
_AGED_OLD = ("今年{age}岁", "今年{age}岁", "{age}岁", "现年{age}岁", "已经{age}岁了", "{age}岁的人了")
_PLACED = ("家住{area}", "来自{area}", "{area}人", "老家在{area}", "住在{area}", "我们是{area}的")
_ILL = (
    "{month}月查出{disease}", "{month}月份查出{disease}", "{month}月被确诊为{disease}", "不幸患上{disease}", "确诊{disease}", "医生说是{disease}",
    "得了{disease}", "{month}月的时候身体不舒服，一查是{disease}", "被诊断为{disease}", "患{disease}已有{years}年",
)  # fmt: skip
_TREATED = (
    "现在{hospital}治疗", "目前在{hospital}住院", "正在{hospital}接受治疗", "后来转到了{hospital}", "现在躺在{hospital}的病床上", "一直在{hospital}看病",
    "{hospital}的医生说要尽快治",
)  # fmt: skip
_BEFORE = (
    "起初在{elsewhere}看过，没查出来",
    "先去了{elsewhere}，那边说治不了",
    "当地的{elsewhere}让我们赶紧转院",
)
_SPENT = (
    "已花费{cost}万元",
    "已经花了{cost}万多",
    "前后花去{cost}万元，都是借来的",
    "欠下外债{cost}万",
    "积蓄{cost}万全花光了",
    "报销完自己还掏了{cost}万",
)
_NEEDED = (
    "后续还需要{more}万元",
    "后面还要{more}万",
    "还差{more}万元",
    "医生说手术要{more}万左右",
    "每月药费就要{small}千元",
)
_HOME = (
    "家里还有两个孩子在读书", "孩子他爸在工地打零工", "我妹妹{other}今年也刚生了孩子", "家里种着几亩地", "爷爷奶奶都七十多岁了", "全家就靠一个人的工资",
    "亲戚朋友能借的都借遍了", "房子也卖了",
)  # fmt: skip
_ENDS = (
    "求好心人帮帮我们。", "恳请大家伸出援手。", "谢谢大家！", "好人一生平安🙏", "您的每一次转发都是希望。", "滴水之恩，当涌泉相报。", "求求大家救救{them}。",
    "电话微信同号，可以核实。", "",
)  # fmt: skip
_OTHERS = ("李某", "老张", "村主任王大伯", "小刘", "表姐")
_ELSEWHERE = ("县医院", "镇卫生院", "老家的中医院", "县妇幼保健院")


def compose(
    found: dict[str, str], who: str, month: int, cost: int, more: int, rng: Random
) -> tuple[str, Spans]:
    """A text that tells of ``found`` (name, age, area, disease, hospital), and where each stands in it.

    who: who the patient is to the writer ('我', 儿子, 母亲 …); cost, more: ten thousand yuan spent and needed. Draws from
    ``rng`` only, so that other columns do not depend on the words.
    """
    words = {
        "who": who, "month": str(month), "cost": str(cost), "more": str(more), "small": str(rng.randint(2, 9)),
        "years": str(rng.randint(2, 6)), "other": rng.choice(_OTHERS), "elsewhere": rng.choice(_ELSEWHERE),
        "them": "孩子" if int(found["age"]) < 18 else "一家人",
    }  # fmt: skip
    pieces = list(_pieces(who, int(found["age"]), rng))
    text, spans = "", {}
    for piece in pieces:
        start = 0
        while (open_ := piece.find("{", start)) >= 0:
            close = piece.index("}", open_)
            key = piece[open_ + 1 : close]
            text += piece[start:open_]
            value = found.get(key, words.get(key, ""))
            if key in found:
                spans[key] = (len(text), len(text) + len(value))
            text += value
            start = close + 1
        text += piece[start:]
    return text, spans


def _pieces(who: str, age: int, rng: Random) -> Iterator[str]:
    named = rng.choice(_NAMED_SELF if who == "我" else _NAMED)
    aged = rng.choice(_AGED if age < 40 else _AGED_OLD)
    person = f"{named}（{{age}}岁）" if rng.random() < 0.12 else f"{named}，{aged}"
    placed, ill, treated = rng.choice(_PLACED), rng.choice(_ILL), rng.choice(_TREATED)
    if rng.random() < 0.25:
        treated = f"{rng.choice(_BEFORE)}，{treated}"
    order = rng.randrange(5)
    said = (
        [placed, person, ill, treated], [person, placed, ill, treated], [person, ill, treated, placed],
        [ill.replace("{month}月", "{month}月，", 1) if ill.startswith("{month}月查") else ill, person, placed, treated],
        [person, ill, placed, treated],
    )[order]  # fmt: skip
    if order == 0 and rng.random() < 0.4:
        said[0] = "{area}"
    yield rng.choice(_OPENINGS)
    stop = rng.choice(("，", "，", "，", "。", "。", "\n", "！"))
    yield "，".join(said[:2]) + stop + "，".join(said[2:])
    yield rng.choice(("，", "。", "。\n"))
    rest = [rng.choice(_SPENT), rng.choice(_NEEDED)]
    if rng.random() < 0.5:
        rest.insert(rng.randrange(3), rng.choice(_HOME))
    yield rng.choice(("，", "。")).join(rest)
    yield rng.choice(("，", "。", "。\n\n", "……"))
    yield rng.choice(_ENDS)
