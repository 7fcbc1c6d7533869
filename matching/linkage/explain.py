"""One scored pair as a waterfall chart: from the prior, field by field, to the total."""

from html import escape

from .scoring import PairScore

_ROW, _LABEL, _WIDTH, _TOP = 26, 190, 720, 34


def waterfall(score: PairScore, names: dict[str, str] | None = None) -> str:
    """An SVG (no script, no inline style: presentation attributes only) of a pair's log2 weights.

    ``names`` maps fields to what they are called on the page. Bars start where the last one ended, so the end
    of the last bar is the total.
    """
    names = names or {}
    steps = [("prior", "", score.prior_weight)]
    steps += [(e.field, e.note, e.weight) for e in score.evidence]
    low = high = running = 0.0
    spans: list[tuple[str, str, float, float]] = []
    for field, note, weight in steps:
        spans.append((field, note, running, running + weight))
        running += weight
        low, high = min(low, running), max(high, running)
    scale = (_WIDTH - _LABEL - 70) / max(high - low, 1.0)

    def x(value: float) -> float:
        return round(_LABEL + (value - low) * scale, 1)

    height = _TOP + _ROW * (len(spans) + 1) + 10
    title = f"{score.weight:.1f} bits, p = {score.probability:.6f}"
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'font-family="sans-serif" font-size="13"><title>{title}</title>',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<line x1="{x(0)}" x2="{x(0)}" y1="{_TOP - 8}" y2="{height - 6}" stroke="#9aa4ad"/>',
        f'<text x="{x(0)}" y="{_TOP - 14}" text-anchor="middle" fill="#56616b">0</text>',
    ]
    y = _TOP
    for field, note, start, end in [*spans, ("total", "", 0.0, running)]:
        color = "#33526b" if field in ("prior", "total") else "#0f766e" if end >= start else "#b3402e"
        label = names.get(field, field) + (f" · {note}" if note else "")
        left, width = x(min(start, end)), max(round(abs(end - start) * scale, 1), 1.0)
        amount = end - start
        out.append(
            f'<text x="{_LABEL - 10}" y="{y + 14}" text-anchor="end" fill="#1d262d">{escape(label)}</text>'
        )
        out.append(
            f'<rect x="{left}" y="{y + 2}" width="{width}" height="{_ROW - 10}" rx="2" fill="{color}"/>'
        )
        out.append(f'<text x="{left + width + 6}" y="{y + 14}" fill="#1d262d">{amount:+.1f}</text>')
        y += _ROW
    return "\n".join([*out, "</svg>\n"])
