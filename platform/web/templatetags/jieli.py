"""Filters and components for templates; loaded everywhere as a builtin, or with `{% load jieli %}`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import template
from django.forms import BaseForm
from django.template.loader import render_to_string
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from .. import charts, formats, qr

register = template.Library()

for _filter in (
    formats.money,
    formats.money_signed,
    formats.weight,
    formats.percent,
    formats.date_staff,
    formats.datetime_staff,
    formats.date_patient,
):
    register.filter(_filter.__name__, _filter)

SIGNS = {"ok": "✓", "bad": "✕", "alert": "!", "wait": "!", "info": "", "unknown": "?", "plain": ""}


@register.simple_tag
def badge(kind: str, word: object, title: str = "") -> SafeString:
    """`{% badge "ok" "符合" %}`. kind: ok, bad, alert, wait, info, unknown, plain. The word is required."""
    if kind not in SIGNS:
        kind = "plain"
    if not str(word).strip():
        raise template.TemplateSyntaxError("a badge always carries a word")
    sign = format_html('<span aria-hidden="true">{}</span>', SIGNS[kind]) if SIGNS[kind] else ""
    hint = format_html(' title="{}"', title) if title else ""
    return format_html('<span class="badge badge-{}"{}>{}<span>{}</span></span>', kind, hint, sign, word)


@register.simple_tag
def masked(value: object) -> SafeString:
    """A value that is shown in part, e.g. `138****5521`, in its grey field."""
    return format_html(
        '<span class="masked">{}<span class="vh">{}</span></span>',
        formats.keep_masked(value),
        _("（部分遮住）"),
    )


@register.simple_tag
def revealed(value: object, masked_value: object) -> SafeString:
    """A value shown in full; place it in `<div data-seconds="300">`, which masks it again."""
    return format_html(
        '<span class="masked is-revealed" data-masked="{}">{}</span>',
        formats.keep_masked(masked_value),
        value,
    )


@register.simple_block_tag(takes_context=True)
def notice(context: template.Context, content: str, kind: str = "info", role: str = "") -> SafeString:
    """`{% notice "wait" %}…{% endnotice %}`. kind: info, wait, bad, ok."""
    attribute = format_html(' role="{}"', role) if role else ""
    return format_html(
        '<div class="notice notice-{}"{}>{}</div>', kind, attribute, conditional_escape(content)
    )


@register.simple_block_tag
def panel(
    content: str,
    title: str = "",
    note: str = "",
    link: str = "",
    link_text: str = "",
    end: str = "",
    kind: str = "",
    body: bool = True,
) -> SafeString:
    """`{% panel title="材料" note="…" link=url link_text="全部" %}…{% endpanel %}`.

    kind: "" or "decide" (the page's decision). body=False leaves out the padding, for tables and lists.
    """
    return SafeString(
        render_to_string(
            "web/parts/panel.html",
            {
                "content": conditional_escape(content),
                "title": title,
                "note": note,
                "link": link,
                "link_text": link_text,
                "end": end,
                "kind": kind,
                "body": body,
            },
        )
    )


@register.simple_block_tag
def page_head(content: str, title: object, lead: object = "") -> SafeString:
    """`{% page_head title lead %}` buttons `{% endpage_head %}`: what the page says first, and what can be done."""
    context = {"title": title, "lead": lead, "content": conditional_escape(content)}
    return SafeString(render_to_string("web/parts/page_head.html", context))


@register.simple_block_tag
def table(content: str, label: str, *heads: object, num: str = "", down: str = "") -> SafeString:
    """`{% table label head head num="2" %}` rows `{% endtable %}`: a list that becomes cards on a phone.

    label: what a screen reader calls the region. num: which columns hold figures ("2 3", from 1); down: by which
    the rows stand, the greatest first. Cells but the first say their column in `data-label`.
    """
    columns = [
        {"label": head, "num": str(at) in num.split(), "down": str(at) in down.split()}
        for at, head in enumerate(heads, 1)
    ]
    context = {"label": label, "columns": columns, "content": conditional_escape(content)}
    return SafeString(render_to_string("web/parts/table.html", context))


@register.simple_block_tag
def filters(content: str, action: str, clear: str, active: int = 0) -> SafeString:
    """`{% filters action=url clear=url active=2 %}` fields `{% endfilters %}`: what narrows a list, as a GET form.

    Folded on a phone while nothing is in force. active: how many filters are (order and page size are none);
    clear: the list without them.
    """
    context = {"content": conditional_escape(content), "action": action, "clear": clear, "active": active}
    return SafeString(render_to_string("web/parts/filters.html", context))


@register.inclusion_tag("web/parts/pagination.html", takes_context=True)
def pagination(context: template.Context, page: Any, param: str = "page") -> dict[str, Any]:
    """Links for a `django.core.paginator.Page`; the other GET parameters stay."""
    request = context.get("request")
    query = request.GET.copy() if request is not None else None

    def url(number: int) -> str:
        if query is None:
            return f"?{param}={number}"
        query[param] = str(number)
        return "?" + query.urlencode()

    shown = page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
    return {
        "page": page,
        "links": [{"number": n, "url": url(n) if isinstance(n, int) else ""} for n in shown],
        "previous": url(page.previous_page_number()) if page.has_previous() else "",
        "next": url(page.next_page_number()) if page.has_next() else "",
    }


@register.inclusion_tag("web/parts/empty.html")
def empty_state(title: str, text: str = "", url: str = "", action: str = "") -> dict[str, Any]:
    """Why there is nothing here, and what to do."""
    return {"title": title, "text": text, "url": url, "action": action}


@register.inclusion_tag("web/parts/tabs.html")
def tabs(items: Iterable[Mapping[str, Any]], label: str = "") -> dict[str, Any]:
    """items: {label, url, count, current, late}."""
    return {"items": items, "label": label or _("分类")}


@register.inclusion_tag("web/parts/crumbs.html")
def crumbs(url: str, label: str, rest: str = "") -> dict[str, Any]:
    """The way back to a list, then where in it the page stands: `待我审批 › 第 3 件，共 38 件`."""
    return {"url": url, "label": label, "rest": rest}


@register.inclusion_tag("web/parts/figures.html")
def figures(items: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The row of leading numbers. items: {label, value, sub, open}."""
    return {"items": items}


@register.inclusion_tag("web/parts/summary.html")
def summary_list(rows: Iterable[Mapping[str, Any]], kind: str = "") -> dict[str, Any]:
    """Check-your-answers. rows: {label, value, url, masked, change}. kind: "", "plain", "box"."""
    return {"rows": rows, "kind": kind}


@register.inclusion_tag("web/parts/criteria.html")
def criteria(rows: Iterable[Mapping[str, Any]], fold: bool = False) -> dict[str, Any]:
    """A fund's criteria, unknown first, then failed, then met (folded on request).

    rows: {verdict: unknown|failed|met, label, clause, value, missing, action_url, action}.
    """
    rows = list(rows)
    pick = {kind: [r for r in rows if r["verdict"] == kind] for kind in ("unknown", "failed", "met")}
    return {**pick, "fold": fold and len(pick["met"]) > 6}


@register.inclusion_tag("web/parts/timeline.html")
def timeline(items: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What has happened, newest first. items: {at, who, text}."""
    return {"items": items}


@register.inclusion_tag("web/parts/tasks.html")
def task_list(items: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Where it stands. items: {state: done|now|next, label, lines: list of text}."""
    return {"items": items}


@register.inclusion_tag("web/parts/steps.html")
def step_bar(step: int, steps: int, step_title: str = "") -> dict[str, Any]:
    """`第 2 步，共 8 步 · 病人是谁` with one mark for each step."""
    return {"step": step, "steps": steps, "step_title": step_title, "marks": range(1, int(steps) + 1)}


@register.inclusion_tag("web/parts/progress.html")
def progress(done: int, total: int, remaining: str = "") -> dict[str, Any]:
    """For anything over two seconds: how much is done and how long it still takes."""
    return {"done": done, "total": total, "remaining": remaining}


@register.inclusion_tag("web/forms/error_summary.html")
def error_summary(*forms: BaseForm) -> dict[str, Any]:
    """Every error of the forms on top of the page, linked to its field; a label that is a sentence of its own is
    not repeated. Nothing when there is none."""
    lines = []
    for form in forms:
        for name, errors in form.errors.items():
            field = form[name] if name in form.fields else None
            target = field.id_for_label or field.auto_id if field is not None else ""
            label = str(field.label) if field is not None else ""
            label = "" if label.endswith(("。", "？")) else label
            lines += [{"url": target, "label": label, "text": e} for e in errors]
    return {"lines": lines, "count": len(lines)}


# ---- charts ----------------------------------------------------------------------------------------------


@register.inclusion_tag("web/charts/waterfall.html")
def waterfall(rows: Iterable[charts.WaterfallRow], caption: str = "") -> dict[str, Any]:
    """Who pays a bill, in order, and what stays open: a table with a bar in each row."""
    return {"bars": charts.waterfall(list(rows)), "caption": caption}


@register.inclusion_tag("web/charts/stacked.html")
def stacked_bar(parts: Iterable[charts.Part], total: Any = None) -> dict[str, Any]:
    """The same on a phone: one bar and its list."""
    return {"bar": charts.stacked_bar(parts, formats.yuan(total))}


@register.inclusion_tag("web/charts/budget.html")
def budget_bar(bar: charts.StackedBar) -> dict[str, Any]:
    """A fund's budget; `bar` from `charts.budget_bar`."""
    return {"bar": bar}


@register.inclusion_tag("web/charts/weekly.html")
def weekly_bars(weeks: Iterable[charts.Week], received: str = "", done: str = "") -> dict[str, Any]:
    """What came in and what was finished, week by week; or two other counts, by their words."""
    words = (received, done) if received and done else None
    return {"chart": charts.weekly_bars(list(weeks), words=words)}


@register.inclusion_tag("web/charts/evidence.html")
def evidence_bar(value: Any, scale: float = 21.0) -> dict[str, Any]:
    """One comparison's weight, left against, right for."""
    return {"bar": charts.evidence_bar(value, scale)}


@register.inclusion_tag("web/charts/limit.html")
def limit_bar(limits: Iterable[charts.Limit], amount: Any = None, field_id: str = "") -> dict[str, Any]:
    """Under the amount field: which limit binds. field_id: the input that the bar follows while typing.

    amount may be what somebody typed: what is no amount draws the bar without one.
    """
    try:
        value = formats.yuan(amount)
    except (ValueError, ArithmeticError):
        value = None
    return {"bar": charts.limit_bar(list(limits), value), "field_id": field_id}


@register.inclusion_tag("web/charts/merkle.html")
def merkle_path(path: charts.MerklePath) -> dict[str, Any]:
    """An inclusion proof; `path` from `charts.merkle_path`."""
    return {"path": path}


@register.inclusion_tag("web/charts/waiting.html")
def waiting(day: int, limit: int = 10) -> dict[str, Any]:
    """`第 6 天 / 10` with a bar."""
    return {"waiting": charts.waiting(int(day), int(limit))}


@register.inclusion_tag("web/charts/swatch.html")
def swatch(layer: str, state: str = "paid") -> dict[str, Any]:
    """The little square of a legend, solid, hatched or empty as in the chart."""
    return {"layer": layer if layer in charts.LAYERS else "basic", "state": state}


@register.inclusion_tag("web/charts/defs.html")
def chart_defs() -> dict[str, Any]:
    """The hatchings; base.html includes them once a page."""
    return {"layers": charts.LAYERS}


@register.simple_tag
def qr_code(text: str, label: str) -> SafeString:
    """`{% qr_code address "用手机扫一扫" %}`: an address as a QR code; the address stands beside it in words."""
    return qr.svg(text, label)
