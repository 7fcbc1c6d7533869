"""Which column holds what: ``--fields`` read, proposed from headings, and paired between two tables."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from itertools import islice
from typing import Any

from ..compare.fill import RECORDED_ON
from ..model import KINDS
from ..words import say

#: Kinds as people call them, in the order of `KINDS`.
CALLED = dict(
    zip(
        KINDS,
        ("姓名", "名", "姓", "出生日期", "年龄", "性别", "身份证号", "电话", "电子邮箱", "住址", "省市区县",
         "邮政编码", "医院", "疾病", "其他文字"),
        strict=True,
    )
)  # fmt: skip
#: Whose the row is; a heading of somebody else (监护人电话) is left to the reader.
_OWN = r"(?:受助人|受助者|受助|患者|患儿|病人|病患|儿童|孩子|学生|求助人|救助对象|本人|被保险人|参保人|人员)?(?:的)?"
_HEADINGS: tuple[tuple[str, str], ...] = (
    ("name", _OWN + r"(?:姓名|名字|名称|真实姓名)|(?:full|patient|person)?_?name"),
    ("given_name", r"名|given_?names?|first(?:_?names?)?|fore_?names?|fname(?:_?c?1)?|vornamen?|pr[ée]noms?"),
    ("surname", r"姓|姓氏|surname|last(?:_?name)?|family_?name|lname(?:_?c?1)?|nachname|familienname|apellidos?|nom(?:defamille)?"),
    (
        "birth_date",
        _OWN + r"(?:出生(?:日期|年月日?|时间)?|生日)|dob|birth_?(?:date|day)|date_?of_?birth|geburts(?:datum|tag)"
        r"|date_?(?:de_?)?naissance|fecha_?(?:de_?)?nacimiento",
    ),
    ("age", _OWN + r"(?:年龄|周岁|岁数)|age"),
    ("sex", _OWN + r"性别|(?:sex|gender)(?:_?code)?|geschlecht|sexe|sexo"),
    ("id_number", _OWN + r"(?:公民)?(?:身份证|身份证件|证件|身份)(?:号码?|编号)?|id_?(?:number|card|no)|ssn|soc_?sec(?:_?id)?"),
    ("phone", _OWN + r"(?:联系|家庭|移动|手机)?(?:电话|手机|方式)(?:号码?|方式)?|(?:full_?|home_?|cell_?|mobile|tele)?_?phone(?:_?(?:no|num|number))?|mobile|tel(?:efon|[ée]fono)?"),
    ("email", r"(?:电子)?(?:邮箱|邮件)(?:地址)?|e-?mail(?:_?address)?"),
    ("postcode", r"邮政?编码?|post_?code|postal_?code|zip(?:_?code)?|plz|code_?postale?"),
    ("hospital", r"(?:就诊|治疗|住院|收治|就医|所在)?(?:医院|医疗机构)(?:名称)?|hospital(?:_?name)?"),
    ("disease", _OWN + r"(?:主要|疾病|临床|入院|出院)?(?:疾病|病种|病名|诊断|所患疾病|患病)(?:名称|种类)?|disease|diagnosis"),
    ("area", r"(?:所在|居住|户籍)?(?:地区|省市|省份|城市|区县|县区|县市|行政区划?|区划(?:代码)?)|籍贯|户籍(?:所在)?地?|area|region|county|(?:res_?)?city(?:_?desc)?|town|suburb|ort|ville|municipio"),
    ("address", r"(?:家庭|居住|现|户籍|详细|通讯|联系|常住)?(?:住址|地址|住所)|(?:res_?)?(?:street_?|home_?)?address(?:_?\d)?|street(?:_?name)?|stra(?:ss|ß)e|adresse|direcci[oó]n"),
)  # fmt: skip
#: A second given name or surname, beside the first.
_SECOND = {
    "given_name": r"中间名|(?:middle|midl|second)_?(?:names?|initial)|mname|mi|middle|fname_?c?2|given_?name_?2",
    "surname": r"曾用姓|maiden_?name|lname_?c?2|(?:second_?surname|surname_?2)|geburtsname",
}
#: A birth date in columns of its own parts.
_OF_BIRTH = (
    r"出生年份?|birth_?(?:year|yr)|(?:year|yr)_?of_?birth|yob|by",
    r"出生月份?|birth_?month|month_?of_?birth|mob|bm",
    r"出生日|birth_?day|day_?of_?birth|bd",
)
_RECORDED = r"(?:登记|填表|申请|录入|建档|报名)(?:日期|时间)|recorded_?on"
_IDS = r"编号|序号|档案编?号|受助编号|(?:record_?|rec_?|unique_?|person_?)?id|no\.?"


def squeezed(heading: Any) -> str:
    """A heading without spaces, line breaks and brackets' contents, in one width and case: '姓 名' is 姓名."""
    text = unicodedata.normalize("NFKC", str(heading)).casefold()
    text = re.sub(r"[(\[【（].*?[)\]】）]", "", text) or text
    return re.sub(r"[\s*:：]+", "", text)


def place_of(column: str, names: Sequence[str]) -> int | None:
    """Where a column stands: as written, or as `squeezed`; None if nowhere. Raises ValueError if several times."""
    for same in (lambda n: n == column, lambda n: bool(n) and squeezed(n) == squeezed(column)):
        found = [k for k, name in enumerate(names) if same(name)]
        if len(found) > 1:
            raise ValueError(
                say(
                    f"有 {len(found)} 列都叫“{column}”（第 {'、'.join(str(k + 1) for k in found)} 列），分不清是哪一列。"
                    "请在表里改成不同的名字",
                    f"{len(found)} columns are called {column!r} (columns {', '.join(str(k + 1) for k in found)}): rename them",
                )
            )
        if found:
            return found[0]
    return None


class Missing(ValueError):
    """A table lacks a column that was named."""


def missing(file: str, columns: Sequence[str], names: Sequence[str]) -> Missing:
    """The error that names the columns a file lacks, what comes near, and what there is."""
    there = [n for n in names if n]
    lines = []
    for column in columns:
        near = (
            get_close_matches(column, there, 2, 0.5) or [n for n in there if column in n or n in column][:2]
        )
        lines.append(
            say(f"“{column}”", repr(column))
            + (
                say(f"（是不是“{'”或“'.join(near)}”？）", f" ({' or '.join(map(repr, near))}?)")
                if near
                else ""
            )
        )
    shown = there[:60]
    more = say(f"……共 {len(there)} 列", f", … {len(there)} in all") if len(there) > len(shown) else ""
    return Missing(
        say(
            f"{file} 没有这一列：{'、'.join(lines)}。表里有：{'、'.join(shown) or '（没有表头）'}{more}",
            f"{file} has no column {', '.join(lines)}; it has {', '.join(shown) or 'no header'}{more}",
        )
    )


def parse_fields(text: str) -> dict[str, str]:
    """'given_name=first,surname=last' → {'first': 'given_name', 'last': 'surname'}.

    A kind may stand several times; full-width commas and signs are read too, and kinds as people call them (姓名).
    ``recorded_on`` names the day a row was written. Raises ValueError for what is no such list.
    """
    called = {squeezed(word): kind for kind, word in CALLED.items()}
    out: dict[str, str] = {}
    for part in filter(None, (p.strip() for p in re.split(r"[,，、\n]", text.strip(" “”‘’\"'")))):
        part = re.sub(r"^(\w+)[:：](?!=)", r"\1=", part) if not re.search("[=＝]", part) else part
        kind, sign, column = (p.strip() for p in part.replace("＝", "=").partition("="))
        column = column or kind
        if not sign and kind not in KINDS and squeezed(kind) not in called:
            kind = guess([kind]).get(kind, kind)  # a heading that says what it holds
        kind = called.get(squeezed(kind), kind)
        if kind not in KINDS and kind != RECORDED_ON:
            near = get_close_matches(kind, [*KINDS, RECORDED_ON], 1)
            if column in KINDS and column != kind:
                raise ValueError(
                    say(
                        f"--fields 要先写种类再写列名：{column}={kind}，不是 {kind}={column}",
                        f"--fields takes the kind first: {column}={kind}, not {kind}={column}",
                    )
                )
            raise ValueError(
                say(
                    f"--fields 不认得“{kind}”{f'，是不是 {near[0]}？' if near else '。'}可以写：{known_kinds()}",
                    f"unknown field kind {kind!r}{f' ({near[0]}?)' if near else ''}; known: {known_kinds()}",
                )
            )
        if column in out:
            raise ValueError(
                say(f"--fields 里“{column}”写了两次", f"column {column!r} is named twice in --fields")
            )
        out[column] = kind
    if not set(out.values()) - {RECORDED_ON}:
        raise ValueError(
            say(
                "--fields 是空的，至少写一列，例如 name=姓名",
                "no fields given: name at least one, as name=COLUMN",
            )
        )
    return out


def known_kinds() -> str:
    """All kinds with their Chinese names, for messages."""
    return say("、".join(f"{k}（{w}）" for k, w in CALLED.items()), ", ".join(KINDS))


def guess(names: Iterable[str]) -> dict[str, str]:
    """Column → kind, for headings that say plainly what they hold; the first column of a kind only, but addresses, second
    names beside first ones and the parts of a birth date."""
    out: dict[str, str] = {}
    taken: set[str] = set()
    names = list(names)
    born = [[n for n in names if re.fullmatch(part, squeezed(n))][:1] for part in _OF_BIRTH]
    parts = [n for found in born for n in found] if born[0] and born[1] else []
    for name in names:
        heading = squeezed(name)
        if name in parts:
            out[name] = "birth_date"
            taken.add("birth_date")
            continue
        second = next(
            (k for k, pattern in _SECOND.items() if k in taken and re.fullmatch(pattern, heading)), None
        )
        if second:
            out[name] = second
        kind = next((k for k, pattern in _HEADINGS if re.fullmatch(pattern, heading)), None)
        if kind is None and re.fullmatch(_RECORDED, heading):
            kind = RECORDED_ON
        if kind and name not in out and (kind not in taken or kind == "address"):
            out[name] = kind
            taken.add(kind)
    if parts:
        out = {n: k for n, k in out.items() if k != "birth_date" or n in parts}
    elif born[0] and "birth_date" not in taken and squeezed(born[0][0]) != "by":
        out[born[0][0]] = "birth_date"
    if "name" in taken and taken & {"given_name", "surname"}:
        out = {n: k for n, k in out.items() if k not in ("given_name", "surname")}
    if RECORDED_ON in taken and "age" not in taken:
        out = {n: k for n, k in out.items() if k != RECORDED_ON}
    return out


def guess_id(names: Iterable[str]) -> list[str]:
    """Columns whose heading says that they number the rows."""
    return [n for n in names if re.fullmatch(_IDS, squeezed(n))]


def written_out(fields: dict[str, str]) -> str:
    """Column → kind as it is typed behind --fields."""
    return ",".join(f"{kind}={column}" for column, kind in fields.items())


#: A column of the comparison and the columns of a table that make it: one, or surname and given name.
Made = dict[str, tuple[str, ...]]


def pair(a: dict[str, str], b: dict[str, str] | None) -> tuple[dict[str, str], Made, Made]:
    """Fields of both tables under A's names: column → kind, and what makes each column in A and in B.

    Kinds meet in their order. A whole name meets a surname and a given name, which are put together. Raises
    ValueError where one table has a kind that the other lacks.
    """
    if b is None:
        same: Made = {column: (column,) for column in a}
        return a, same, same
    sides = [_by_kind(a), _by_kind(b)]
    for one, other in (sides, sides[::-1]):
        if (
            "name" in one and not {"surname", "given_name"} & set(one)
            and "name" not in other and {"surname", "given_name"} <= set(other)
        ):  # fmt: skip
            other["name"] = [(*other.pop("surname")[0], *other.pop("given_name")[0])]
    left, right = sides
    counts = {kind: (len(left.get(kind, ())), len(right.get(kind, ()))) for kind in {**left, **right}}
    if uneven := {kind: n for kind, n in counts.items() if n[0] != n[1]}:
        raise ValueError(
            say(
                "--fields 和 --fields-b 要写同样的种类："
                + "；".join(f"{k} 一边 {x} 列，另一边 {y} 列" for k, (x, y) in uneven.items()),
                "--fields and --fields-b must name the same kinds: "
                + "; ".join(f"{k} {x} against {y}" for k, (x, y) in uneven.items()),
            )
        )
    fields: dict[str, str] = {}
    made_a: Made = {}
    made_b: Made = {}
    for kind, columns in left.items():
        for mine, yours in zip(columns, right[kind], strict=True):
            label = mine[0] if len(mine) == 1 else yours[0] if yours[0] not in a else "+".join(mine)
            fields[label], made_a[label], made_b[label] = kind, mine, yours
    return fields, made_a, made_b


def _by_kind(fields: dict[str, str]) -> dict[str, list[tuple[str, ...]]]:
    out: dict[str, list[tuple[str, ...]]] = {}
    for column, kind in fields.items():
        out.setdefault(kind, []).append((column,))
    return out


class WholeName(Sequence[Any]):
    """A surname's and a given name's column as one: 张 and 三 → 张三, Smith and Ann → Ann Smith."""

    def __init__(self, surname: Sequence[Any], given: Sequence[Any]) -> None:
        self.parts = surname, given

    def __len__(self) -> int:
        return len(self.parts[0])

    def __iter__(self) -> Iterator[str | None]:
        for surname, given in zip(*self.parts, strict=True):
            if surname and given:
                latin = f"{surname}{given}".isascii()
                yield f"{given} {surname}" if latin else f"{surname}{given}"
            else:
                yield surname or given

    def __getitem__(self, place: Any) -> Any:
        return next(islice(self, place, None))
