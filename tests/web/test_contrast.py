import re
from pathlib import Path

import pytest

import web

CSS = (Path(web.__file__).parent / "static/web/jieli.css").read_text()
TOKENS = dict(re.findall(r"--([a-z0-9-]+):\s*(#[0-9A-F]{6})", CSS))

SURFACES = ["paper", "surface", "sunken"]
TEXT = ["ink", "ink-2", "ink-3", "brand", "brand-deep", "ok", "bad", "wait", "info", "layer-open"]
PAIRS = [
    *((text, surface) for text in TEXT for surface in SURFACES),
    *((kind, f"{kind}-wash") for kind in ("ok", "bad", "wait", "info")),
    *(("ink", wash) for wash in ("ok-wash", "bad-wash", "wait-wash", "info-wash", "brand-wash", "mark")),
    *(("ink-2", wash) for wash in ("bad-wash", "wait-wash", "info-wash", "brand-wash")),
    *((text, "brand-wash") for text in ("brand", "ink-3", "ok", "bad", "wait", "info")),
    *(("brand", wash) for wash in ("wait-wash", "info-wash", "bad-wash", "ok-wash")),
    ("bad", "wait-wash"),
    ("on-brand", "brand"),
    ("on-brand", "brand-deep"),
    ("on-brand", "brand-raised"),
    ("on-brand", "ink"),
    ("on-brand", "ink-2"),
    ("on-brand-2", "brand"),
    ("on-brand-2", "brand-deep"),
    ("ink", "brand-tint"),
]


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(TOKENS[one]), luminance(TOKENS[other])), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_stands_out_from_its_ground(text, ground):
    assert contrast(text, ground) >= 4.5


def test_every_rule_that_sets_both_colours_can_be_read():
    found = 0
    for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", CSS):
        text = re.search(r"(?<![-\w])color:\s*var\(--([\w-]+)\)", body)
        ground = re.search(r"background(?:-color)?:\s*var\(--([\w-]+)\)", body)
        if text and ground:
            found += 1
            assert contrast(text[1], ground[1]) >= 4.5, selector.strip()
    assert found > 20


@pytest.mark.parametrize("edge", ["line-strong", "focus", "brand"])
def test_edges_of_controls_are_visible(edge):
    grounds = {"focus": ["ink", "brand-deep"]}.get(edge, ["surface", "paper"])
    assert all(contrast(edge, ground) >= 3 for ground in grounds)


def test_rules_use_tokens_alone():
    rules = CSS.split("}", 1)[1].split("@media print")[0]
    assert re.findall(r"#[0-9A-Fa-f]{3,8}\b", rules) == []


def test_every_token_that_is_used_exists():
    used = set(re.findall(r"var\(--([\w-]+)\)", CSS))
    defined = set(re.findall(r"--([\w-]+):", CSS))
    assert used <= defined
