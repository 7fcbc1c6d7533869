"""Administrative areas (GB/T 2260 codes), from names and inside addresses, today's and former ones.

data/former.txt holds what a code or name that is no longer in use is today, one a line: old code, present code, and the old
names that today's table does not know. Made from the yearly code lists of the Ministry of Civil Affairs, 1980 to 2019,
beside today's: a code that went is followed to the one of the same name that came (counties that became cities or districts,
prefectures that became cities, 重庆 out of 四川, 海南 out of 广东), 330 mergers and new names by hand (崇文 → 东城, 南汇 → 浦东,
莱芜 → 济南). Of 3,886 former codes 3,356 are there. Missing are placeholders (市辖区, development zones) and districts that were
divided among several: they keep their city. What was divided goes to the part that kept the seat (居巢 → 巢湖市 of 合肥).

data/renamed.txt holds, by present code, names that a place had or has beside the one of today's table: its own former names
(襄樊市, 淮阴市, 楚州区), those of districts merged into it that have a namesake elsewhere (重庆's 江北区), everyday short ones (伊犁).
"""

from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

_SUFFIXES = [
    "特别行政区",
    "维吾尔自治区",
    "壮族自治区",
    "回族自治区",
    "自治区",
    "地区",
    "林区",
    "新区",
    "矿区",
    "省",
    "市",
    "区",
    "县",
    "旗",
    "盟",
]


#: Beijing, Tianjin, Shanghai, Chongqing: provinces that are one city.
MUNICIPALITIES = frozenset(("11", "12", "31", "50"))


_DATA = Path(__file__).parents[1] / "data"


@dataclass(frozen=True, slots=True)
class Place:
    """The deepest area named in a text and what of the text is left behind its name."""

    code: str
    rest: str


def _short(name: str) -> str:
    if "自治州" in name or "自治县" in name or "自治旗" in name:
        for cut in range(2, len(name)):
            if name[cut:].endswith(("自治州", "自治县", "自治旗")) and "族" in name[cut:]:
                # 延边朝鲜族自治州 → 延边: nationalities have names of two characters or more.
                stem = name[:cut]
                if any(name[cut:].startswith(n) for n in _NATIONS):
                    return stem
        return name
    for suffix in _SUFFIXES:
        if name.endswith(suffix) and len(name) - len(suffix) >= 2:
            return name[: -len(suffix)]
    return name


_NATIONS = [
    "朝鲜",
    "土家",
    "藏",
    "羌",
    "彝",
    "哈尼",
    "壮",
    "苗",
    "布依",
    "侗",
    "傣",
    "景颇",
    "傈僳",
    "白",
    "回",
    "蒙古",
    "哈萨克",
    "柯尔克孜",
    "满",
    "达斡尔",
    "鄂温克",
    "黎",
    "瑶",
    "畲",
    "仡佬",
    "各族",
    "水",
    "佤",
    "拉祜",
    "纳西",
    "独龙",
    "怒",
    "普米",
    "土",
    "撒拉",
    "保安",
    "东乡",
    "裕固",
    "锡伯",
    "塔吉克",
    "毛南",
    "仫佬",
    "鄂伦春",
]


@cache
def _names() -> dict[str, str]:
    text = _DATA.joinpath("areas.txt").read_text(encoding="utf-8")
    return dict(line.split(" ", 1) for line in text.splitlines() if line)


@cache
def _former() -> tuple[dict[str, str], dict[str, str]]:
    """Former codes and what they are today; former names as 'province name' and the code of today."""
    text = _DATA.joinpath("former.txt").read_text(encoding="utf-8")
    codes: dict[str, str] = {}
    names: dict[str, str] = {}
    for line in text.splitlines():
        old, today, *known = line.split(" ")
        codes[old] = today
        for name in known:
            names[f"{today[:2]} {name}"] = names[f"{old[:2]} {name}"] = today
    for line in _DATA.joinpath("renamed.txt").read_text(encoding="utf-8").splitlines():
        code, name = line.split(" ")
        names[f"{code[:2]} {name}"] = code
    return codes, names


@lru_cache(maxsize=4096)
def present(code: str) -> str:
    """The six-digit code that an area has today: 110103 (崇文) → 110101 (东城); itself where it is in use or unknown."""
    if code in _names():
        return code
    former = _former()[0]
    today = former.get(code)
    if today is None and (city := former.get(f"{code[:4]}00")) and city[4:] == "00":
        return city  # a part without a name of its own, in a prefecture that has another code today
    return today or code


@cache
def _index() -> tuple[dict[str, str], dict[str, dict[str, str]], dict[str, dict[str, str]], dict[str, str]]:
    """Provinces, cities by province, counties by province, and names that are unique in the country."""
    provinces: dict[str, str] = {}
    cities: dict[str, dict[str, str]] = {}
    counties: dict[str, dict[str, str]] = {}
    seen: dict[str, set[str]] = {}
    for code, name in _names().items():
        names = {name, _short(name)}
        if code[2:] == "0000":
            provinces.update(dict.fromkeys(names, code))
        elif code[4:] == "00":
            cities.setdefault(code[:2], {}).update(dict.fromkeys(names, code))
        else:
            target = counties.setdefault(code[:2], {})
            for known in names:
                # A short county name must not shadow a longer thing (市区, 城区): two characters at least.
                if len(known) >= 2 and known not in ("市辖区", "城区", "郊区", "矿区"):
                    target.setdefault(known, code)
        for known in names:
            if len(known) >= 2 and known != "市辖区":
                seen.setdefault(known, set()).add(code)
    unique = {}
    for known, codes in seen.items():
        depth = sorted(codes, key=lambda c: (c[2:] != "0000", c[4:] != "00", c))
        top = depth[0]
        if len(codes) == 1 or top[4:] == "00":
            unique[known] = top
    went: dict[str, set[str]] = {}
    for named, code in _former()[1].items():
        known = named[3:]
        (counties if code[4:] != "00" else cities).setdefault(named[:2], {}).setdefault(known, code)
        went.setdefault(known, set()).add(code)
    for known, codes in went.items():
        if known not in seen and len(codes) == 1:
            unique[known] = next(iter(codes))
    return provinces, cities, counties, unique


#: Provinces that left others, whose places are still written with the old one: 四川省万县市, 广东省海口市.
_LEFT = {"51": "50", "44": "46"}


def _take(text: str, names: dict[str, str], within: str | tuple[str, ...] = "") -> tuple[str, str] | None:
    """The longest of `names` that starts `text`, with the text behind it."""
    for length in range(min(len(text), 12), 1, -1):
        code = names.get(text[:length])
        if code and code.startswith(within):
            return code, text[length:]
    return None


_REST_START = ("省", "市", "区", "县", "地区", "特别行政区")


def _strip(rest: str) -> str:
    rest = rest.removeprefix("市辖区")
    for suffix in _REST_START:
        if rest.startswith(suffix):
            return rest[len(suffix) :]
    return rest


@lru_cache(maxsize=4096)
def locate(text: str) -> Place:
    """The area that a text starts with ('' where none is named), and the rest of the text."""
    provinces, cities, counties, unique = _index()
    rest = text.removeprefix("中国").strip()
    code = ""
    hit = _take(rest, provinces)
    if hit:
        code, rest = hit[0], _strip(hit[1])
        if code[:2] in MUNICIPALITIES:
            rest = rest.removeprefix(_names()[code])
    else:
        hit = _take(rest, unique)
        if not hit:
            return Place("", text)
        code, rest = hit
    if code[2:] == "0000":
        hit = _take(rest, cities.get(code[:2], {}))
        if hit:
            code, rest = hit[0], _strip(hit[1])
    if code[4:] == "00":
        within = code[:4] if code[2:4] != "00" else (code[:2], _LEFT.get(code[:2], code[:2]))
        hit = _take(rest, counties.get(code[:2], {}), within)
        if hit:
            code, rest = hit
    return Place(code, rest)


@lru_cache(maxsize=4096)
def parts_of(code: str) -> tuple[str, ...]:
    """The names of an area's province, city and county, as far as the table knows them and each once.

    Codes finer than a county and provincial additions (430199, "the city itself") give the area they lie in.
    """
    names = _names()
    code = present(code) if len(code) == 6 and code[4:] != "99" else code
    parts: list[str] = []
    for known in (f"{code[:2]}0000", f"{code[:4]}00", code[:6]):
        name = names.get(known, "")
        if len(code) >= 2 and name and name not in parts and name != "市辖区":
            parts.append(name)
    return tuple(parts)


def name_of(code: str) -> str:
    """The full name of an area code (430104 → 湖南省长沙市岳麓区); '' where the table knows no part of it."""
    return "".join(parts_of(code))


def code_of(text: str) -> str | None:
    """The six-digit code of the deepest area that a text starts with, or None."""
    return locate(text).code or None
