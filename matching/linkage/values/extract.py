"""Fields inside the free text of an appeal for help, each with the span where it stands.

An appeal tells of several people: who is ill, who writes, who pays and who treats. Every clause has a subject (a
relative's word, "I", "the patient"); the patient is the one of whom an illness is told first, and only what is told of
the patient is read. Spans count characters of the text as it was given; nothing is guessed.
"""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Literal

from . import appeal_words as words
from . import characters as han
from . import diseases
from .areas import locate
from .surnames import ALSO_WORDS

FieldName = Literal["name", "age", "birth_year", "birth_date", "sex", "hospital", "disease", "area"]
#: Changes whenever other values may be read from the same text, also by what diseases, areas or surnames know: then
#: appeals that lie here are read anew (charity/campaigns/rereading.py).
VERSION = "appeal-3"
MAX_TEXT = 20_500
#: So many ages, names and hospitals are weighed against each other: more than any appeal tells of.
MOST = 300


@dataclass(frozen=True, slots=True)
class Extracted:
    """A value found in a text: ``text[start:end]`` is what it was read from."""

    field: FieldName
    value: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Mention:
    """A word for a person: who (a key of `words.KIN`, "self" or "patient"), where."""

    who: str
    start: int
    end: int


def _folded(text: str) -> str:
    """The text in simplified characters and plain digits, every character in its own place."""
    return "".join(map(_folded_char, text))


@lru_cache(16_384)
def _folded_char(char: str) -> str:
    if char.isascii() or char in "，。；！？：（）":
        return char
    plain = unicodedata.normalize("NFKC", char)
    plain = plain if len(plain) == 1 else char
    return han.simplify(plain)[:1] or plain if han.is_han(plain) else plain


_DIGITS = {char: at for at, char in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}


def _number(digits: str) -> int | None:
    """65, 六十五, 十二, 两, 一百零三 as a number."""
    if digits.isascii() and digits.isdigit():
        return int(digits)
    total, held = 0, 0
    for char in digits:
        if char == "百":
            total, held = total + (held or 1) * 100, 0
        elif char == "十":
            total, held = total + (held or 1) * 10, 0
        elif char in _DIGITS:
            if held:
                return None  # 三四岁, 一九八八
            held = _DIGITS[char]
        else:
            return None
    return total + held


def _illnesses(plain: str) -> list[tuple[int, int]]:
    """Where illnesses are named, the longest name in each place."""
    upper = "".join(c.upper() if len(c.upper()) == 1 else c for c in plain)
    taken: list[tuple[int, int]] = []
    for name, group, _ in diseases._NAMES:  # the longest first
        if name in ("癌", "肿瘤") or group == "cancer" or (name.isascii() and len(name) < 3):
            continue
        place, seen = upper.find(name), 0
        while place >= 0 and seen < 20:
            end, seen = place + len(name), seen + 1
            inside = name.isascii() and f"{upper[place - 1 : place]}{upper[end : end + 1]}".strip().isascii()
            inside = inside and any(
                c.isalnum() for c in f"{upper[max(0, place - 1) : place]}{upper[end : end + 1]}"
            )
            if not inside and not any(a < end and place < b for a, b in taken):
                taken.append((place, end))
            place = upper.find(name, end)
    return sorted(taken)


def _writers(plain: str) -> Iterator[int]:
    """Where the writer names himself by the patient: 是陈雨涵的妈妈, at most 12 characters behind 是.

    The kin are looked for first: to try every 是 with every length costs fifty times as much.
    """
    behind = 0
    for hit in words.KIN_ENDS.finditer(plain):
        start, end = hit.span()
        at = plain.rfind("是", max(behind, start - 14), start)
        between = plain[at + 1 : start]
        if at >= 0 and len(between.removesuffix("的")) <= 12 and not words.BREAK.search(between):
            yield start
        behind = end


class _Appeal:
    """A text with its people, and which of them is ill."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.stops = [0, *(hit.end() for hit in words.STOP.finditer(text))]
        self.clauses = [hit.start() for hit in words.CLAUSE.finditer(text)]
        writers = set(_writers(text))
        self.people: list[_Mention] = []
        for hit in words.PERSON.finditer(text):
            word = hit.group("word") or "我"
            who = "self" if word == "我" else words.WHO.get(word, "patient")
            if hit.start() in writers:
                who = "self"
            self.people.append(_Mention(who, hit.start(), hit.end()))
        self._starts = [mention.start for mention in self.people]
        self.illnesses = _illnesses(text)
        self.patient = self._who_is_ill()

    def sentence(self, place: int) -> int:
        """Where the sentence around a place begins."""
        return self.stops[bisect_right(self.stops, place) - 1]

    def parted(self, start: int, end: int) -> bool:
        """Whether another clause begins between two places."""
        at = bisect_left(self.clauses, start)
        return at < len(self.clauses) and self.clauses[at] < end

    def mention(self, place: int) -> _Mention | None:
        """The last person named before a place: in its sentence, or else before it."""
        at = bisect_right(self._starts, place) - 1
        return self.people[at] if at >= 0 else None

    def subject(self, start: int, end: int) -> str:
        """Of whom text[start:end] tells: 6岁的女儿 the one behind it, else the last one before it; "" where nobody is."""
        behind = self.text[end : end + 3]
        at = bisect_right(self._starts, end)
        if at < len(self.people) and behind.startswith("的") and self.people[at].start - end <= 4:
            return self.people[at].who
        before = self.mention(start)
        return before.who if before else ""

    def before(self, place: int, size: int = 12) -> str:
        return self.text[max(self.sentence(place), place - size) : place]

    def is_patient(self, who: str) -> bool:
        """Whether a word for somebody may mean the patient."""
        if who in ("", "patient") or who == self.patient or self.patient == "":
            return True
        if self.patient == "patient":
            return who in words.CHILDREN and not any(
                m.who in words.SEXES and m.who != who for m in self.people
            )
        return "child" in (who, self.patient) and {who, self.patient} <= words.CHILDREN

    def _who_is_ill(self) -> str:
        votes: Counter[str] = Counter()
        for order, hit in enumerate(words.ILL.finditer(self.text)):
            if order >= 60:
                break
            who = self._told_of(hit)
            if who:
                strong = hit.group() in (
                    "确诊",
                    "诊断",
                    "查出",
                    "患上",
                    "患了",
                    "患有",
                    "身患",
                    "得了",
                    "救救",
                    "罹患",
                    "不幸患",
                    "患",
                )
                votes[who] += (4 if strong else 1) * (2 if order < 3 else 1)
        for start, _ in self.illnesses[:20]:
            near = self.mention(start)
            if near is not None and not words.NO_ILLNESS.search(self.before(start, 16)):
                votes[near.who] += 3
        dead = {m.who for m in self.people if words.PAST.search(self.text[m.end : m.end + 8])}
        for who in dead & votes.keys() - {"self", "patient"}:
            del votes[who]
        if "child" in votes:  # the child is the one child who is named otherwise too
            named = {m.who for m in self.people} & (words.CHILDREN - {"child"})
            if len(named) == 1:
                votes[named.pop()] += votes.pop("child")
        if votes.keys() - {"self", "patient"} and "patient" in votes:
            best = max(votes.keys() - {"self", "patient"}, key=lambda w: (votes[w], w))
            votes[best] += votes.pop("patient")
        if not votes:
            kin = {m.who for m in self.people} - {"patient"}
            return kin.pop() if len(kin) == 1 else ""
        return max(votes, key=lambda who: (votes[who], -self._first(who)))

    def _told_of(self, hit: re.Match[str]) -> str:
        if hit.group() in ("救救", "救命"):
            at = bisect_right(self._starts, hit.end())
            if (
                hit.group() == "救救"
                and at < len(self.people)
                and self.people[at - 1 if at else 0].start - hit.end() < 12
            ):
                following = [
                    m for m in self.people[max(0, at - 1) : at + 2] if hit.end() <= m.start < hit.end() + 12
                ]
                if following:
                    return (
                        following[-1].who
                        if following[0].who == "self" and len(following) > 1
                        else following[0].who
                    )
            return ""
        found = self.mention(hit.start())
        return found.who if found else ""

    def _first(self, who: str) -> int:
        return next((m.start for m in self.people if m.who == who), 0)


def extract(text: str) -> list[Extracted]:
    """At most one value per field, of the patient; in order of their places.

    Spans count characters of ``text`` (cut at `MAX_TEXT`). Nothing is guessed: a field that is not said is
    not there, nor one that is said of a relative, the writer or a doctor. A pseudonym (化名) is no name. Values:
    age in completed years, birth_year four digits, birth_date ISO, sex M or F, area a GB/T 2260 code, others as written.
    """
    text = (text or "")[:MAX_TEXT]
    appeal = _Appeal(_folded(text))
    name = _name(appeal, text)
    found = [
        name,
        *_time(appeal),
        _sex(appeal, name),
        _hospital(appeal, text),
        _disease(appeal, text),
        _area(appeal),
    ]
    return sorted((one for one in found if one is not None), key=lambda one: (one.start, one.end))


def names(text: str) -> list[tuple[int, int]]:
    """Where anybody's name may stand, the patient's or another's: to hide them all. Rather one too many."""
    plain = _folded((text or "")[:MAX_TEXT])
    spans = []
    for pattern in (words.MASKED, words.NAMED, words.FAMILIAR, words.TITLED):
        for hit in pattern.finditer(plain):
            start, end = hit.span("name")
            if pattern is words.NAMED:
                end = _longer(plain, start, end)
            if pattern is not words.NAMED or not words.NOT_NAMES.match(plain, start):
                spans.append((start, end))
    return spans


def _name(appeal: _Appeal, text: str) -> Extracted | None:
    plain = appeal.text
    if words.ALL_PSEUDONYMS.search(plain):
        return None
    best: tuple[float, int, int] | None = None
    for kind, pattern in enumerate((words.MASKED, words.NAMED, words.FAMILIAR)):
        for hit in islice(pattern.finditer(plain), MOST):
            start, end = hit.span("name")
            cue = hit.groupdict().get("cue") or ""
            if kind == 1:
                end = _longer(plain, start, end)
            points = _belongs(appeal, kind, cue, start, end)
            if points > 0 and (best is None or points > best[0]):
                best = (points, start, end)
    return None if best is None else Extracted("name", text[best[1] : best[2]], best[1], best[2])


def _longer(plain: str, start: int, end: int) -> int:
    """A given name of two characters where the text allows it: 张因 in 张因斯， is cut too early."""
    size = 4 if plain[start : start + 2] in han.COMPOUND_SURNAMES else 3
    longer = start + size
    if end < longer <= len(plain) and re.match(
        r"[，。、；！？,.;!?（(\s]", plain[longer : longer + 1] or " "
    ):
        rest = plain[end:longer]
        if all(han.is_han(c) for c in rest) and rest not in ("是", "在", "的", "男", "女", "患"):
            return longer
    return end


def _belongs(appeal: _Appeal, kind: int, cue: str, start: int, end: int) -> float:
    """How likely a name is the patient's: 0 for no name, or another's."""
    plain = appeal.text
    name, behind, before = plain[start:end], plain[end : end + 24], appeal.before(start, 14)
    if words.PSEUDONYM.match(behind) or before.endswith(("化名", "化名:", "化名：", "化名叫")):
        return 0
    if words.OTHERS.search(before) or words.OTHERS_AFTER.match(behind):
        return 0
    of = appeal.mention(max(0, start - 1))
    near = of is not None and of.end >= start - 3 and of.start >= appeal.sentence(start)
    who = of.who if of is not None and near else ""
    if words.KIN_OF.match(behind) and re.search(r"我?是$", before):
        return 6  # 我是陈雨涵的妈妈
    if kind == 1:
        given = name[2:] if name[:2] in han.COMPOUND_SURNAMES else name[1:]
        if (
            not given
            or words.NOT_NAMES.match(name)
            or diseases.classify(name).group
            or set(given) & words.NO_GIVEN
        ):
            return 0
        strong = cue in words.STRONG or cue.endswith("叫")
        if not strong and (
            name[0] in ALSO_WORDS
            and name[:2] not in han.COMPOUND_SURNAMES
            and not re.match(r"[，,（(\s今]", behind)
        ):
            return 0
        if cue == "是" and not re.match(r"[，,。（(\s]", behind):
            return 0
        if cue in ("是", "帮助", "帮帮") and name[0] not in words.COMMON:
            return 0
        if locate(name).code and not strong:
            return 0
    if words.IS_KIN.match(behind) and not cue.startswith(("患", "病", "求助人", "受助")):
        return 0  # 我叫李强，是患者的父亲
    told_later = appeal.subject(start, end)
    if cue in ("我叫", "我是") and re.match(r"[，,]?是[^，。；！？\n]{0,14}(?:患者|病人)", behind):
        return 5
    if cue in ("我叫", "我是") or who == "self":
        return 4 if appeal.is_patient("self") and appeal.patient != "patient" else 0
    if (
        cue in ("患者", "患儿", "病人", "求助人", "求助者", "受助人", "被救助人", "救救", "帮帮")
        or who == "patient"
    ):
        return 5
    if who:
        return 5 if appeal.is_patient(who) else 0
    if cue in words.STRONG:
        return 4 if appeal.is_patient(told_later) else 0
    if kind == 0:
        return 2 if appeal.is_patient(told_later) or not near else 0
    if kind == 2 and re.match(r"[，,（(\s]?(?:今年|现年|年仅|患|因|被|确诊|突|[男女]|\d)", behind):
        return 2
    return 1 if cue == "是" and appeal.is_patient(told_later) else 0


def _time(appeal: _Appeal) -> list[Extracted]:
    """The age, or the months or days that make it 0; the year or day of birth."""
    plain, found = appeal.text, []
    best: tuple[int, Extracted] | None = None
    for hit in islice(words.AGE.finditer(plain), MOST):
        years = _number(hit.group("n"))
        if years is None or years > 115 or re.match(r"多|几|来", plain[hit.end("n") : hit.end("n") + 1]):
            continue
        who = appeal.subject(hit.start(), hit.end())
        if not appeal.is_patient(who):
            continue
        before = appeal.before(hit.start(), 5)
        points = 1 + (2 if words.NOW_AGE.search(before) else 0) + (1 if who else 0)
        if re.search(
            r"(?:从|自|当时|当年|那年|满|享年|到|活到|走时|不到|近)$", before
        ) and not before.endswith("刚满"):
            points -= 2
        if points > 0 and (best is None or points > best[0]):
            best = (points, Extracted("age", str(years), hit.start("n"), hit.end()))
    field = words.AGE_FIELD.search(plain)
    if best is None and field and int(field.group("n")) <= 115:
        best = (1, Extracted("age", str(int(field.group("n"))), field.start("n"), field.end("n")))
    if best is None:
        for hit in words.MONTHS.finditer(plain):
            if appeal.is_patient(appeal.subject(hit.start(), hit.end())):
                digits = hit.group("n") or hit.group("now") or hit.group("days")
                months = _number(digits)
                if months is not None and months < (24 if "月" in hit.group() else 366):
                    value = str(months // 12) if "月" in hit.group() else "0"
                    best = (1, Extracted("age", value, hit.start(), hit.end()))
                    break
    if best is not None:
        found.append(best[1])
    for hit in words.BORN.finditer(plain):
        if not appeal.is_patient(appeal.subject(hit.start(), hit.end())):
            continue
        born = _born(hit)
        if born:
            found.append(
                Extracted("birth_date" if len(born) == 10 else "birth_year", born, hit.start(), hit.end())
            )
            break
    return found


def _born(hit: re.Match[str]) -> str:
    """1988-03-05, 1988, or '' where it cannot be. Two digits of a year: up to 30 of this century."""
    year = int(hit.group("y") or hit.group("y2"))
    if year < 100:
        year += 2000 if year <= 30 else 1900
    if not 1900 <= year <= 2100:
        return ""
    month, day = (int(hit.group(a) or hit.group(b) or 0) for a, b in (("m", "m2"), ("d", "d2")))
    if 1 <= month <= 12 and 1 <= day <= (29 if month == 2 else 30 if month in (4, 6, 9, 11) else 31):
        return f"{year}-{month:02d}-{day:02d}"
    return str(year)


def _sex(appeal: _Appeal, name: Extracted | None) -> Extracted | None:
    plain = appeal.text
    for hit in words.SAID_SEX.finditer(plain):
        title = hit.group("d")
        if title and not (
            (name and name.start < hit.start() <= name.end) or plain[hit.start() - 1 : hit.start()].isascii()
        ):
            continue
        if title or hit.group("a") or appeal.is_patient(appeal.subject(hit.start(), hit.start())):
            sex = hit.group("a") or hit.group("b") or hit.group("c")
            male = sex == "男" or title in ("先生", "大爷", "大叔")
            return Extracted("sex", "M" if male else "F", hit.start(), hit.end())
    if appeal.patient in words.SEXES:
        for mention in appeal.people:
            if mention.who == appeal.patient:
                return Extracted("sex", words.SEXES[appeal.patient], mention.start, mention.end)
    return None


def _hospital(appeal: _Appeal, text: str) -> Extracted | None:
    """Where the patient is treated now: what is said to be so, else where he was moved to, else the last one."""
    plain = appeal.text
    best: tuple[int, int, int] | None = None
    for start, end in _houses(plain)[:MOST]:
        if best is not None and start == best[2] + 1 and plain[best[2]] in "（(":
            continue  # another name of the same house
        told = appeal.mention(start)
        if told is not None and not appeal.is_patient(told.who) and not appeal.parted(told.end, start):
            continue
        before, behind = appeal.before(start, 14), re.split(r"[。！？；\n]", plain[end : end + 14])[0]
        clause = re.split(r"[，,。；！？\n]", behind)[0]
        points = 2
        if words.NOW_HOSPITAL.search(before):
            points += 3
        if words.MOVED.search(before):
            points += 2
        if words.TREATED.search(before) or words.TREATED.search(clause):
            points += 1
        if words.FUTURE.search(words.CLAUSE.split(before)[-1]) or words.FUTURE.match(
            clause.removeprefix("的")
        ):
            points -= 3
        if words.EARLIER.search(before) or words.EARLIER.search(clause):
            points -= 1
        if points > 0 and (best is None or points >= best[0]):
            best = (points, start, end)
    return None if best is None else Extracted("hospital", text[best[1] : best[2]], best[1], best[2])


def _houses(plain: str) -> list[tuple[int, int]]:
    """Where hospitals are named, in order; none overlaps another."""
    spans = [_house(plain, start, kind) for start, kind in _runs(plain)]
    houses = [span for span in spans if span is not None]
    starts = [start for start, _ in houses]
    for hit in words.FAMOUS.finditer(plain):
        at = bisect_left(starts, hit.end()) - 1
        if at < 0 or houses[at][1] <= hit.start():
            houses.append(hit.span())
    return sorted(houses)


def _runs(plain: str) -> Iterator[tuple[int, re.Match[str]]]:
    """(begin, kind of house): each kind of house, and up to 22 characters of one run before it.

    The kind is looked for first, then what stands before it: from each character on it would be sought 23 times.
    """
    behind = 0
    for kind in words.HOUSES.finditer(plain):
        begin = kind.start()
        first = max(behind, begin - 22)
        while begin > first and words.IN_NAME.match(plain[begin - 1]):
            begin -= 1
        yield begin, kind
        behind = kind.end()


def _house(plain: str, begin: int, kind: re.Match[str]) -> tuple[int, int] | None:
    """The hospital's own name at the end of a run of characters."""
    run, start = plain[begin : kind.end()], 0
    house = words.HOUSE_AT_END.search(run)
    limit = house.start() if house else len(run)
    for lead in words.LEAD.finditer(run, 0, limit):
        start = lead.end()
    name = run[start:]
    if name in words.GENERIC or len(name) < 3 or (name.startswith(("第", "附属")) and len(name) < 4):
        return None
    if re.fullmatch(r"[一-龥]?(?:出|住|转|入|送|从|医)院", name) or re.fullmatch(
        r"[这那该哪每各多几两三本]?[一二三四五六七八九]?[家个所]?(?:大|小)?医院", name
    ):
        return None
    if (
        name[-2:] in ("一院", "二院", "三院", "四院", "五院", "六院", "七院", "八院", "九院")
        and len(name) < 3
    ):
        return None
    return begin + start, kind.end()


def _disease(appeal: _Appeal, text: str) -> Extracted | None:
    """The illness said of the patient: the one that was diagnosed, else the first."""
    best: tuple[int, int, int] | None = None
    for start, end in appeal.illnesses:
        points = _illness(appeal, start, end)
        if points > 0 and (best is None or points > best[0]):
            best = (points, start, end)
    return None if best is None else Extracted("disease", text[best[1] : best[2]], best[1], best[2])


def _illness(appeal: _Appeal, start: int, end: int) -> int:
    before, behind = appeal.before(start, 16), appeal.text[end : end + 4]
    if words.NO_ILLNESS.search(before) or behind.startswith(
        ("医院", "研究", "中心", "基金", "防治", "科", "儿童医", "病房")
    ):
        return 0
    if not appeal.is_patient(appeal.subject(start, end)):
        return 0
    return 1 + (2 if words.SAID_ILL.search(before) else 0)


def _area(appeal: _Appeal) -> Extracted | None:
    for pattern in (words.AREA, words.PERSON_OF):
        for hit in pattern.finditer(appeal.text):
            run = hit.group("area")
            place = locate(run)
            if not place.code or not run.endswith(place.rest):
                continue
            end = hit.end("area") - len(place.rest)
            if end > hit.start("area") and not re.match(
                rf"[{words.H}]{{0,10}}?(?:医院|附院|大学|中心)", place.rest
            ):
                return Extracted("area", place.code, hit.start("area"), end)
    return None
