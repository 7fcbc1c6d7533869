import re
from pathlib import Path

import pytest
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.template import Context, Template
from django.utils import translation

import web

ROOM = Path(web.__file__).parent
CATALOGUES = sorted((ROOM / "locale").rglob("*.po"))


def words_of_the_room():
    found = set()
    for path in [*ROOM.rglob("*.html"), *ROOM.rglob("*.py")]:
        if path.name.startswith("styleguide"):
            continue
        source = path.read_text()
        found |= set(re.findall(r"""\{% trans ["'](.+?)["'](?: as \w+)? %\}""", source))
        found |= set(re.findall(r"""\b_\(\s*["'](.+?)["']\s*\)""", source))
        for body in re.findall(r"\{% blocktranslate.*?%\}(.*?)\{% endblocktranslate %\}", source, re.S):
            found.add(re.sub(r"\{\{ (\w+) \}\}", r"%(\1)s", body.split("{% plural %}")[0]))
    return found


def texts(catalogue):
    return {
        str(list(m.id) if not isinstance(m.id, str) else m.id): str(list(m.string)) for m in catalogue if m.id
    }


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
def test_the_compiled_catalogue_is_the_written_one(path):
    with path.open("rb") as po, path.with_suffix(".mo").open("rb") as mo:
        written, compiled = read_po(po), read_mo(mo)
    assert texts(written) == texts(compiled)


def test_every_word_of_the_room_has_its_english():
    with (ROOM / "locale/en/LC_MESSAGES/django.po").open("rb") as po:
        catalogue = {m.id if isinstance(m.id, str) else m.id[0] for m in read_po(po) if m.id and m.string}
    assert words_of_the_room() - catalogue == set()


def test_a_translation_keeps_the_placeholders():
    for path in CATALOGUES:
        with path.open("rb") as po:
            for message in read_po(po):
                ids = [message.id] if isinstance(message.id, str) else message.id
                strings = [message.string] if isinstance(message.string, str) else message.string
                wanted = set(re.findall(r"%\(\w+\)[sd]", ids[0]))
                assert all(set(re.findall(r"%\(\w+\)[sd]", text)) <= wanted for text in strings)


def test_the_steps_are_told_in_both_languages():
    source = Template('{% load jieli %}{% step_bar 2 8 "" %}')
    with translation.override("zh-hans"):
        assert "第 2 步，共 8 步" in source.render(Context())
    with translation.override("en"):
        assert "Step 2 of 8" in source.render(Context())
