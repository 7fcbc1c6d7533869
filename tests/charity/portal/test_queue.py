"""The queue: what is most urgent and how much hangs on it."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

import cases
import factories as make
from accounts.models import User
from audit.models import Entry as AuditEntry
from charity.awards.models import Case
from scope import engine_scope


def listed(client, **params):
    answer = client.get(reverse("portal:queue"), params)
    assert answer.status_code == 200
    return answer.content.decode()


def find(client, text):
    return client.post(reverse("portal:search"), {"q": text}, follow=True).content.decode()


def several(count=3):
    on = cases.stage()
    return on, [on, *(cases.stage(org=on.org, fund=on.fund) for _ in range(count - 1))]


def test_rows_are_masked_counted_and_recorded(db, browser):
    on, every = several()
    text = listed(browser(on.worker))
    assert "待经办 3 件" in text
    assert text.count("陈*涵") == 3
    assert "陈雨涵" not in text
    assert "¥30,000.00" in text, "three offers of 10,000 yuan"
    entry = AuditEntry.objects.select_related("content").filter(action="queue.viewed").latest("id")
    assert set(entry.content.payload["subjects"]) == {f"case:{one.case.pk}" for one in every}


def test_another_charity_and_a_sealed_person_stand_nowhere(db, browser):
    on = cases.stage()
    stranger = browser(make.staff(make.organisation(), "case_worker", "fund_manager"))
    for text in (listed(stranger, tab="all"), find(stranger, "陈雨涵"), find(stranger, on.case.number)):
        assert on.case.number not in text.replace(f'value="{on.case.number}"', "")
        assert "陈*涵" not in text


def test_what_is_overdue_stands_first(db, browser):
    on, every = several()
    with engine_scope("test"):
        Case.objects.filter(pk=every[2].case.pk).update(due_on=timezone.localdate() - timedelta(days=3))
    text = listed(browser(on.worker))
    assert text.index(every[2].case.number) < text.index(every[0].case.number)
    assert "1 件已超期" in text
    assert every[0].case.number not in listed(browser(on.worker), tab="late")


def test_one_date_decides_what_is_late_everywhere(db, browser):
    on, every = several()
    today = timezone.localdate()
    with engine_scope("test"):
        Case.objects.filter(pk=every[0].case.pk).update(
            due_on=today, opened_at=on.case.opened_at - timedelta(90)
        )
        Case.objects.filter(pk=every[1].case.pk).update(due_on=today - timedelta(days=4))
        Case.objects.filter(pk=every[2].case.pk).update(due_on=today - timedelta(days=9), state="approved")
    client = browser(on.worker)
    every_row = listed(client, tab="all")
    assert "1 件已超期" in every_row, "an approved case has had its answer"
    assert "已超期 1 件" in listed(client, tab="late")
    assert every_row.count("! 已超 4 天") == 1
    assert every_row.count("! 已超") == 1
    limit = on.fund.decision_days
    assert f"第 {limit} 天 / {limit}" in every_row, "the last day is not late, however long ago it was opened"
    late = client.get(reverse("portal:case", args=[every[1].case.pk])).content.decode()
    assert 'badge-alert"><span aria-hidden="true">!</span><span>待经办 · 已超 4 天' in late
    assert "已超" not in client.get(reverse("portal:case", args=[every[0].case.pk])).content.decode()


def test_filters_are_addresses_and_nonsense_is_ignored(db, browser):
    on, every = several(2)
    client = browser(on.worker)
    assert "陈*涵" in listed(client, verdict="eligible", amount="10000-50000", fund=on.fund.pk, sort="amount")
    assert "陈*涵" not in listed(client, verdict="ineligible")
    assert "陈*涵" not in listed(client, amount="50000-")
    assert "陈*涵" in listed(
        client, fund="x'; --", size="7", tab="nonsense", page="-4", assignee="999999999999999999"
    )


def test_filters_are_folded_until_one_is_in_force_and_are_cleared_in_one_click(db, browser):
    on, _every = several(1)
    client = browser(on.worker)
    text = listed(client, tab="all", sort="amount", size="50")
    assert '<details class="filters">' in text
    assert "清除筛选" not in text
    text = listed(client, tab="all", verdict="eligible", fund=on.fund.pk)
    assert '<details class="filters" open>' in text
    assert "用了 2 项" in text
    assert f'href="{reverse("portal:queue")}?tab=all">清除筛选' in text


def test_nothing_limits_an_amount_that_was_decided(db, browser):
    on = cases.stage(residual="4000.00")
    client = browser(on.worker)
    assert on.case.binding == "open"
    assert "受余额限制" in client.get(reverse("portal:case", args=[on.case.pk])).content.decode()
    assert on.case.number in listed(client, tab="all", flag="bounded")
    with engine_scope("test"):
        Case.objects.filter(pk=on.case.pk).update(state="paid")
    assert "受余额限制" not in client.get(reverse("portal:case", args=[on.case.pk])).content.decode()
    assert on.case.number not in listed(client, tab="all", flag="bounded")


def test_colleagues_are_named_in_full(db, browser):
    on, _every = several(1)
    with engine_scope("test"):
        Case.objects.filter(pk=on.case.pk).update(assignee_id=on.worker.user_id)
    name = User.objects.get(pk=on.worker.user_id).display_name
    assert f">{name}</td>" in listed(browser(on.approver), tab="all")


def test_search_finds_by_exact_name_phone_tail_and_number_only(db, browser):
    on = cases.stage()
    client = browser(on.worker)
    for text in ("陈雨涵", " 陈雨涵 ", "5521", on.case.number, on.case.number.lower()):
        assert "陈*涵" in find(client, text), text
    for text in ("陈", "陈雨", "5522", "", "%", "13812345521"):
        assert "陈*涵" not in find(client, text), text


def test_a_name_never_stands_in_an_address(db, browser):
    on = cases.stage()
    answer = browser(on.worker).post(reverse("portal:search"), {"q": "陈雨涵"})
    assert answer.status_code == 200
    assert "陈雨涵" not in answer.content.decode()


def test_bulk_assigns_and_reminds_but_decides_nothing(db, browser):
    on, every = several()
    colleague = make.user(on.org, "case_worker", name="赵宁")
    client = browser(on.worker)
    ids = [one.case.pk for one in every]
    url = reverse("portal:bulk")
    answer = client.post(url, {"case": ids, "do": "assign", "to": colleague.pk}, follow=True)
    assert "转给同事 3 件" in answer.content.decode()
    assert {one.reload().assignee_id for one in every} == {colleague.pk}
    for step in ("approve", "refuse", "pay", "remind"):
        client.post(url, {"case": ids, "do": step})
    assert {one.reload().state for one in every} == {"new"}
    printed = client.post(url, {"case": ids, "do": "print"}).content.decode()
    assert printed.count("陈*涵") == 3


def test_the_export_holds_no_name(db, browser):
    on, every = several(2)
    text = browser(on.worker).get(reverse("portal:export")).content.decode()
    assert every[1].case.number in text
    assert "陈" not in text
    assert AuditEntry.objects.filter(action="queue.exported").exists()


def test_the_queue_costs_the_same_however_many_rows_it_shows(db, browser, django_assert_max_num_queries):
    on, _every = several(12)
    client = browser(on.worker)
    listed(client)
    with django_assert_max_num_queries(36):
        listed(client)


def test_auditors_and_administrators_see_no_case(db, browser):
    on = cases.stage()
    for role in ("auditor", "administrator"):
        client = browser(make.staff(on.org, role))
        assert client.get(reverse("portal:queue")).status_code == 403
        assert client.get(reverse("portal:case", args=[on.case.pk])).status_code == 403


def test_next_and_previous_follow_the_list(db, browser):
    on, every = several()
    client = browser(on.worker)
    text = client.get(reverse("portal:case", args=[every[1].case.pk]), {"tab": "worker"}).content.decode()
    assert "第 2 件，共 3 件" in text
    for other in (every[0], every[2]):
        assert reverse("portal:case", args=[other.case.pk]) in text
