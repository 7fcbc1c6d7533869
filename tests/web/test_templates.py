"""The pages, as far as they can be judged without a browser."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import RequestDataTooBig
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import translation

import web
from web import views
from web.styleguide import context

TEMPLATES = sorted((Path(web.__file__).parent / "templates").rglob("*.html"))
VOID = {"meta", "link", "input", "br", "img", "hr", "path", "rect", "line", "circle", "use"}


class WellFormed(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.ids, self.faults, self.references = [], [], [], []

    def handle_starttag(self, tag, attrs):
        names = dict(attrs)
        if "id" in names:
            self.ids.append(names["id"])
        for name in ("for", "aria-labelledby", "aria-describedby"):
            self.references += (names.get(name) or "").split()
        self.faults += [f"{name} on {tag}" for name in names if name == "style" or name.startswith("on")]
        if tag in ("script", "style") and not names.get("src"):
            self.faults.append(f"inline {tag}")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()}")


def check(html):
    parser = WellFormed()
    parser.feed(html)
    parser.close()
    assert parser.faults == []
    assert parser.open == []
    assert len(parser.ids) == len(set(parser.ids))
    assert set(parser.references) <= set(parser.ids)


@pytest.fixture
def plain(settings):
    """This room alone: no other room's context, no other room's addresses."""
    engine = settings.TEMPLATES[0]
    options = engine["OPTIONS"] | {
        "context_processors": [
            "django.template.context_processors.request",
            "django.template.context_processors.i18n",
            "web.context_processors.site",
        ]
    }
    settings.TEMPLATES = [engine | {"OPTIONS": options}]
    settings.ROOT_URLCONF = "web.urls"


@pytest.fixture
def request_(plain):
    request = RequestFactory().get("/styleguide/")
    request.user = AnonymousUser()
    request.session = {}
    with translation.override("zh-hans"):
        yield request


@pytest.mark.parametrize("frame", ["staff", "phone"])
def test_the_style_guide_is_well_formed_and_obeys_the_policy(request_, frame):
    check(render_to_string(f"web/styleguide_{frame}.html", context(), request_))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_carries_style_or_script_of_its_own(path):
    source = path.read_text()
    assert not re.search(r"""\sstyle\s*=""", source)
    assert not re.search(r"""\son[a-z]+\s*=\s*["']""", source)
    assert "<style" not in source
    assert not re.search(r"<script(?![^>]*\ssrc=)", source)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_every_word_goes_through_translation(path):
    if path.name.startswith("styleguide") or path.name == "500.html":
        pytest.skip("made-up text, or a page that must work without anything")
    source = re.sub(r"\{% comment %\}.*?\{% endcomment %\}", "", path.read_text(), flags=re.S)
    source = re.sub(r"\{% blocktranslate.*?\{% endblocktranslate %\}", "", source, flags=re.S)
    source = re.sub(r"\{[%{].*?[%}]\}", "", source, flags=re.S)
    assert re.findall(r"[\u4e00-\u9fff]+", source) == []


@pytest.mark.parametrize("status", [400, 403, 404, 413, 429])
def test_an_error_page_says_what_to_do(request_, status):
    response = views.error(request_, status)
    html = response.content.decode()
    assert response.status_code == status
    check(html)
    assert 'href="/"' in html
    assert "400-000-0000" in html
    assert len(re.findall("请", html)) >= 2


def test_a_body_that_is_too_big_gets_its_own_words(request_):
    response = views.bad_request(request_, RequestDataTooBig())
    assert response.status_code == 413
    assert "10 MB" in response.content.decode()


def test_an_error_page_can_be_drawn_without_any_context():
    for name in ("400.html", "403.html", "404.html", "500.html"):
        check(render_to_string(name))


def test_the_last_error_page_needs_nothing(request_):
    response = views.server_error(request_)
    assert response.status_code == 500
    assert "不是您的错" in response.content.decode()
    source = next(p for p in TEMPLATES if p.name == "500.html").read_text()
    assert "{%" not in source
    assert "{{" not in source


def test_a_form_that_lay_too_long_is_explained(request_):
    response = views.csrf_failure(request_)
    assert response.status_code == 403
    assert "放得太久" in response.content.decode()


def test_the_style_guide_is_hidden_from_the_public():
    from django.http import Http404

    with pytest.raises(Http404):
        views.styleguide(RequestFactory().get("/styleguide/"))


def draw(source, **names):
    with translation.override("zh-hans"):
        return Template("{% load jieli i18n %}" + source).render(Context(names))


def test_a_badge_always_carries_sign_and_word():
    html = draw('{% badge "ok" "符合" %}')
    assert "✓" in html
    assert "符合" in html
    assert "badge-unknown" in draw('{% badge "unknown" "待核实" %}')


def test_a_badge_without_a_word_is_refused():
    from django.template import TemplateSyntaxError

    with pytest.raises(TemplateSyntaxError):
        draw('{% badge "ok" "" %}')


def test_components_escape_what_people_wrote():
    bad = "<script>alert(1)</script>"
    html = draw(
        '{% badge "ok" x %}{% masked x %}{% revealed x x %}{% notice "info" %}{{ x }}{% endnotice %}'
        "{% panel title=x %}{{ x }}{% endpanel %}{% summary_list rows %}{% empty_state x x %}",
        x=bad,
        rows=[{"label": bad, "value": bad}],
    )
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 9


def test_a_notice_keeps_the_markup_of_its_template():
    assert "<b>注意</b>" in draw('{% notice "wait" %}<b>注意</b>{% endnotice %}')


def test_criteria_put_the_unknown_first_and_the_failed_before_the_met():
    rows = [{"verdict": v, "label": v.upper()} for v in ("met", "failed", "unknown")]
    html = draw("{% criteria rows %}", rows=rows)
    assert html.index("UNKNOWN") < html.index("FAILED") < html.index("MET")


def test_pagination_keeps_the_other_filters():
    from django.core.paginator import Paginator

    request = RequestFactory().get("/", {"fund": "3", "page": "2"})
    html = draw("{% pagination page %}", page=Paginator(range(50), 10).page(2), request=request)
    assert "?fund=3&amp;page=3" in html
    assert "第 11–20 件，共 50 件" in html


def drawn(source, **values):
    return Template("{% load jieli %}" + source).render(Context(values))


def test_a_page_head_escapes_what_people_wrote_and_has_no_empty_row():
    source = "{% page_head title lead %}{% if button %}<a>{{ button }}</a>{% endif %}{% endpage_head %}"
    html = drawn(source, title="<b>基金</b>", lead="<i>", button="")
    assert "&lt;b&gt;基金" in html
    assert "&lt;i&gt;" in html
    assert 'class="row"' not in html
    assert '<div class="row"><a>&lt;x&gt;</a></div>' in drawn(source, title="x", button="<x>")


def test_a_list_says_which_columns_hold_figures_and_which_one_orders_it():
    html = drawn(
        '{% table "付款" "案号" name num="2" down="2" %}<tr><td>{{ name }}</td></tr>{% endtable %}',
        name="<金额>",
    )
    check(html)
    assert 'aria-label="付款"' in html
    assert (
        re.sub(r"\s+", " ", html).count(
            '<th scope="col" class="num" aria-sort="descending"> &lt;金额&gt; ↓ </th>'
        )
        == 1
    )
    assert "<td>&lt;金额&gt;</td>" in html


def test_filters_are_open_only_while_one_is_in_force():
    source = '{% filters action="/x/" clear=back active=n %}<input name="q">{% endfilters %}'
    assert '<details class="filters">' in drawn(source, n=0, back="")
    html = drawn(source, n=2, back="/x/?a=1&b=2")
    assert '<details class="filters" open>' in html
    assert 'href="/x/?a=1&amp;b=2"' in html
