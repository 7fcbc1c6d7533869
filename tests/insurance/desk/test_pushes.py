"""The senders' list, a record's page, its correction, and the export."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

import factories
from insurance.desk.exports import cell
from insurance.intake.models import Record
from scope import engine_scope

pytestmark = pytest.mark.django_db


def page(client, name, *args, **query):
    answer = client.get(reverse(name, args=args), query)
    assert answer.status_code == 200
    return re.sub(r"(?<=>)\s+|\s+(?=<)", "", answer.content.decode())


def test_an_empty_list_says_what_to_do(desk):
    text = page(desk.browser(desk.insurer()), "desk:pushes")
    assert "还没有推送过记录" in text
    assert reverse("intake:docs") in text


def test_it_counts_each_state_and_says_what_needs_a_look(desk):
    org = desk.insurer()
    desk.push(org, desk.bill, desk.broken, desk.bill | {"setl_id": ""})
    text = page(desk.browser(org), "desk:pushes")
    assert "有 2 条记录要您看一看" in text
    assert "已收下 1 条，待核对 1 条，不收 1 条" in text


def test_it_filters_and_survives_a_filter_that_cannot_be_read(desk):
    org = desk.insurer()
    desk.push(org, desk.bill, desk.broken)
    browser = desk.browser(org)
    assert ">C9<" in page(browser, "desk:pushes", state="quarantined")
    assert ">C1<" not in page(browser, "desk:pushes", state="quarantined")
    assert ">C1<" in page(browser, "desk:pushes", setl_id="C1")
    assert "没有符合条件的记录" in page(browser, "desk:pushes", since="2999-01-01")
    assert "筛选条件看不懂" in page(browser, "desk:pushes", since="gestern")


def test_a_record_shows_both_sides_the_difference_and_what_to_do(desk):
    org = desk.insurer()
    (result,) = desk.push(org, desk.broken)
    text = page(desk.browser(org), "desk:push", result.record)
    for word in (
        "¥90,000.00",
        "¥100,000.00",
        "¥10,000.00",
        "相差 10000.00 元",
        "请核对总费用",
        "identity_I1",
    ):
        assert word in text
    assert "测试人" not in text
    assert "11010519491231002X" not in text


def test_another_organisations_record_is_not_there(desk):
    (result,) = desk.push(desk.insurer(), desk.broken)
    other = desk.browser(desk.insurer())
    assert other.get(reverse("desk:push", args=[result.record])).status_code == 404
    assert other.post(reverse("desk:resend", args=[result.record]), {"do": "again"}).status_code == 404
    seen = page(other, "desk:pushes")
    assert reverse("desk:push", args=[result.record]) not in seen
    # The random CSRF token may hold any two letters.
    assert "C9" not in re.sub(r"[A-Za-z0-9]{64}", "", seen)


def test_a_charity_has_no_such_pages(desk):
    browser = desk.browser(factories.organisation("charity"), "case_worker")
    for name in ("desk:pushes", "desk:export", "desk:invitations"):
        assert browser.get(reverse(name)).status_code == 403


@pytest.mark.parametrize("how", ["file", "text"])
def test_a_corrected_record_is_taken_from_file_or_text(desk, how):
    org = desk.insurer()
    (result,) = desk.push(org, desk.broken)
    fixed = json.dumps(desk.bill | {"setl_id": "C9"})
    sent = SimpleUploadedFile("fixed.json", fixed.encode()) if how == "file" else fixed
    answer = desk.browser(org).post(
        reverse("desk:resend", args=[result.record]), {"do": "correct", how: sent}, follow=True
    )
    assert "已收下。这是更正后的记录。" in answer.content.decode()
    with engine_scope("test"):
        old = Record.objects.get(pk=result.record)
        assert old.resent_as.state == "accepted"
    assert "这条已经更正过" in page(desk.browser(org), "desk:push", result.record)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "二选一"),
        ("{", "不是有效的 JSON"),
        ("[{}, {}]", "请只放更正后的这一条记录"),
    ],
)
def test_a_correction_that_cannot_be_taken_says_why_and_keeps_what_was_typed(desk, text, said):
    org = desk.insurer()
    (result,) = desk.push(org, desk.broken)
    answer = desk.browser(org).post(
        reverse("desk:resend", args=[result.record]), {"do": "correct", "text": text}
    )
    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_judging_again_without_a_change_says_so(desk):
    org = desk.insurer()
    (result,) = desk.push(org, desk.broken)
    answer = desk.browser(org).post(
        reverse("desk:resend", args=[result.record]), {"do": "again"}, follow=True
    )
    assert "结果没有变化" in answer.content.decode()


def test_only_a_clerk_may_correct(desk):
    org = desk.insurer()
    (result,) = desk.push(org, desk.broken)
    auditor = desk.browser(org, "auditor")
    assert "更正由本机构的数据经办来做" in page(auditor, "desk:push", result.record)
    assert auditor.post(reverse("desk:resend", args=[result.record]), {"do": "again"}).status_code == 403


def test_the_export_has_a_line_for_each_reason_and_no_formula(desk):
    org = desk.insurer()
    desk.push(org, desk.broken | {"setl_id": "=HYPERLINK(1)"}, desk.bill)
    answer = desk.browser(org).get(reverse("desk:export"), {"state": "quarantined"})
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert "no-store" in answer.headers["Cache-Control"]
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert all(line[3] == "'=HYPERLINK(1)" for line in lines[1:])
    assert "identity_I1" in {line[7] for line in lines[1:]}


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1"])
def test_no_cell_becomes_a_formula(value):
    assert cell(value).startswith("'")


def test_the_list_pages(desk):
    org = desk.insurer()
    desk.push(org, *(desk.bill | {"setl_id": f"P{i:03}"} for i in range(60)))
    browser = desk.browser(org)
    assert ">P000<" not in page(browser, "desk:pushes")
    assert ">P000<" in page(browser, "desk:pushes", page="2")
