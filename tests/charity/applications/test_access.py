"""Who saw my data: complete, readable, and silent about what the family must not learn from it."""

import csv
import io
import json
import re

import application_kit as kit
import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse

import factories as make
from accounts.models import User
from accounts.staff import enrol_totp
from audit import record
from audit.models import Entry, EntrySubject
from charity.applications import access, services
from charity.applications.linking import prove
from charity.applications.models import Application
from charity.awards.models import Case
from outbox.tasks import drain
from scope import actor_scope, engine_scope


def staff(house, role, name):
    return make.staff(house, role, person=make.user(house, role, name=name))


def desk_of(actor):
    """A member's signed-in browser."""
    user = User.objects.get(pk=actor.user_id)
    enrol_totp(user)
    client = Client()
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client


@pytest.fixture
def worker(charity):
    return staff(charity, "case_worker", "王建国")


@pytest.fixture
def row(acc, fund):
    row = kit.hand_in(acc, [fund])
    drain()
    return row


@pytest.fixture
def case(row):
    with engine_scope("test"):
        return Case.objects.get(application_id=row.pk)


def url(row, query=""):
    return reverse("applications:access_log", args=[row.pk]) + query


def shown(phone, row, query=""):
    """The page's words, without the marks between them."""
    answer = phone.get(url(row, query))
    assert answer.status_code == 200
    body = answer.content.decode().split("<h1>", 1)[1]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


def lines(phone, row):
    answer = phone.get(reverse("applications:access_file", args=[row.pk]))
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))


def proven(row, person_id):
    with engine_scope("test"):
        prove(Application.objects.get(pk=row.pk), person_id, "token")


def test_alike_looks_are_one_line_that_counts_them(phone, row, case, charity, worker):
    with actor_scope(worker):
        for _ in range(3):
            record("case.viewed", f"case:{case.pk}")
        for _ in range(2):
            record("queue.viewed", f"organisation:{charity.pk}", also=[f"case:{case.pk}"])
    text = shown(phone, row)
    assert f"{charity.name} 王**" in text
    assert "看了 5 次：案件页 3 次、案件名单 2 次" in text
    assert "别人一共看过 5 次" in text
    assert "建国" not in text
    assert "今天" in text


def test_what_was_unmasked_stands_apart_with_fields_and_reason(phone, row, case, worker):
    with actor_scope(worker):
        record("case.viewed", f"case:{case.pk}")
        for _ in range(2):
            record(
                "field.revealed",
                f"case:{case.pk}",
                payload={"fields": ["id_number", "phone"], "reason": "call"},
            )
        record("queue.printed", "organisation:1", also=[f"case:{case.pk}"])
    text = shown(phone, row)
    assert "没有遮住 看了 2 次：完整信息" in text
    assert text.count("看的是：身份证号、电话；理由：打电话联系您") == 1
    assert "带走了：打印案件名单" in text
    assert "看了：案件页" in text


def test_what_the_family_and_the_platform_did_is_there_on_request(phone, row):
    assert "交了申请" not in shown(phone, row)
    assert "还没有人看过" in shown(phone, row)
    assert "交了申请" in shown(phone, row, "?all=1")


def test_the_portal_s_own_pages_stand_in_it(phone, row, case, charity, worker):
    browser = desk_of(worker)
    for name, args in (("queue", []), ("case", [case.pk]), ("export", [])):
        assert browser.get(reverse(f"portal:{name}", args=args)).status_code == 200
    assert browser.post(reverse("portal:bulk"), {"do": "print", "case": [case.pk]}).status_code == 200
    text = shown(phone, row)
    for place in ("案件页", "案件名单", "打印案件名单", "导出案件名单"):
        assert place in text


def test_a_list_that_shows_only_the_number_after_a_withdrawal_names_nobody(acc, row, case, worker):
    with actor_scope(make.patient(acc)):
        services.withdraw(make.patient(acc), row.pk)
    drain()
    browser = desk_of(worker)
    assert browser.get(reverse("portal:queue") + "?tab=all").status_code == 200
    assert not EntrySubject.objects.filter(subject=f"case:{case.pk}").exists()


def test_one_organisation_s_looks_alone(phone, row, case, charity, worker):
    other = make.organisation("charity")
    for actor in (worker, make.staff(other, "case_worker")):
        with actor_scope(actor):
            record("case.viewed", f"case:{case.pk}")
    both, one = shown(phone, row), shown(phone, row, f"?org={other.pk}")
    assert charity.name in both
    assert other.name in both
    assert f"{charity.name} 王**" not in one
    assert "别人一共看过 1 次" in one
    for odd in ("?org=x", "?org=999999999999999999999", "?page=0", "?page=99", "?page=²", "?org=7"):
        assert phone.get(url(row, odd)).status_code == 200


def test_it_never_ends_silently(phone, row, case, charity):
    """More members than a page has lines: each stands on one of the pages, and on the one to print."""
    many = [staff(charity, "case_worker", f"赵{n}") for n in range(access.PAGE + 5)]
    for actor in many:
        with actor_scope(actor):
            record("case.viewed", f"case:{case.pk}")
    pages = [shown(phone, row, f"?page={n}") for n in (1, 2)]
    assert [text.count("赵**") for text in pages] == [access.PAGE, 5]
    assert "第 1 页，共 2 页" in pages[0]
    assert shown(phone, row, "?print=1").count("赵**") == access.PAGE + 5
    assert len([line for line in lines(phone, row) if "赵**" in line[1]]) == access.PAGE + 5


def test_the_file_has_a_line_for_each_look_and_cannot_become_a_formula(phone, row, case):
    house = make.organisation("charity", name="=1+1 基金会")
    with actor_scope(staff(house, "case_worker", "王建国")):
        number = record("case.viewed", f"case:{case.pk}")
        record("case.viewed", f"case:{case.pk}")
    found = lines(phone, row)
    assert found[0] == ["时间", "谁", "做了什么", "看了哪些、为什么", "记录编号"]
    looks = [line for line in found if line[2] == "看了：案件页"]
    assert len(looks) == 2
    assert looks[1][1:] == ["'=1+1 基金会 王**", "看了：案件页", "", str(number)]
    assert found[1][2] == "下载了“谁看过我的资料”"
    answer = phone.get(reverse("applications:download", args=[row.pk]))
    assert number in [one["entry"] for one in json.loads(answer.content)["access"]]


def test_another_account_reads_none_of_it(row):
    stranger = kit.browser(make.account())
    assert stranger.get(url(row)).status_code == 404
    assert stranger.get(reverse("applications:access_file", args=[row.pk])).status_code == 404


# --- what came from insurers and platforms, before and after the proof ------------------------------------


@pytest.fixture
def sealed(db, row):
    """An insurer's record and a doubtful pair of the very person, looked at by everybody who may."""
    insurer = make.organisation("statutory_insurer", name="示例市医保中心")
    person, _need = kit.insured(insurer)
    from insurance.intake.models import Batch, Record, Settlement, SettlementSource
    from people.models import Identity

    with engine_scope("test"):
        batch = Batch.objects.create(sender=insurer, body_sha256=b"0" * 32)
        pushed = Record.objects.create(batch=batch, position=0, sender=insurer, state="accepted")
        again = Record.objects.create(
            batch=batch, position=1, sender=insurer, state="duplicate", duplicate_of=pushed
        )
        bill = Settlement.objects.create(
            issuing_centre="430100", setl_id="s1", content_hash=b"0" * 32, person_id=person,
            total_fee=1, fund_paid=0, person_paid=1,
        )  # fmt: skip
        SettlementSource.objects.create(settlement=bill, sender=insurer, record=pushed)
        identity = Identity.objects.filter(person_id=person).first()
    clerk = staff(insurer, "intake_clerk", "赵敏")
    with actor_scope(clerk):
        record("records.viewed", f"organisation:{insurer.pk}", also=[f"record:{pushed.pk}"])
        record("record.viewed", f"organisation:{insurer.pk}", also=[f"record:{again.pk}"])
    with actor_scope(make.client_actor(insurer, "settlements:read")):
        record("records.viewed", f"organisation:{insurer.pk}", also=[f"record:{pushed.pk}"])
    operator = make.organisation("operator", name="接力运营中心")
    with actor_scope(staff(operator, "linkage_reviewer", "钱多多")):
        record(
            "link.viewed",
            "review:77",
            also=["identity:999999", f"identity:{identity.pk}", f"person:{person}"],
        )
    return person


def test_before_the_proof_nothing_tells_that_sealed_records_exist(acc, phone, row, sealed):
    for query in ("", "?all=1", "?print=1&all=1"):
        text = shown(phone, row, query)
        for trace in ("医保中心", "运营", "账单", "赵**", "钱**", "对上"):
            assert trace not in text
    assert "医保中心" not in str(lines(phone, row))
    with actor_scope(make.patient(acc)):
        subjects = access._subjects(Application.objects.get(pk=row.pk))
    assert {subject.partition(":")[0] for subject in subjects} <= {
        "application", "case", "award", "document", "consent",
    }  # fmt: skip


def test_once_proven_the_family_reads_who_saw_the_sealed_records(phone, row, sealed):
    proven(row, sealed)
    text = shown(phone, row)
    assert "示例市医保中心 赵** 看了 2 次：送来的一张账单 1 次、送来的账单清单 1 次" in text
    assert "示例市医保中心的电脑系统 看了：送来的账单清单" in text
    assert "接力运营中心 钱** 看了：记录核对页" in text
    assert "review" not in text
    assert "999999" not in text


def test_two_accounts_of_one_person_know_of_each_other_s_looks(acc, phone, row, sealed, fund):
    """Parents who live apart both speak for the child: each sees that the other looked, a line a day."""
    other = make.account()
    second = kit.hand_in(other, [fund])
    drain()
    status = reverse("applications:status", args=[second.pk])
    assert kit.browser(other).get(status).status_code == 200
    assert not Entry.objects.filter(action="person.viewed").exists(), "nothing of the person before the proof"
    proven(row, sealed)
    proven(second, sealed)
    for _ in range(3):
        assert kit.browser(other).get(status).status_code == 200
        assert phone.get(reverse("applications:status", args=[row.pk])).status_code == 200
    assert Entry.objects.filter(action="person.viewed").count() == 2
    text = shown(phone, row)
    assert "另一个替病人办事的账号 看了：账单和办理进度" in text
    assert "您 看了" not in text
    assert "您 看了：账单和办理进度" in shown(phone, row, "?all=1")


def test_two_merges_on_the_trail_is_still_the_family_s(phone, row, sealed):
    from people.models import Person

    with engine_scope("test"):
        last, middle = (Person.objects.create() for _ in range(2))
        Person.objects.filter(pk=sealed).update(merged_into=middle)
        Person.objects.filter(pk=middle.pk).update(merged_into=last)
        last = last.pk
    proven(row, last)
    assert "接力运营中心 钱** 看了：记录核对页" in shown(phone, row)


def test_a_proof_that_is_taken_back_closes_it_again(phone, row, sealed):
    proven(row, sealed)
    with engine_scope("test"):
        Application.objects.filter(pk=row.pk).update(proof="claimed")
    assert "医保中心" not in shown(phone, row)


def test_the_function_answers_nobody_but_the_family(acc, row, sealed, worker):
    proven(row, sealed)

    def asked():
        with connection.cursor() as cursor:
            cursor.execute("SELECT application_trail(%s)", [row.pk])
            return {found for (found,) in cursor.fetchall()}

    with actor_scope(make.patient(acc)):
        assert f"person:{sealed}" in asked()
    for actor in (make.patient(), worker):
        with actor_scope(actor):
            assert asked() == set()
    assert asked() == set()


def test_a_suspicion_is_never_told_and_a_look_at_it_is_a_look_at_the_data(phone, row, case, worker):
    with engine_scope("test"):
        record("finding.raised", f"case:{case.pk}")
        record("link.postponed", f"application:{row.pk}")
    with actor_scope(worker):
        record("finding.viewed", f"case:{case.pk}")
        record("finding.list_viewed", f"case:{case.pk}")
        record("finding.dismissed", f"case:{case.pk}")
    text = shown(phone, row, "?all=1")
    assert "看了 2 次：您的资料" in text
    assert "finding" not in text
    assert "处理了您的申请" not in text
    assert Entry.objects.filter(subject=f"case:{case.pk}", action="finding.raised").exists()


def test_no_word_is_a_code(phone, row, case, worker):
    with actor_scope(worker):
        record("case.thought_about", f"case:{case.pk}", payload={"reason": "internal_code"})
    text = shown(phone, row)
    assert "处理了您的申请" in text
    assert "internal_code" not in text


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("王建国", "王**"),
        ("王强", "王**"),
        ("欧阳娜娜", "欧阳**"),
        ("欧阳", "欧**"),
        ("Alice Smith", "A*** S***"),
    ],
)
def test_a_member_is_named_by_the_surname(name, said):
    assert access.surname(name) == said
