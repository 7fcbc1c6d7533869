"""Values as people and systems write them, made comparable. Nothing here raises on bad input."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import islice, product

from . import characters as han
from . import nobody

#: Longer values are cut: no name, number or address that identifies anyone is longer.
MAX_LENGTH = 120
_SPACE = re.compile(r"\s+")
_NOISE = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060\ufeff\ufe00-\ufe0f]")
_MASKS = str.maketrans(
    dict.fromkeys(
        "＊*●•○◯〇囗×✕✖﹡⁎∗█■□▇▓▲△▴▵▼▽◆◇☆★※_#？?xX~～〜@＠+^✱✳✴❋✻❌❎⭕⚪⚫⬛⬜▪▫〓◎⊙⊗⊕⋯…ΦφØø∅&＆$＄%％=＝!！|｜§¤丨",
        "*",
    )
)
#: Signs that hide a character where several stand together or at a name's end: 张--, 张..., 张00, 张O, 张口口, 张叉叉.
_MASK_RUNS = re.compile(
    "(?<=[*\u3400-\u9fff])(?:[-—–−]{2,}|[-—–−]$|\\.{2,}|。{2,}|0{2,}|[oO]{1,3}(?![A-Za-z])|口{2,}|叉{2,}|丶+)"
)
_MASK_WORDS = re.compile(r"某")
#: A surname and whatever sign stands in for the rest: 张🙈, 王“”.
_SIGN_ALONE = re.compile(r"^([\u3400-\u9fff])[^\w*\s()（）\[\]【】,，、/·.-]+$")
#: What stands before the name of somebody who is ill.
_ILL = re.compile(r"^(?:患者|患儿|病人|求助人)(?=.)")
_BRACKETS = re.compile(r"[（(【\[].*?[)）】\]]")
_NOT_NAME = re.compile(r"[^\w*\s'’\-·]|[\d_]")
_MIDDLE_DOT = re.compile(r"(?<=\w\w)[·•・．‧∙●⋅](?=\w\w)|[·・‧⋅]")
#: Without 丶, 某, 口 and 叉, which may hide.
_PLAIN = re.compile("[\u4e00-\u4e35\u4e37-\u53c8\u53ca-\u53e2\u53e4-\u67cf\u67d1-\u9fa5]{2,4}")
#: Forms of address before a Latin name, and what stands before a name at birth.
_FORMS = re.compile(
    r"^(?:(?:mr|mrs|ms|miss|mister|dr|prof|professor|sir|rev|herr|frau|monsieur|madame|mme|mlle|sr|sra|srta|señora?|senora?)\b"
    r"\.?\s+(?:(?:med|phil|nat|rer|jur|ing|dipl|hc|h\.c)\.\s*)*)+|(?<=\s)(?:n[ée]e|geb\.|geborene|formerly)\s+"
)
#: AlNajjar, ElMasri: Najjar and Masri with the article.
_ARTICLE = re.compile(r"\b(Al|El)(?=[A-Z][a-z])")
#: More than a surname: not van der Berg.
_WHOLE = re.compile(r"\s*(?!(?:van|von|de[lnrs]?|d[aiou]s?|della|la|le|al|el|bin|ter|zu)\s)\S+\s+\S")
#: What follows a comma without being a given name.
_AFTER = re.compile(r"(?:jr|sr|i{1,3}|iv|md|phd|esq|m\.d|ph\.d|\d)\b")
#: Signs that part a placeholder from what counts it, and a name that is none.
_BESIDE = re.compile(r"[\s()\[\]（）【】#\-_.,、:：]+")
_ONLY_DIGITS = re.compile(r"[\s+()\-./]*\d[\d\s+()\-./]*")
#: 陈小丽（化名）, 化名小丽: a name that is not the person's.
_PSEUDONYM = re.compile(r"[（(【\[]?\s*(?:化名|假名|代称|昵称|网名|艺名|小名|乳名)\s*[:：]?\s*[)）】\]]?")
#: Forms of address behind a name or a surname, those for somebody's relative, and those for a surname alone.
_POLITE = [
    "先生",
    "女士",
    "小姐",
    "太太",
    "同学",
    "小朋友",
    "宝宝",
    "老师",
    "阿姨",
    "大叔",
    "叔叔",
    "大爷",
    "大妈",
    "奶奶",
    "爷爷",
    "同志",
    "患者",
    "病人",
    "师傅",
    "医生",
    "大夫",
    "护士",
    "老板",
    "主任",
    "经理",
    "教授",
    "律师",
    "大姐",
    "大哥",
    "大嫂",
]
_OF_KIN = ["之子", "之女", "妈妈", "爸爸", "母亲", "父亲", "家长"]
_TITLES = re.compile(f"({'|'.join(_POLITE)})$")
_CALLED = re.compile(f"({'|'.join([*_POLITE, *_OF_KIN])}|总|姐|哥|嫂|叔|婶|氏)$")
_CALLED_ENDS = frozenset(word[-1] for word in [*_POLITE, *_OF_KIN]) | frozenset("总姐哥嫂叔婶氏")
#: Before a surname (老李), 小 also before a given name (小涵).
_FAMILIAR = "小老大阿"
_NULLS = frozenset(
    [
        "无",
        "未知",
        "不详",
        "空",
        "暂无",
        "未填",
        "没有",
        "不明",
        "保密",
        "测试",
        "null",
        "none",
        "nan",
        "na",
        "n/a",
        "n.a.",
        "unknown",
        "test",
        "-",
        "--",
        ".",
        "/",
        "0",
        "nil",
    ]
)


@lru_cache(maxsize=4096)
def text(raw: str | None) -> str:
    """NFKC, control characters out, spaces single, at most `MAX_LENGTH` characters; '' for 'unknown' words."""
    if raw is None:
        return ""
    out = unicodedata.normalize("NFKC", str(raw)[: 4 * MAX_LENGTH])
    out = _SPACE.sub(" ", _NOISE.sub("", out)).strip()[:MAX_LENGTH]
    return "" if out.casefold() in _NULLS else out


def _masked(raw: str) -> str:
    """Mask characters as '*', 某 as '*'; only in a name written in Chinese."""
    if not any(han.is_han(c) for c in raw):
        return raw
    out = _MASK_RUNS.sub(lambda hit: "*" * len(hit.group()), raw.translate(_MASKS))
    return _SIGN_ALONE.sub(r"\1*", _MASK_WORDS.sub("*", out))


def _unaddressed(value: str) -> str:
    """A name without a form of address behind it (王明先生 → 王明); '*' where no name stands before it (W女士); of 小涵
    the character of the given name. 王女士, 小王 and the like stay: what they say is the surname."""
    if value[-1:] in _CALLED_ENDS:
        stem = _TITLES.sub("", value)
        if not stem.strip("*"):
            return "*" if stem != value else value
        if value.endswith("宝宝") and len(stem) > 1 and stem[0] not in "小阿*":
            return value  # the child of a mother of that name, as wards call it, or a child so called
        if len(stem) > 1 and "*" not in stem and stem not in han.COMPOUND_SURNAMES:
            value = stem
    if len(value) == 2 and value[0] == "小" and value[1] in han.GIVEN_CHARACTERS:
        return "*" + value[1]
    return value


def hidden_name(raw: str) -> str:
    """The Chinese characters of a part of a name, simplified, '*' for each that is hidden; forms of address are nothing."""
    value = _NOT_NAME.sub("", _masked(_BRACKETS.sub("", text(raw))))
    return _TITLES.sub("", "".join(han.simplify(c) for c in value if han.is_han(c) or c == "*"))


@lru_cache(maxsize=4096)
def plain_name(raw: str | None) -> str:
    """A name cleaned and in simplified characters, without folding variants such as 闫/阎; '' for what is nobody's name.

    What marks one of several stays (王芳之子（大） → 王芳之子甲), and so does a second name (王芳/李强 → 王芳与李强): `nobody.kind` and
    `nobody.beside` say what these are.
    """
    if isinstance(raw, str) and _PLAIN.fullmatch(raw) and "名" not in raw:  # most names: nothing to clean
        return _said(_unaddressed("".join([han.simplify(c) for c in raw])))
    value = text(raw)
    if not value:
        return ""
    if _PSEUDONYM.search(value):
        value = _pseudonym(value)
    if any(map(han.is_han, value)):
        both = nobody.two_names(value)
        value = both or nobody.ordered(value)
        if nobody.is_counted_placeholder("".join(map(han.simplify, _BESIDE.sub("", value)))):
            return ""
    value = _BRACKETS.sub("", value) or value
    if any(han.is_han(c) for c in value):
        value = _masked(_MIDDLE_DOT.sub("", value))
        value = _NOT_NAME.sub("", value)
        latin = list(re.findall(r"[A-Za-z]+", value))
        value = "".join(han.simplify(c) for c in value if han.is_han(c) or c == "*")
        if "*" in value:
            value = _TITLES.sub("", _ILL.sub("", value)) or "*"
        if len(value) == 1 and han.is_han(value):
            return value + "*"  # no name is a surname alone: 王, 王✱, 王&&
        return _said(_unaddressed(value) or " ".join(latin).casefold())
    spoken = _ARTICLE.sub(r"\1 ", value).casefold()
    value = _FORMS.sub("", spoken)
    last, comma, first = value.partition(",")
    if comma and _FORMS.match(spoken) and _WHOLE.match(last):
        value = last  # Ms. Gillian Acton, Secretary
    elif comma and first.strip() and "," not in first and not _AFTER.match(first.strip()):
        value = f"{first} {last}"  # Smith, John
    stripped = unicodedata.normalize("NFKD", value)
    stripped = "".join(c for c in stripped if not unicodedata.combining(c))
    stripped = re.sub(r"[·,;/.\-]+", " ", stripped)
    stripped = re.sub(r"[^\w\s*]|[\d_]", "", stripped)
    return _said(_SPACE.sub(" ", stripped).strip())


def _pseudonym(value: str) -> str:
    """张小三（化名） as 张**: the surname is mostly the person's own; a real name beside it stays (张三（小名毛毛））."""
    inside = re.search(r"[（(【\[]\s*(?:昵称|网名|艺名|小名|乳名)\s*[:：]?\s*\w+", value)
    if inside:
        return value
    plain = _BRACKETS.sub("", _PSEUDONYM.sub("", value)).strip()
    shown = "".join(c for c in plain if han.is_han(c))
    if not shown or shown[0] in "小阿":
        return "*" * len(plain)
    surname = shown[:2] if len(shown) > 2 and shown[:2] in han.COMPOUND_SURNAMES else shown[:1]
    return surname + "*" * max(len(shown) - len(surname), 1)


def _said(value: str) -> str:
    return "" if value in _NULLS or nobody.is_placeholder(value) else value


def is_number(raw: str | None) -> bool:
    """Whether a number stands where a name should: a telephone number, 12345."""
    return bool(raw) and bool(_ONLY_DIGITS.fullmatch(text(raw)))


@lru_cache(maxsize=4096)
def name(raw: str | None) -> str:
    """The comparable form of a name.

    NFKC, stripped, simplified, variants folded (閆, 闫 → 阎; 傅 → 付), masks as '*'; Latin names without
    case, accents and punctuation, words separated by one space. Titles (先生, 女士) stay behind a surname alone.
    """
    return "".join(han.fold(c) for c in plain_name(raw))


@lru_cache(maxsize=4096)
def split_name(raw: str | None) -> tuple[str, str]:
    """Surname and given name of a normalised Chinese name; ('', whole) for a Latin one."""
    value = plain_name(raw)
    if not value or not han.is_han(value[0]):
        return "", value
    if len(value) > 2 and value[:2] in han.COMPOUND_SURNAMES:
        return value[:2], value[2:]
    return value[:1], value[1:]


@lru_cache(maxsize=4096)
def nickname_surname(raw: str | None) -> str:
    """The surname inside 小王, 老李, 阿王, 小欧阳, 王女士, 王总, 张师傅; '' where the name is none of these."""
    value = plain_name(raw)
    if not value:
        return ""
    if value[-1] in _CALLED_ENDS:
        stem = _CALLED.sub("", value)
        if stem != value and stem != "*" and (len(stem) == 1 or stem in han.COMPOUND_SURNAMES):
            return stem
    if value[0] in _FAMILIAR:
        rest = value[1:]
        if rest in han.COMPOUND_SURNAMES or (len(rest) == 1 and rest != "*" and value[0] in "小老大"):
            return rest
        if value[0] == "阿" and len(rest) == 1 and rest in han.SURNAME_CHARACTERS:
            return rest
    return ""


def is_masked_name(raw: str | None) -> bool:
    """Whether a name hides part of itself: 张*, 张*三, 张某某, 小王, 王女士, ***."""
    value = plain_name(raw)
    if not value:
        return False
    return "*" in value or bool(nickname_surname(raw))


def _latin_words(value: str) -> list[str]:
    return [umlaut(w) for w in value.replace("*", " ").split() if w]


#: 吕 is Lü in books, Lv on keyboards, LYU in passports and Lu in a hurry; 女 likewise. Within a word n + yu are two
#: syllables (欣悦 Xinyue), as l is never a syllable's end.
_UMLAUT = re.compile(r"(?<=l)(?:v|yu|ü)|(?<=n)(?:v|ü)|(?<=\bn)yu")


def umlaut(syllable: str) -> str:
    """A syllable of pinyin with u for ü, however that is written."""
    return _UMLAUT.sub("u", syllable)


@lru_cache(maxsize=4096)
def syllables(raw: str | None) -> tuple[str, ...]:
    """Toneless syllables of a Chinese name, surname by its own readings; the words of a Latin one. ü is u in both."""
    value = plain_name(raw)
    if not value:
        return ()
    if not han.is_han(value[0]) and not any(han.is_han(c) for c in value):
        return tuple(_latin_words(value))
    surname, given = split_name(raw)
    return (*surname_syllables(surname), *(umlaut(han.readings(c)[0]) for c in given if c != "*"))


def surname_syllables(surname: str) -> tuple[str, ...]:
    """Toneless syllables of a Chinese surname, also of two characters (尉迟 → yu chi)."""
    known = han.SURNAME_READINGS.get(surname)
    return tuple(map(umlaut, known[0].split() if known else (han.surname_readings(c)[0] for c in surname)))


@lru_cache(maxsize=4096)
def name_pinyin(raw: str | None) -> str:
    """The name in toneless pinyin without spaces (张小三 → zhangxiaosan); Latin names joined as written."""
    return "".join(syllables(raw))


#: So many ways of reading a name are tried.
_SPELLINGS = 32


def _surname_sounds(surname: str) -> frozenset[str]:
    """A Chinese surname in toneless pinyin without spaces, by all of its readings."""
    alone = han.surname_readings(surname) if len(surname) == 1 else (" ".join(surname_syllables(surname)),)
    known = han.SURNAME_READINGS.get(surname, alone)
    return frozenset("".join(map(umlaut, one.split())) for one in known)


@lru_cache(maxsize=4096)
def orders(raw: str | None) -> frozenset[str]:
    """A name in Latin letters without spaces, beginning at any of its words: surname first or last.

    Zhang Xiaosan, Xiaosan Zhang, ZHANG XIAO SAN and 张小三 have one in common; Li An and 李娜, Amy and May have none.
    A character that is read in several ways counts by each (王晟: Cheng, Sheng), the usual ones first, `_SPELLINGS` at most.
    """
    surname, given = split_name(raw)
    if surname and is_masked_name(raw):
        return frozenset()
    if not surname:
        words = [w for w in syllables(raw) if w]
        return frozenset("".join(words[k:] + words[:k]) for k in range(len(words)))
    every = product(_surname_sounds(surname), *(han.readings(c) for c in given if c != "*"))
    out = set()
    for first, *rest in islice(every, _SPELLINGS):
        second = "".join(map(umlaut, rest))
        out |= {first + second, second + first}
    return frozenset(out)


def sounds_as(chinese: str, latin: str) -> bool:
    """Whether a Chinese name's surname, by any of its readings, is among the words of a name in Latin letters."""
    surname = nickname_surname(chinese) or split_name(chinese)[0]
    if not surname or plain_name(chinese).startswith("*"):
        return False
    return not _surname_sounds(surname).isdisjoint(syllables(latin))


@lru_cache(maxsize=4096)
def surname_pinyin(raw: str | None) -> str:
    """The surname in toneless pinyin (单 → shan, 小王 → wang); of a Latin name its first word; '' where it is hidden."""
    if plain_name(raw).startswith("*"):
        return ""
    surname = nickname_surname(raw) or split_name(raw)[0]
    if surname:
        return "".join(surname_syllables(surname))
    words = syllables(raw)
    return words[0] if words else ""


_MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)
_PHONE_NOISE = re.compile(r"[^\d+*]")
_SEVERAL = re.compile(r"[/,;、，；|\\]|或|和|\bor\b")
_EXTENSION = re.compile(r"(?:转|分机|ext|extn|extension|x|#)\.?\s*\d{1,6}\s*$", re.IGNORECASE)
#: (0731)84802999-801: what stands behind a whole landline number.
_DESK = re.compile(r"\s*(\(?0\d{2,3}\)?[\s\-]?\d{7,8})-\d{1,5}\s*", re.ASCII)
_INSIDE = re.compile(r"(?<![\d+])(?:(?:\+|00)?86[\s\-]?)?(1[3-9]\d(?:[\s\-]?\d{4}){2})(?!\d)", re.ASCII)
_EXPONENT = re.compile(r"(\d)\.(\d+)E\+?(\d{1,2})", re.IGNORECASE)
#: Country codes of one and two digits; all others have three. North America has no trunk zero.
_TWO = frozenset(
    ["20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48", "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98"]
)  # fmt: skip


def _national(digits: str) -> str:
    """A number written with its country code, as people of that country write it."""
    size = 1 if digits[0] in "17" else 2 if digits[:2] in _TWO else 3
    rest = digits[size:]
    if digits[0] in "17" or digits[:3] in ("852", "853"):
        return rest
    if digits[:2] == "86" and _MOBILE.fullmatch(rest):
        return rest
    return rest if rest.startswith("0") else "0" + rest


@lru_cache(maxsize=4096)
def phone(raw: str | None) -> str | None:
    """Digits of a phone number without country code, extension and trunk prefixes; None if it cannot be one.

    Mobile numbers come out with 11 digits; fixed ones with area code where it was written. Of several numbers the
    first counts. A number that a spreadsheet rounded (1.38E+10) is none.
    """
    if isinstance(raw, str) and _MOBILE.fullmatch(raw):  # most numbers: nothing to clean
        return raw
    value = text(raw)
    if value.endswith(".0") and value[:-2].isdigit():
        value = value[:-2]
    if not value.isdigit():
        if "*" in value:
            return None
        hit = _EXPONENT.fullmatch(value)
        if hit:
            if len(hit.group(2)) < int(hit.group(3)):
                return None
            value = hit.group(1) + hit.group(2)
        inside = _INSIDE.search(value)
        if inside:
            return _PHONE_NOISE.sub("", inside.group(1))
        first = _one_phone(_EXTENSION.sub("", _DESK.sub(r"\1", _SEVERAL.split(value)[0])))
        return first or _one_phone(_EXTENSION.sub("", value))  # 310/246-1501
    return _one_phone(value)


def phones(raw: str | None) -> tuple[str, ...]:
    """All numbers of one cell (13800138000/0731-84802999), as `phone` cleans them, the first first; three at most."""
    first = phone(raw)
    if first is None or not isinstance(raw, str) or len(raw) < len(first) + 7:
        return (first,) if first else ()
    value = text(raw)
    more = (phone(part) for part in (*_SEVERAL.split(value), *_INSIDE.findall(value)))
    return tuple(dict.fromkeys((first, *filter(None, more))))[:3]


def share_a_phone(ones: Sequence[str], others: Sequence[str]) -> bool:
    """Whether two cells hold one number, a landline's area code written or not (84802999, 073184802999)."""
    return any(x == y or _is_local_part(*sorted((x, y), key=len)) for x in ones for y in others)


def _is_local_part(short: str, long: str) -> bool:
    return (
        len(short) in (7, 8) and len(long) - len(short) in (3, 4) and long[0] == "0" and long.endswith(short)
    )


def _one_phone(value: str) -> str | None:
    if "+" in value:
        value = value.replace("(0)", "")
    digits = _PHONE_NOISE.sub("", value)
    abroad = digits.startswith("+")
    digits = digits.replace("+", "")
    if not digits:
        return None
    for prefix in ("0086", "86", "17951", "12593"):
        if digits.startswith(prefix) and len(digits) - len(prefix) == 11 and digits[len(prefix)] == "1":
            digits = digits[len(prefix) :]
            abroad = False
            break
    if not abroad and digits.startswith("00") and len(digits) >= 11:
        digits, abroad = digits[2:], True
    if digits.startswith("860") and 11 <= len(digits) <= 14:
        digits = digits[2:]  # 86 0731 88881234
    elif abroad and len(digits) >= 9 and digits[0] != "0":
        digits = _national(digits)
    elif len(digits) == 11 and digits[0] == "1" and digits[1] in "02":
        digits = digits[1:]  # 1-212-555-0100: no Chinese mobile begins so
    if len(digits) == 12 and digits.startswith("01") and digits[2] in "3456789":
        digits = digits[1:]
    if not 7 <= len(digits) <= 15 or len(set(digits)) == 1:
        return None
    return digits


@lru_cache(maxsize=4096)
def area(raw: str | None) -> str | None:
    """Today's six-digit GB/T 2260 code: of a longer, shorter or former code, or a place's name; None if neither."""
    from .areas import code_of, present

    value = text(raw)
    if not value:
        return None
    digits = value.replace(" ", "")
    if digits.isascii() and digits.isdigit():
        if len(digits) not in (2, 4, 6, 9, 12):
            return None
        return present(digits[:6].ljust(6, "0")) if "11" <= digits[:2] <= "91" else None
    return code_of(value)
