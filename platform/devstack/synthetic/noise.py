"""What goes wrong when people type: the errors of application forms and the masks of campaigns.

Every function takes its `random.Random` and is deterministic for it. `noisy_application` says in `errors`
what it did, so that tests and the linkage corpus know.
"""

from dataclasses import dataclass, field
from datetime import date
from random import Random

from devstack.synthetic.homophones import READING_OF, SOUNDS_LIKE
from devstack.synthetic.lunar import lunar_as_typed
from devstack.synthetic.people import SyntheticPerson, check_digit, draw_phone
from devstack.synthetic.places import AREA_NAMES

# Two written forms of one name that registers and people use side by side.
VARIANTS = [
    "闫阎",
    "肖萧",
    "付傅",
    "戴代",
    "峰峯",
    "吉𠮷",
    "邱丘",
    "钟锺",
    "芦卢",
    "亓元",
    "祎袆",
    "淼渺",
    "堃坤",
    "喆哲",
    "犇奔",
    "昇升",
    "珺君",
    "翀冲",
    "彧或",
    "甡生",
    "垚尧",
    "龑䶮",
    "晖辉",
    "宏弘",
    "沈沉",
    "仝同",
    "郗希",
    "妍研",
    "煊暄",
    "烨晔",
    "贇赟",
    "㛃洁",
    "佘余",
    "祁祈",
    "冼洗",
    "刁习",
    "柏伯",
    "晨辰",
    "雯文",
    "娜那",
    "琪棋",
    "洋样",
    "莹萤",
    "梅煤",
]
TRADITIONAL = [
    "张張",
    "刘劉",
    "陈陳",
    "杨楊",
    "赵趙",
    "黄黃",
    "吴吳",
    "孙孫",
    "马馬",
    "罗羅",
    "郑鄭",
    "谢謝",
    "韩韓",
    "冯馮",
    "邓鄧",
    "萧蕭",
    "许許",
    "苏蘇",
    "卢盧",
    "蒋蔣",
    "贾賈",
    "叶葉",
    "钟鍾",
    "谭譚",
    "邹鄒",
    "陆陸",
    "华華",
    "国國",
    "伟偉",
    "强強",
    "丽麗",
    "兰蘭",
    "凤鳳",
    "军軍",
    "红紅",
    "艳艷",
    "玲玲",
    "志志",
    "杰傑",
    "龙龍",
    "云雲",
    "莲蓮",
    "爱愛",
    "宝寶",
    "贵貴",
    "庆慶",
    "义義",
    "荣榮",
    "飞飛",
    "鹏鵬",
    "学學",
    "东東",
    "晓曉",
    "梦夢",
    "诗詩",
    "语語",
    "佳佳",
    "泽澤",
    "轩軒",
    "宁寧",
    "颖穎",
    "静靜",
    "娇嬌",
    "荟薈",
    "刚剛",
    "涛濤",
    "鸿鴻",
    "锦錦",
    "顺順",
]
_OTHER_FORM: dict[str, str] = {}
for _pair in VARIANTS:
    _OTHER_FORM.setdefault(_pair[0], _pair[1])
    _OTHER_FORM.setdefault(_pair[1], _pair[0])
_TO_TRADITIONAL = {pair[0]: pair[1] for pair in TRADITIONAL}
# Syllables that speakers of southern and north-eastern Mandarin do not tell apart.
_ACCENTS = (
    ("zh", "z"),
    ("ch", "c"),
    ("sh", "s"),
    ("n", "l"),
    ("h", "f"),
    ("ang", "an"),
    ("eng", "en"),
    ("ing", "in"),
)
_NEXT_KEY = {"1": "24", "2": "135", "3": "26", "4": "157", "5": "2468", "6": "359", "7": "48", "8": "579", "9": "68",
             "0": "89"}  # fmt: skip


@dataclass(frozen=True)
class NoiseRates:
    """Probability of each error in one application (0–1). Defaults: a careful online form with a paper source."""

    homophone: float = 0.025
    accent: float = 0.006
    variant: float = 0.5  # of those names that have a second form
    traditional: float = 0.004
    name_dropped: float = 0.004
    name_swapped: float = 0.003
    id_missing: float = 0.04
    id_slip: float = 0.025
    id_transposed: float = 0.012
    id_old: float = 0.02  # of those old enough to have had a 15-digit number
    id_masked: float = 0.0
    birth_slip: float = 0.012
    day_month: float = 0.008
    lunar: float = 0.04  # of those born before 1975
    year_only: float = 0.01
    birth_missing: float = 0.03
    sex_wrong: float = 0.004
    sex_missing: float = 0.02
    phone_missing: float = 0.05
    phone_changed: float = 0.12
    phone_slip: float = 0.015
    area_elsewhere: float = 0.08
    address_missing: float = 0.08


@dataclass
class Application:
    """What somebody typed. Empty string where nothing was typed; `errors` names what went wrong."""

    name: str
    id_number: str
    birth_date: str
    sex: str
    phone: str
    area: str
    address: str
    errors: list[str] = field(default_factory=list)


# names ------------------------------------------------------------------------------------------------


def homophone(name: str, rng: Random) -> str:
    """One character replaced by another of the same syllable (same tone preferred); unchanged if there is none."""
    places = [i for i, c in enumerate(name) if len(SOUNDS_LIKE.get(READING_OF.get(c, ("", ""))[0], "")) > 1]
    if not places:
        return name
    # The surname is checked more carefully than the given name.
    at = rng.choices(places, [1 if i == 0 else 3 for i in places])[0]
    syllable, tone = READING_OF[name[at]]
    others = [c for c in SOUNDS_LIKE[syllable] if c != name[at]]
    weights = [3 if READING_OF[c][1] == tone else 1 for c in others]
    return name[:at] + rng.choices(others, weights)[0] + name[at + 1 :]


def accent(name: str, rng: Random) -> str:
    """One character replaced by one that only sounds the same with an accent (n/l, zh/z, an/ang …)."""
    options: list[tuple[int, str]] = []
    for at, character in enumerate(name):
        syllable = READING_OF.get(character, ("", ""))[0]
        for one, two in _ACCENTS:
            for a, b in ((one, two), (two, one)):
                if one.endswith(("n", "g")) and len(one) > 1:
                    other = syllable[: -len(a)] + b if syllable.endswith(a) else ""
                else:
                    other = b + syllable[len(a) :] if syllable.startswith(a) else ""
                options += [(at, c) for c in SOUNDS_LIKE.get(other, "")[:4] if other != syllable]
    if not options:
        return name
    at, character = rng.choice(options)
    return name[:at] + character + name[at + 1 :]


def variant(name: str, rng: Random) -> str:
    """The first character with a second written form, in that form; unchanged if there is none."""
    for at, character in enumerate(name):
        if character in _OTHER_FORM:
            return name[:at] + _OTHER_FORM[character] + name[at + 1 :]
    return name


def traditional(name: str) -> str:
    """The name in traditional characters, as far as the table goes."""
    return "".join(_TO_TRADITIONAL.get(c, c) for c in name)


def mask_name(surname: str, given_name: str, style: str) -> str:
    """A name as campaigns show it. Styles: star 张*, stars 张**, middle 张*三, mou 张某, moumou 张某某, last *三.

    Raises ValueError for an unknown style.
    """
    if style == "star":
        return surname + "*"
    if style == "stars":
        return surname + "*" * len(given_name)
    if style == "middle":
        return surname + "*" + given_name[-1] if len(given_name) > 1 else surname + "*"
    if style == "mou":
        return surname + "某"
    if style == "moumou":
        return surname + "某" * len(given_name)
    if style == "last":
        return "*" * len(surname + given_name[:-1]) + given_name[-1]
    raise ValueError(f"unknown mask style: {style}")


# digits -----------------------------------------------------------------------------------------------


def digit_slip(text: str, rng: Random) -> str:
    """One digit replaced, half of the time by a neighbour on the phone's number pad."""
    places = [i for i, c in enumerate(text) if c.isdigit()]
    if not places:
        return text
    at = rng.choice(places)
    near = _NEXT_KEY[text[at]] if rng.random() < 0.5 else "0123456789".replace(text[at], "")
    return text[:at] + rng.choice(near) + text[at + 1 :]


def transposition(text: str, rng: Random) -> str:
    """Two neighbouring, different characters in each other's place; unchanged if all are the same."""
    places = [i for i in range(len(text) - 1) if text[i] != text[i + 1]]
    if not places:
        return text
    at = rng.choice(places)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def digit_lost(text: str, rng: Random) -> str:
    """One character left out."""
    at = rng.randrange(len(text)) if text else 0
    return text[:at] + text[at + 1 :]


def mask_id(number: str, rng: Random) -> str:
    """An ID number with its birth date or most of it hidden."""
    if rng.random() < 0.5:
        return number[:6] + "*" * (len(number) - 10) + number[-4:]
    return number[:4] + "*" * (len(number) - 8) + number[-4:]


# dates ------------------------------------------------------------------------------------------------


def swap_day_month(day: date) -> date | None:
    """Day and month in each other's place, or None where that is no date or the same one."""
    if day.day > 12 or day.day == day.month:
        return None
    return day.replace(month=day.day, day=day.month)


def date_slip(day: date, rng: Random) -> date:
    """One digit of the date wrong, and the date still possible."""
    for _ in range(40):
        try:
            wrong = date.fromisoformat(digit_slip(day.isoformat(), rng))
        except ValueError:
            continue
        if date(1900, 1, 1) <= wrong <= date(2030, 12, 31):
            return wrong
    return day


# one application --------------------------------------------------------------------------------------


def short_address(address: str, rng: Random) -> str:
    """An address as people type it: without province, sometimes without city, spaces and 号 here and there."""
    text = address
    for word in ("湖南省", "河北省"):
        text = text.removeprefix(word)
    if rng.random() < 0.4:
        for word in ("长沙市", "秦皇岛市"):
            text = text.removeprefix(word)
    if rng.random() < 0.3:
        text = text.replace("单元", "-").replace("栋", "-").removesuffix("室")
    if rng.random() < 0.2 and len(text) > 14:
        text = text[: rng.randint(9, len(text) - 3)]
    return text


def _typed_name(person: SyntheticPerson, rng: Random, rates: NoiseRates, errors: list[str]) -> str:
    name = person.name
    if any(c in _OTHER_FORM for c in name) and rng.random() < rates.variant * 0.2:
        name = variant(name, rng)
        errors.append("variant")
    for rate, label, change in (
        (rates.homophone, "homophone", homophone),
        (rates.accent, "accent", accent),
    ):
        if rng.random() < rate:
            changed = change(name, rng)
            if changed != name:
                name = changed
                errors.append(label)
    if rng.random() < rates.traditional:
        name = traditional(name)
        errors.append("traditional")
    if len(name) > 2 and rng.random() < rates.name_dropped:
        name = name[:1] + name[2:] if rng.random() < 0.5 else name[:-1]
        errors.append("name_dropped")
    if len(name) > 2 and rng.random() < rates.name_swapped:
        name = name[:-2] + name[-1] + name[-2]
        errors.append("name_swapped")
    return name


def _typed_id(person: SyntheticPerson, rng: Random, rates: NoiseRates, errors: list[str]) -> str:
    if rng.random() < rates.id_missing:
        errors.append("id_missing")
        return ""
    number = person.id_number
    old = person.id_number_15
    if old is not None and rng.random() < rates.id_old:
        number = old
        errors.append("id_15")
    if rng.random() < rates.id_slip:
        number = digit_slip(number, rng) if rng.random() < 0.85 else digit_lost(number, rng)
        errors.append("id_slip")
    elif rng.random() < rates.id_transposed:
        number = transposition(number, rng)
        errors.append("id_transposed")
    elif rng.random() < rates.id_masked:
        number = mask_id(number, rng)
        errors.append("id_masked")
    return number.lower() if number.endswith("X") and rng.random() < 0.3 else number


def _typed_birth(person: SyntheticPerson, rng: Random, rates: NoiseRates, errors: list[str]) -> str:
    born: date = person.birth_date
    if rng.random() < rates.birth_missing:
        errors.append("birth_missing")
        return ""
    if rng.random() < rates.year_only:
        errors.append("year_only")
        return f"{born.year}"
    if born.year < 1975 and rng.random() < rates.lunar:
        lunar = lunar_as_typed(born)
        if lunar is not None:
            errors.append("lunar")
            return lunar.isoformat()
    if rng.random() < rates.day_month:
        swapped = swap_day_month(born)
        if swapped is not None:
            errors.append("day_month")
            return swapped.isoformat()
    if rng.random() < rates.birth_slip:
        errors.append("birth_slip")
        return date_slip(born, rng).isoformat()
    return born.isoformat()


def noisy_application(
    person: SyntheticPerson, rng: Random, rates: NoiseRates | None = None, relative_phone: str = ""
) -> Application:
    """What the person, or a relative for him, types into an application form.

    relative_phone: where given, a missing or changed phone may be this one (a child's, a spouse's).
    """
    rates = rates or NoiseRates()
    errors: list[str] = []
    name = _typed_name(person, rng, rates, errors)
    number = _typed_id(person, rng, rates, errors)
    birth = _typed_birth(person, rng, rates, errors)
    phone = person.phone
    if rng.random() < rates.phone_missing:
        phone = ""
        errors.append("phone_missing")
    elif rng.random() < rates.phone_changed:
        phone = relative_phone if relative_phone and rng.random() < 0.5 else draw_phone(rng)
        errors.append("phone_changed")
    elif rng.random() < rates.phone_slip:
        phone = digit_slip(phone, rng)
        errors.append("phone_slip")
    sex = person.sex
    if rng.random() < rates.sex_missing:
        sex = ""
        errors.append("sex_missing")
    elif rng.random() < rates.sex_wrong:
        sex = "2" if sex == "1" else "1"
        errors.append("sex_wrong")
    area, address = person.area, short_address(person.address, rng)
    if rng.random() < rates.area_elsewhere:
        # 户籍 typed where the residence is asked for, or simply moved.
        area = person.registered_area if rng.random() < 0.6 else rng.choice(sorted(AREA_NAMES))
        if area != person.area:
            address = ""
            errors.append("area_elsewhere")
    if rng.random() < rates.address_missing:
        address = ""
        errors.append("address_missing")
    return Application(name, number, birth, sex, phone, area, address, errors)


def has_valid_check_digit(number: str) -> bool:
    """Whether an 18-character number's last character fits the other seventeen."""
    return len(number) == 18 and number[:17].isdigit() and check_digit(number[:17]) == number[17].upper()
