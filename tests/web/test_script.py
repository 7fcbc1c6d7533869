"""What jieli.js adds, in a real browser."""

from pathlib import Path

import pytest

import browser
import web

playwright = pytest.importorskip("playwright.sync_api")
SCRIPT = Path(web.__file__).parent / "static/web/jieli.js"
pytestmark = [
    pytest.mark.e2e,
    browser.needs_chromium,
]


def page_of(body):
    return "<!doctype html><title>x</title>" + body


@pytest.fixture(scope="module")
def chromium():
    with playwright.sync_playwright() as engine:
        opened = browser.launch(engine)
        yield opened
        opened.close()


@pytest.fixture
def show(chromium):
    pages = []

    def show(body):
        page = chromium.new_page()
        pages.append(page)
        page.route(
            "http://jieli.test/**",
            lambda route: route.fulfill(body=page_of(body), content_type="text/html; charset=utf-8"),
        )
        page.goto("http://jieli.test/")
        page.add_script_tag(path=str(SCRIPT))
        return page

    yield show
    for page in pages:
        page.close()


def test_a_key_presses_its_button_but_never_while_typing(show):
    page = show(
        '<input id="text"><a href="#next" data-key="J">下一件</a><a href="#no" data-key="Shift+Y">是</a>'
    )
    page.focus("#text")
    page.keyboard.press("j")
    assert page.url == "http://jieli.test/"
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("y")
    assert page.url == "http://jieli.test/"
    page.keyboard.press("j")
    assert page.url.endswith("#next")
    page.keyboard.press("Shift+Y")
    assert page.url.endswith("#no")


def test_a_form_is_sent_once_and_the_pressed_button_is_named(show):
    page = show(
        '<form method="post" action="/save" target="out"><button name="do" value="yes">好</button></form>'
    )
    sent = []
    page.context.on("request", lambda r: sent.append(r.post_data) if r.method == "POST" else None)
    page.evaluate("document.querySelector('button').click()")
    page.wait_for_selector("form[data-sent]", state="attached")
    page.evaluate("document.querySelector('button').click()")
    page.evaluate("document.querySelector('form').requestSubmit()")
    page.wait_for_timeout(200)
    assert sent == ["do=yes"]


def test_revealed_values_are_masked_again_when_their_time_is_over(show):
    page = show(
        '<div data-seconds="1"><span class="is-revealed" data-masked="138****5521">13800005521</span>'
        '<p data-on-close="show" hidden>已重新遮住</p></div>'
    )
    assert page.inner_text("span") == "13800005521"
    page.wait_for_selector("p", state="visible")
    assert page.inner_text("span") == "138****5521"


def test_the_bulk_bar_adds_up_to_the_fen(show):
    page = show(
        '<form data-bulk><input type="checkbox" data-all><input type="checkbox" data-amount="27361.81">'
        '<input type="checkbox" data-amount="0.1"><input type="checkbox" data-amount="¥1,000.09">'
        "<b data-picked></b><i data-sum></i></form>"
    )
    assert (page.inner_text("b"), page.inner_text("i")) == ("0", "¥0.00")
    page.check("[data-all]")
    assert (page.inner_text("b"), page.inner_text("i")) == ("3", "¥28,362.00")


def test_the_amount_names_the_button_and_cannot_pass_its_limit(show):
    page = show(
        '<form method="post"><input id="amount" data-limit="30000" data-over="最多 ¥30,000.00">'
        '<button data-amount-for="amount" data-text="批准 {}" data-over="最多 {}">批准</button></form>'
        '<svg><rect data-limit-for="amount" data-scale="40000" width="0%"/></svg>'
    )
    page.fill("#amount", "20,000")
    assert page.inner_text("button") == "批准 ¥20,000.00"
    assert page.get_attribute("rect", "width") == "50%"
    page.fill("#amount", "30000.01")
    assert page.evaluate("document.querySelector('input').validationMessage") == "最多 ¥30,000.00"
    assert page.inner_text("button") == "最多 ¥30,000.00", (
        "no button names an amount that is not the one typed"
    )
    assert page.get_attribute("rect", "width") == "75%"
    page.fill("#amount", "")
    assert page.inner_text("button") == "批准"


def test_a_dialog_opens_in_place_and_closes(show):
    page = show(
        '<a href="/why" data-dialog="why">显示</a><dialog id="why"><button data-close>不看了</button></dialog>'
    )
    page.click("a")
    assert page.is_visible("dialog")
    page.click("[data-close]")
    assert page.is_hidden("dialog")
    assert page.url == "http://jieli.test/"
