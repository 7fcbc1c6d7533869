"""Sentences that carry their template: the engine stays free of Django, a view can still translate them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping


class Text(str):
    """A Chinese sentence that remembers its msgid and parameters.

    It is an ordinary ``str`` (zh-Hans). ``translated(gettext)`` gives it in the active language.
    """

    __slots__ = ("msgid", "params")
    msgid: str
    params: Mapping[str, object]

    def __new__(cls, msgid: str, **params: object) -> Text:
        self = super().__new__(cls, msgid % params if params else msgid)
        self.msgid = msgid
        self.params = params
        return self

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, object]]:
        return (self.msgid,), dict(self.params)

    def translated(self, gettext: Callable[[str], str]) -> str:
        """This sentence through `gettext`, its Text parameters too."""
        if not self.params:
            return gettext(self.msgid)
        inner = {k: v.translated(gettext) if isinstance(v, Text) else v for k, v in self.params.items()}
        return gettext(self.msgid) % inner


def mark(msgid: str, **params: object) -> Text:
    """Import it as ``_``: message extraction then finds the msgid."""
    return Text(msgid, **params)


def join(parts: Iterable[str], separator: str = "、") -> Text:
    """The parts in one Text, each still translatable."""
    items = list(parts)
    names = {f"a{i}": part for i, part in enumerate(items)}
    return Text(separator.join(f"%({name})s" for name in names), **names)


def yuan(amount: object) -> str:
    """¥12,345.67"""
    return f"¥{amount:,.2f}"
