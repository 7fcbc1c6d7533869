"""After handing in: what the family sees, who else sees nothing, and taking back works at once."""

import json
import re
from datetime import timedelta

import application_kit as kit
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import get_resolver, reverse
from django.utils import timezone

import factories as make
from audit import record
from charity.applications import services, status
from charity.applications.models import Application, Document, DocumentRequest, ReviewRequest
from charity.awards.models import Case
from charity.awards.rules import write_event
from consent import services as consents
from consent.models import Consent
from outbox.tasks import drain
from scope import actor_scope, engine_scope


@pytest.fixture
def worker(charity):
    return make.staff(charity, "case_worker")


@pytest.fixture
def row(acc, fund):
    row = kit.hand_in(acc, [fund])
    drain()
    return row


def case_of(row):
    with engine_scope("test"):
        return Case.objects.get(application_id=row.pk)


def own_pages(row):
    """Every address of this room that names an application."""
    found = []
    for pattern in get_resolver().url_patterns:
        if getattr(pattern, "namespace", None) != "applications":
            continue
        for inner in pattern.url_patterns:
            fields = set(inner.pattern.converters)
            if "pk" in fields:
                values = {"pk": row.pk, **dict.fromkeys(fields - {"pk"}, 1)}
                if "name" in fields:
                    values["name"] = "who"
                found.append(reverse(f"applications:{inner.name}", kwargs=values))
    return found


def test_another_accounts_application_is_not_there(row):
    stranger = kit.browser(make.account())
    urls = own_pages(row)
    assert len(urls) > 15
    for url in urls:
        expected = {405} if url.endswith("/remove/") else {404}
        assert stranger.get(url).status_code in expected, url
        assert stranger.post(url).status_code in {404, 405}, url
    assert kit.as_family(row.account, row.pk).state == "submitted"


def test_a_visitor_is_sent_to_sign_in(row):
    from django.test import Client

    for url in [*own_pages(row), reverse("applications:mine"), reverse("applications:token")]:
        answer = Client().get(url)
        assert answer.status_code in {302, 405}, url
        assert answer.status_code == 405 or answer.url.startswith(reverse("patient_sign_in"))


def test_the_charity_sees_the_application_until_consent_is_taken_back(acc, phone, row, fund, worker):
    with actor_scope(worker):
        assert Application.objects.filter(pk=row.pk).exists()
    with actor_scope(make.patient(acc)):
        consent = Consent.objects.get()
    page = phone.get(reverse("applications:consents", args=[row.pk])).content.decode()
    assert fund.name in page
    url = reverse("applications:withdraw_consent", args=[row.pk, consent.pk])
    assert phone.get(url).status_code == 200
    assert phone.post(url).url == reverse("applications:consents", args=[row.pk])
    with actor_scope(worker):
        assert not Application.objects.filter(pk=row.pk).exists()
    drain()
    assert case_of(row).state == "withdrawn"
    page = phone.get(reverse("applications:consents", args=[row.pk])).content.decode()
    assert "现在没有哪家基金能看" in page
    assert re.search(r"(很可能合适|也许合适|可能不合适)", page), (
        "another fund is offered with what is known of it"
    )


def test_consent_can_be_given_again_afterwards(acc, phone, row, fund, worker):
    with actor_scope(make.patient(acc)):
        consent = Consent.objects.get()
    phone.post(reverse("applications:withdraw_consent", args=[row.pk, consent.pk]))
    drain()
    url = reverse("applications:consent", args=[row.pk, fund.pk])
    digest = phone.get(url).context["rendered"].sha256
    assert phone.post(url, {"decision": "yes", "text": digest}).url.endswith("/consents/")
    drain()
    with actor_scope(worker):
        assert Application.objects.filter(pk=row.pk).exists()
    assert case_of(row).state == "new"


def test_a_charity_sees_no_draft_even_where_a_yes_was_given_in_it(acc, fund, worker):
    draft = kit.draft(acc, funds=[fund])
    with engine_scope("test"):
        Document.objects.create(
            application=draft,
            kind="other",
            content=b"x",
            media_type="image/jpeg",
            size=1,
            sha256_blind=b"1" * 16,
        )
    with actor_scope(worker):
        assert not Application.objects.exists()
        assert not Document.objects.exists()


def test_taking_back_the_whole_application_closes_it_everywhere(acc, phone, row, worker):
    assert phone.get(reverse("applications:withdraw", args=[row.pk])).status_code == 200
    phone.post(reverse("applications:withdraw", args=[row.pk]))
    with actor_scope(worker):
        assert not Application.objects.exists()
    page = phone.get(reverse("applications:status", args=[row.pk])).content.decode()
    assert "这份申请已经收回" in page
    with actor_scope(make.patient(acc)):
        assert Consent.objects.get().withdrawn_at is not None


def test_a_paper_that_was_asked_for_is_named_handed_in_and_answered(acc, phone, row, charity, worker):
    case = case_of(row)
    with actor_scope(worker):
        asked = DocumentRequest.objects.create(
            application=row,
            organisation_id=charity.pk,
            case_id=case.pk,
            kind="diagnosis",
            note="诊断证明要盖医院的章。",
            due_on=timezone.localdate() + timedelta(days=14),
            created_by=worker.user_id,
        )
    status = reverse("applications:status", args=[row.pk])
    page = phone.get(status).content.decode()
    assert "需要您补 1 张证明" in page
    assert "诊断证明要盖医院的章。" in page
    url = reverse("applications:answer", args=[row.pk, asked.pk])
    assert phone.post(url, {"files": [SimpleUploadedFile("a", b"no photo")]}).status_code == 400
    assert phone.post(url, {"files": [SimpleUploadedFile("a", kit.photo())]}).url == status
    with actor_scope(worker):
        asked.refresh_from_db()
        assert asked.answered_by.kind == "diagnosis"
    assert "需要您补" not in phone.get(status).content.decode()


def test_a_no_comes_with_reason_clause_and_how_to_ask_for_a_review(acc, phone, row, charity, worker):
    case = case_of(row)
    with engine_scope("test"):
        Case.objects.filter(pk=case.pk).update(state="refused")
    with actor_scope(worker):
        write_event(case, "refused", worker, note="第四条：登记那天已经满 19 岁。", family=True)
    status = reverse("applications:status", args=[row.pk])
    page = phone.get(status).content.decode()
    assert "登记那天已经满 19 岁。" in page
    assert "依据：第四条" in page
    assert "找人复核" in page
    url = reverse("applications:review", args=[row.pk, case.pk])
    assert phone.post(url, {"text": " "}).status_code == 400
    assert phone.post(url, {"text": "生日算错了，请再看看。"}).url == status
    phone.post(url, {"text": "再说一次"})
    assert "您请人复核了" in phone.get(status).content.decode()
    with actor_scope(worker):
        assert ReviewRequest.objects.get().text == "生日算错了，请再看看。"
    other = make.staff(make.organisation("charity"), "case_worker")
    with actor_scope(other):
        assert not ReviewRequest.objects.exists()


def test_the_family_takes_its_data_along(phone, row, fund):
    answer = phone.get(reverse("applications:download", args=[row.pk]))
    assert answer["Content-Disposition"].startswith("attachment")
    data = json.loads(answer.content)
    assert data["answers"]["identity"]["name"] == "陈雨涵"
    assert data["consents"][0]["fund"] == fund.name


def test_several_people_stand_in_one_account(acc, phone, fund):
    first = kit.hand_in(acc, [fund])
    mother = {**kit.CHILD, "identity": {**kit.CHILD["identity"], "name": "林桂花"}}
    kit.draft(acc, mother)
    page = phone.get(reverse("applications:mine")).content.decode()
    assert "陈*涵" in page
    assert "林*花" in page
    assert first.number in page
    assert "接着填" in page


def test_no_title_names_a_person_or_an_illness(phone, row):
    urls = [reverse("applications:mine"), reverse("applications:start"), reverse("applications:help")]
    names = ("status", "consents", "access_log", "withdraw", "more")
    for url in [*urls, *(reverse(f"applications:{name}", args=[row.pk]) for name in names)]:
        title = phone.get(url).content.decode().split("<title>")[1].split("</title>")[0]
        assert not any(word in title for word in ("陈", "涵", "白血病")), url


def test_two_presses_of_the_button_hand_in_once(real_db):
    acc = make.account()
    charity = make.organisation("charity")
    row = kit.draft(acc, funds=[make.fund(charity)])
    actor = make.patient(acc)

    def press(_i: int) -> bool:
        with actor_scope(actor):
            return services.submit(actor, row.pk)

    assert sorted(real_db.threads(8, press)) == [False] * 7 + [True]


def test_numbers_are_given_once_to_many_at_the_same_time(real_db):
    fund = make.fund(make.organisation("charity"))
    pairs = [(acc, kit.draft(acc, funds=[fund])) for acc in (make.account() for _ in range(8))]

    def press(i: int) -> str:
        acc, row = pairs[i]
        with actor_scope(make.patient(acc)):
            services.submit(make.patient(acc), row.pk)
            return Application.objects.get(pk=row.pk).number

    assert len(set(real_db.threads(8, press))) == 8


def test_before_a_fund_has_it_the_page_counts_the_consents_given(acc, phone, fund):
    row = kit.hand_in(acc, [fund])
    page = phone.get(reverse("applications:status", args=[row.pk])).content.decode()
    assert "已同意给 1 家看，正在核对。" in page
    assert "还没有让任何基金看" not in page


def test_one_fund_that_paid_does_not_tick_what_another_still_looks_at(acc, charity, fund):
    row = kit.hand_in(acc, [fund, make.fund(charity)])
    drain()

    def marks(states):
        with engine_scope("test"):
            for case, state in zip(
                Case.objects.filter(application_id=row.pk).order_by("pk"), states, strict=True
            ):
                Case.objects.filter(pk=case.pk).update(state=state)
        with actor_scope(make.patient(acc)):
            return [task["state"] for task in status.of(Application.objects.get(pk=row.pk)).tasks][2:]

    assert "done" not in marks(["paid", "new"])
    assert marks(["paid", "refused"]) == ["done"] * 3


def test_while_a_token_is_checked_nothing_else_is_asked_for(acc, phone, row):
    url = reverse("applications:status", args=[row.pk])
    assert "两个办法" in phone.get(url).content.decode()
    with actor_scope(make.patient(acc)):
        record("token.redeemed", f"application:{row.pk}", payload={"token": 1})
    page = phone.get(url).content.decode()
    assert "口令收到了，正在核对" in page
    assert "两个办法" not in page
    with engine_scope("test"):
        Application.objects.filter(pk=row.pk).update(proof_note="mismatch")
    assert "两个办法" in phone.get(url).content.decode()


def test_quotation_marks_within_a_funds_name_are_told_apart():
    assert consents.quoted("康宁“两癌”姐妹援助") == "康宁「两癌」姐妹援助"
