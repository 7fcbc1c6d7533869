#!/usr/bin/env python3
"""Translations without gettext's programs: Babel reads code and templates, and compiles what is committed.

    python scripts/translations.py check     exit 1 when a .po lacks or keeps a string, or a .mo is not its .po's
    python scripts/translations.py update    bring every .po up to date and compile it

The Chinese text is the msgid itself, so an empty msgstr in zh_Hans is right; in en it falls back to Chinese.
A room with a locale/ of its own (web, which also words third-party strings) keeps its own .po; only that its .mo
is compiled from it is checked here. All other strings are in locale/ at the root.
"""

from __future__ import annotations

import ast
import functools
import os
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("platform", "matching", "insurance", "charity")
LOCALES = {"zh_Hans": "zh_Hans", "en": "en"}
PLURAL = (1, 2)
CONTEXT = ((1, "c"), 2)
KEYWORDS = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop"), None),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), PLURAL),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), CONTEXT),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
}
LITERAL = r"""u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
CALL = re.compile(rf"\b(_|n?p?gettext)\(((?:\s*{LITERAL}\s*,?)+)")
CREATED = datetime(2026, 1, 1, tzinfo=UTC)  # fixed: the files change only when a string does

Found = tuple[str, str | tuple[str, ...], str | None]  # place, msgid or (singular, plural), context


def from_python(path: Path) -> Iterator[Found]:
    place = path.relative_to(ROOT).as_posix()
    with path.open("rb") as file:
        for _line, messages, _comments, context in extract("python", file, keywords=KEYWORDS):
            yield place, messages, context


def from_template(path: Path) -> Iterator[Found]:
    from django.utils.translation.template import templatize

    place = path.relative_to(ROOT).as_posix()
    for name, arguments in CALL.findall(templatize(path.read_text(), origin=place)):
        words = [ast.literal_eval(word) for word in re.findall(LITERAL, arguments)]
        context = words.pop(0) if "p" in name and name.endswith("pgettext") else None
        yield place, tuple(words) if len(words) > 1 else words[0], context


@functools.cache
def own_rooms() -> tuple[Path, ...]:
    """Rooms with a locale/ of their own."""
    return tuple(path.parent for source in SOURCES for path in sorted((ROOT / source).rglob("locale")))


def own_catalogs() -> list[Path]:
    return [path for room in own_rooms() for path in sorted(room.glob("locale/*/LC_MESSAGES/django.po"))]


def collect() -> Catalog:
    """Every string for people in our code and templates."""
    catalog = empty(None)
    for source in SOURCES:
        for path in sorted((ROOT / source).rglob("*")):
            parts = path.relative_to(ROOT).parts
            if any(room in path.parents for room in own_rooms()):
                continue
            if path.suffix == ".py" and "migrations" not in parts and "__pycache__" not in parts:
                found = from_python(path)
            elif path.suffix in {".html", ".txt"} and "templates" in parts:
                found = from_template(path)
            else:
                continue
            for place, message, context in found:
                if message:
                    catalog.add(message, locations=[(place, 0)], context=context)
    return catalog


def empty(locale: str | None) -> Catalog:
    catalog = Catalog(
        locale=locale,
        project="jieli",
        version="1",
        charset="utf-8",
        creation_date=CREATED,
        revision_date=CREATED,
    )
    catalog.header_comment = "# Translations of Jieli."
    catalog.fuzzy = False
    return catalog


def po_path(locale: str) -> Path:
    return ROOT / "locale" / locale / "LC_MESSAGES" / "django.po"


def read(locale: str) -> Catalog:
    path = po_path(locale)
    if not path.exists():
        return empty(locale)
    with path.open("rb") as file:
        return read_po(file, locale=locale)


def compiled(catalog: Catalog) -> bytes:
    out = BytesIO()
    write_mo(out, catalog)
    return out.getvalue()


def translated(catalog: Catalog) -> dict[tuple[str | None, str], str | tuple[str, ...]]:
    """What a program can find in the catalog: a fuzzy or empty entry is not there."""
    found = {}
    for message in catalog:
        words = message.string if isinstance(message.string, str) else tuple(message.string)
        if message.id and not message.fuzzy and words and any(words):
            key = message.id if isinstance(message.id, str) else message.id[0]
            found[(message.context, key)] = words
    return found


def is_compiled(po: Path) -> bool:
    """Whether the .mo beside a .po says the same."""
    mo = po.with_suffix(".mo")
    if not mo.exists():
        return False
    with po.open("rb") as source, mo.open("rb") as result:
        # Through the compiler on both sides: it fills in untranslated plurals.
        return translated(read_mo(BytesIO(compiled(read_po(source))))) == translated(read_mo(result))


def keys(catalog: Catalog) -> set[tuple[str | None, str]]:
    return {
        (message.context, message.id if isinstance(message.id, str) else message.id[0])
        for message in catalog
        if message.id
    }


def update() -> int:
    found = collect()
    for locale in LOCALES:
        path = po_path(locale)
        path.parent.mkdir(parents=True, exist_ok=True)
        catalog = read(locale)
        catalog.update(found, no_fuzzy_matching=True, update_creation_date=False)
        catalog.obsolete.clear()
        with path.open("wb") as file:
            write_po(file, catalog, width=110, sort_output=True, include_lineno=False, ignore_obsolete=True)
        path.with_suffix(".mo").write_bytes(compiled(read(locale)))
        print(f"{path.relative_to(ROOT)}: {len(keys(catalog))} strings")
    for path in own_catalogs():
        if not is_compiled(path):
            with path.open("rb") as file:
                path.with_suffix(".mo").write_bytes(compiled(read_po(file)))
            print(f"{path.relative_to(ROOT).with_suffix('.mo')}: compiled")
    return 0


def check() -> int:
    found = collect()
    wanted, status = keys(found), 0
    for locale in LOCALES:
        path = po_path(locale)
        name = path.relative_to(ROOT)
        if not path.exists():
            print(f"{name} is missing")
            status = 1
            continue
        catalog = read(locale)
        have = keys(catalog)
        for verb, strings in (("lacks", wanted - have), ("keeps the removed", have - wanted)):
            for _context, text in sorted(strings, key=str)[:10]:
                print(f"{name} {verb} {text!r}")
            if len(strings) > 10:
                print(f"{name} {verb} {len(strings) - 10} more")
            status |= bool(strings)
        if locale == "en":
            open_ = sum(1 for message in catalog if message.id and not message.string)
            print(f"{name}: {open_} of {len(have)} still fall back to Chinese")
    for path in (*map(po_path, LOCALES), *own_catalogs()):
        if path.exists() and not is_compiled(path):
            print(f"{path.relative_to(ROOT).with_suffix('.mo')} is not compiled from its .po")
            status = 1
    if status:
        print("run: make translations")
    return int(status)


if __name__ == "__main__":
    os.environ.setdefault("JIELI_ENV", "test")
    from django.conf import settings

    settings.configure(USE_I18N=False)  # templatize needs the template lexer alone
    sys.exit({"check": check, "update": update}[sys.argv[1] if len(sys.argv) > 1 else "check"]())
