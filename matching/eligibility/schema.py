"""Small readers for rule data. A reader never stops at the first fault: it collects them all with paths."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from .text import Text
from .text import mark as _


@dataclass(frozen=True)
class Fault:
    """One fault of a rule: where (`$.criteria[2].params.max_years`), what, and what to write instead."""

    path: str
    problem: Text
    fix: Text

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}。{self.fix}"


class Faults(list[Fault]):
    """The faults found so far."""

    def note(self, path: str, problem: Text, fix: Text) -> None:
        """Add one."""
        self.append(Fault(path, problem, fix))


Reader = Callable[[Any, str, Faults], Any]
MONEY = re.compile(r"^\d{1,12}(\.\d{1,2})?$")
RATIO = re.compile(r"^\d{1,2}(\.\d{1,4})?$")


def text(value: Any, path: str, faults: Faults) -> str:
    """Non-empty text."""
    if isinstance(value, str) and value.strip():
        return value.strip()
    faults.note(path, _("这里要有文字"), _("写一段不为空的文字，加引号"))
    return ""


def day(value: Any, path: str, faults: Faults) -> date:
    """A calendar day, ISO 8601."""
    try:
        if isinstance(value, str) and len(value) == 10:
            return date.fromisoformat(value)
    except ValueError:
        pass
    faults.note(path, _("不是日期"), _("写成 2026-01-31 这样的日期"))
    return date.min


def money(value: Any, path: str, faults: Faults) -> Decimal:
    """Yuan with at most two decimals, as a JSON string, never a number."""
    if isinstance(value, str) and MONEY.match(value):
        return Decimal(value).quantize(Decimal("0.01"))
    faults.note(path, _("不是金额"), _('写成带引号的元，最多两位小数，例如 "30000.00"'))
    return Decimal("0.00")


def ratio(value: Any, path: str, faults: Faults) -> Decimal:
    """A share as a JSON string: "0.85" is 85 %."""
    if isinstance(value, str) and RATIO.match(value) and Decimal(value) > 0:
        return Decimal(value)
    faults.note(path, _("不是比例"), _('写成带引号、大于零的小数，例如 "0.85" 表示百分之八十五'))
    return Decimal("1")


def boolean(value: Any, path: str, faults: Faults) -> bool:
    """true or false."""
    if isinstance(value, bool):
        return value
    faults.note(path, _("要写是或否"), _("写 true 或 false，不加引号"))
    return False


def integer(low: int, high: int) -> Reader:
    """A whole number within [low, high]."""

    def read(value: Any, path: str, faults: Faults) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        fix = _("写一个 %(low)s 到 %(high)s 的整数，不加引号", low=low, high=high)
        faults.note(path, _("不是合适的整数"), fix)
        return low

    return read


def choice(*allowed: str) -> Reader:
    """One of the given words."""

    def read(value: Any, path: str, faults: Faults) -> str:
        if isinstance(value, str) and value in allowed:
            return value
        fix = _("写其中之一：%(allowed)s", allowed=", ".join(allowed))
        faults.note(path, _("不认识这个值"), fix)
        return allowed[0]

    return read


def pattern(expression: str, example: str) -> Reader:
    """Text of a given form."""
    form = re.compile(expression)

    def read(value: Any, path: str, faults: Faults) -> str:
        if isinstance(value, str) and form.fullmatch(value):
            return value
        faults.note(path, _("写法不对"), _("写成这样：%(example)s", example=example))
        return ""

    return read


def many(reader: Reader, *, least: int = 1) -> Reader:
    """A list with at least `least` items; gives a tuple."""

    def read(value: Any, path: str, faults: Faults) -> tuple[Any, ...]:
        if not isinstance(value, list):
            faults.note(path, _("这里要一个列表"), _("用方括号括起来，即使只有一项"))
            return ()
        if len(value) < least:
            faults.note(path, _("列表太短"), _("至少写 %(least)s 项", least=least))
        return tuple(reader(item, f"{path}[{i}]", faults) for i, item in enumerate(value))

    return read


@dataclass(frozen=True)
class Field:
    """How one key is read; a key that may be left out has a default."""

    reader: Reader
    required: bool = True
    default: Any = None


def optional(reader: Reader, default: Any = None) -> Field:
    """A key that may be left out."""
    return Field(reader, required=False, default=default)


def record(fields: Mapping[str, Field | Reader]) -> Reader:
    """An object with exactly these keys; gives a dict with every key."""
    known = {k: f if isinstance(f, Field) else Field(f) for k, f in fields.items()}

    def read(value: Any, path: str, faults: Faults) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            keys = ", ".join(known)
            faults.note(path, _("这里要一个对象"), _("用花括号写出：%(keys)s", keys=keys))
            return {}
        for key in value:
            if key not in known:
                fix = _("删掉它，或改成其中之一：%(keys)s", keys=", ".join(known))
                faults.note(f"{path}.{key}", _("不认识这个字段"), fix)
        out = {}
        for key, spec in known.items():
            if value.get(key) is not None:
                out[key] = spec.reader(value[key], f"{path}.{key}", faults)
            elif spec.required:
                faults.note(f"{path}.{key}", _("缺少这个字段"), _("补上 %(key)s", key=key))
                out[key] = None
            else:
                out[key] = spec.default
        return out

    return read


def plain(value: Any) -> Any:
    """The JSON form of what the readers gave; a key that is None is left out."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {k: plain(v) for k, v in value.items() if v is not None}
    if hasattr(value, "to_data"):
        return value.to_data()
    return value
