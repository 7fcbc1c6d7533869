"""The first sheet of a result that people open: what was done, what came of it, and what to do now."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from ..compare.fill import RECORDED_ON
from ..tables.pipeline import Linked
from ..words import say
from .fields import CALLED
from .results import Groups, Tally


def about_lines(
    tables: Sequence[tuple[str, int]],
    kinds: Mapping[str, str],
    result: Linked,
    tally: Tally,
    groups: Groups | None,
    notes: Sequence[str],
    threshold: float,
    how: str,
    when: datetime | None,
) -> list[tuple[str, str]]:
    """Its lines, each a word and what it says. ``tables``: names and numbers of rows; ``how``: whence the weights come."""
    names = say("、", ", ").join(name for name, _ in tables)
    review, accept, reject = (int((tally.outcome == k).sum()) for k in range(3))
    fields = say("、", ", ").join(_field(c, k) for c, k in kinds.items())
    out = [
        (
            say("做了什么", "what"),
            say(f"在 {names} 里找同一个人", f"the same people within {names}") if len(tables) == 1
            else say(f"找 {names} 两张表里的同一个人", f"the same people in {names}"),
        ),
        (say("比对的列", "columns"), fields),
        (say("怎么算的", "weights"), how + say(f"；列出概率 {threshold:g} 以上的", f"; probabilities from {threshold:g}")),
        (say("多少行", "rows"), say("；", "; ").join(say(f"{name} {n:,} 行", f"{name} {n:,}") for name, n in tables)),
        (
            say("多少对", "pairs"),
            say(
                f"{len(result.i):,} 对：{review:,} 对请人看，{accept:,} 对可以认" + (f"，{reject:,} 对不像" if reject else ""),
                f"{len(result.i):,}: {review:,} review, {accept:,} accept" + (f", {reject:,} reject" if reject else ""),
            ),
        ),
    ]  # fmt: skip
    if when is not None:
        out.insert(1, (say("什么时候", "when"), when.strftime("%Y-%m-%d %H:%M")))
    if groups is not None:
        out.append(
            (
                say("多少组", "groups"),
                say(
                    f"{groups.count:,} 组，{groups.shared:,} 组不止一条；{groups.looks:,} 组请人看",
                    f"{groups.count:,}, {groups.shared:,} with more than one row; {groups.looks:,} to be looked at",
                ),
            )
        )
    out.append(
        (
            say("怎么看", "how to read"),
            say(
                "浅黄的行、“请人看”的排在最前面：先看这些，再抽看几十条“可以认”的（最没把握的在前），心里有数再合并。"
                "每对的内容一上一下，上面是左编号的，下面是右编号的，一样的只写一次；“比对”是这一项有多像，“不另计”是别的列已经说了。"
                "权重每 +1，是同一人的可能翻一倍。原表没有改。",
                "What is shaded and says review stands first: look at these, then at some dozens of the accepted (the least "
                "sure first) before you merge. +1 of weight doubles the odds. Your tables were not changed.",
            ),
        )
    )
    out += [(say("留意", "note"), note) for note in notes]
    out.append(
        (
            say("保管", "care"),
            say(
                "这里是真名真号：放在加密的硬盘上，用完就删，不要放进网盘和聊天群。",
                "Real names and numbers: keep this on an encrypted disk, delete it after use, share it in no chat.",
            ),
        )
    )
    return out


def _field(column: str, kind: str) -> str:
    word = say({**CALLED, RECORDED_ON: "登记日期"}[kind], kind)
    return column if word == column else f"{column}（{word}）"
