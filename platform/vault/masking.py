"""How personal values look by default. A mask never reveals the length of what it hides beyond the form's own."""

from __future__ import annotations

COMPOUND_SURNAMES = frozenset(
    [
        "欧阳",
        "司马",
        "上官",
        "诸葛",
        "司徒",
        "东方",
        "皇甫",
        "尉迟",
        "公孙",
        "慕容",
        "令狐",
        "宇文",
        "长孙",
        "端木",
        "夏侯",
        "轩辕",
        "南宫",
        "独孤",
        "百里",
        "呼延",
        "东郭",
        "西门",
        "申屠",
        "澹台",
        "公冶",
        "钟离",
        "淳于",
        "单于",
        "太史",
        "闻人",
        "赫连",
        "闾丘",
        "濮阳",
        "公羊",
        "万俟",
        "拓跋",
    ]
)


def name(value: str | None) -> str:
    """陈雨涵 → 陈*涵, 王强 → 王*, 欧阳娜娜 → 欧阳**, Alice Smith → A*** S***."""
    value = (value or "").strip()
    if not value:
        return "—"
    if value[0].isascii():
        return " ".join(part[0] + "***" for part in value.split()[:3])
    if len(value) == 1:
        return "*"
    if len(value) > 3 and value[:2] in COMPOUND_SURNAMES:
        return value[:2] + "**"
    if len(value) == 2:
        return value[0] + "*"
    return value[0] + "*" * min(len(value) - 2, 4) + value[-1]


def id_number(value: str | None) -> str:
    """430***********042X: the first three and the last four of a resident ID; other papers keep two."""
    value = (value or "").strip()
    if not value:
        return "—"
    if len(value) == 18:
        return value[:3] + "*" * 11 + value[-4:]
    return "****" + value[-2:] if len(value) > 4 else "****"


def phone(value: str | None) -> str:
    """138****5521."""
    value = (value or "").strip()
    if not value:
        return "—"
    return value[:3] + "****" + value[-4:] if len(value) >= 11 else "****" + value[-2:]


def account(value: str | None) -> str:
    """6222 **** **** 0187."""
    value = (value or "").replace(" ", "")
    if not value:
        return "—"
    return f"{value[:4]} **** **** {value[-4:]}" if len(value) >= 12 else "****"


def address(value: str | None) -> str:
    """The first six characters (province and city), the rest hidden."""
    value = (value or "").strip()
    return value[:6] + "****" if value else "—"
