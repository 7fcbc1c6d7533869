"""Identity is claimed until proven; until then nothing tells whether a sealed record exists."""

import re

import application_kit as kit
import pytest
from django.urls import reverse

import factories as make
from audit.models import Entry
from charity.applications.models import Application
from consent.models import Consent
from insurance.ledger.models import NeedAccount
from outbox import emit
from outbox.tasks import drain
from people import registry
from people.models import Identity, ProofToken, Representation
from scope import actor_scope, engine_scope

pytestmark = pytest.mark.django_db


@pytest.fixture
def insurer(db):
    return make.organisation("statutory_insurer")


def letter(person, insurer):
    with engine_scope("test"):
        return registry.issue_token(person, insurer.pk)


def redeem(phone, row, token):
    return phone.post(reverse("applications:token"), {"application": row.pk, "token": token})


def plain(response):
    """The page without what differs by chance: the form's token, the application's own number and ids."""
    text = response.content.decode()
    text = re.sub(r'csrfmiddlewaretoken" value="[^"]+"', "", text)
    text = re.sub(r'"X-CSRFToken": "[^"]+"', "", text)
    text = re.sub(r"JL-\d{4}-\d{6}(-\d+)?", "N", text)
    text = re.sub(r'name="application" value="\d+"', "", text)
    return re.sub(r"/(a|consents|consent|review|documents)/\d+(?=/)", r"/\1/0", text)


def test_handing_in_keeps_the_description_and_links_nothing(acc, fund, insurer):
    kit.insured(insurer)
    row = kit.hand_in(acc, [fund])
    drain()
    after = kit.as_family(acc, row.pk)
    assert (after.proof, after.person_id, after.need_id) == ("claimed", None, None)
    with engine_scope("test"):
        identity = Identity.objects.get(pk=after.identity_id)
        assert (identity.source, identity.person_id, identity.state) == ("application", None, "waiting")


def test_typing_somebody_elses_number_shows_the_same_pages_as_a_number_that_nobody_has(fund, insurer):
    person, need = kit.insured(insurer)
    seen = []
    for number in (kit.CHILD_ID, kit.with_check("43010420170308086")):
        acc = make.account()
        answers = {**kit.CHILD, "identity": {**kit.CHILD["identity"], "id_number": number}}
        row = kit.hand_in(acc, [fund], answers)
        drain()
        phone = kit.browser(acc)
        names = ("status", "consents", "access_log")
        pages = [plain(phone.get(reverse(f"applications:{name}", args=[row.pk]))) for name in names]
        pages.append(plain(phone.get(reverse("applications:mine"))))
        pages.append(plain(phone.get(reverse("applications:token"))))
        seen.append(pages)
        with actor_scope(make.patient(acc)):
            assert not NeedAccount.objects.exists()
            assert not Identity.objects.exists()
    assert seen[0] == seen[1]
    assert "身份核对中" in seen[0][0]
    assert "27,361.81" not in seen[0][0]
    assert "总费用" not in seen[0][0]


def test_the_web_cannot_prove_an_application(acc, fund):
    from django.db import DatabaseError, transaction

    row = kit.hand_in(acc, [fund])
    for change in ({"proof": "proven"}, {"person_id": 1}, {"need_id": 1}, {"number": "JL-2026-999999"}):
        with actor_scope(make.patient(acc)):
            with pytest.raises(DatabaseError), transaction.atomic():
                Application.objects.filter(pk=row.pk).update(**change)


def test_the_letters_token_proves_and_opens(acc, phone, fund, insurer):
    person, need = kit.insured(insurer)
    row = kit.hand_in(acc, [fund])
    drain()
    token = letter(person, insurer)
    answer = redeem(phone, row, token.lower().replace("-", " "))
    assert answer.url == reverse("applications:status", args=[row.pk])
    drain()
    after = kit.as_family(acc, row.pk)
    assert (after.proof, after.person_id, after.need_id) == ("proven", person, need)
    with actor_scope(make.patient(acc)):
        spoken = Representation.objects.get()
        assert (spoken.capacity, spoken.method) == ("parent", "token")
    page = phone.get(answer.url).content.decode()
    assert "还没着落" in page
    assert "¥27,361.81" in page
    assert Entry.objects.filter(action="application.proven", subject=f"application:{row.pk}").count() == 1


def test_a_token_works_once(acc, phone, fund, insurer):
    person, _need = kit.insured(insurer)
    row = kit.hand_in(acc, [fund])
    token = letter(person, insurer)
    redeem(phone, row, token)
    other = make.account()
    again = redeem(kit.browser(other), kit.hand_in(other, [fund]), token)
    assert again.status_code == 400
    assert "已经用过" in again.content.decode()


@pytest.mark.parametrize("typed", ["ABCD-EFGH-JKMN-PQRS", "123", "", "-" * 40, "ＡＢＣＤ１２３４"])
def test_a_wrong_token_is_refused_and_changes_nothing(acc, phone, fund, typed):
    row = kit.hand_in(acc, [fund])
    assert redeem(phone, row, typed).status_code == 400
    assert kit.as_family(acc, row.pk).proof == "claimed"


def test_an_expired_token_is_refused(acc, phone, fund, insurer):
    from datetime import timedelta

    from django.utils import timezone

    person, _need = kit.insured(insurer)
    row = kit.hand_in(acc, [fund])
    token = letter(person, insurer)
    with engine_scope("test"):
        ProofToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert redeem(phone, row, token).status_code == 400


def test_guessing_is_stopped_after_ten_tries(acc, phone, fund):
    row = kit.hand_in(acc, [fund])
    for _ in range(10):
        redeem(phone, row, "ABCD-EFGH-JKMN-PQRS")
    assert "试错太多次" in redeem(phone, row, "ABCD-EFGH-JKMN-PQRS").content.decode()


def test_a_token_of_somebody_else_proves_nothing_and_says_so_politely(acc, phone, fund, insurer):
    person, _need = kit.insured(
        insurer,
        name="周建国",
        id_number=kit.ADULT_ID,
        birth="1970-03-15",
        sex="1",
        phone="13900001111",
        episode="C34",
    )
    row = kit.hand_in(acc, [fund])
    redeem(phone, row, letter(person, insurer))
    drain()
    after = kit.as_family(acc, row.pk)
    assert (after.proof, after.person_id) == ("claimed", None)
    page = phone.get(reverse("applications:status", args=[row.pk])).content.decode()
    assert "对不上" in page
    assert "周" not in page
    with actor_scope(make.patient(acc)):
        assert not Representation.objects.exists()


def test_a_brothers_letter_does_not_open_the_sisters_application(acc, phone, fund, insurer):
    brother = kit.with_check("43010420150512031")
    person, _need = kit.insured(insurer, name="陈雨轩", id_number=brother, birth="2015-05-12", sex="1")
    row = kit.hand_in(acc, [fund])
    redeem(phone, row, letter(person, insurer))
    drain()
    assert kit.as_family(acc, row.pk).proof == "claimed"


def test_a_token_is_not_for_another_accounts_application(acc, phone, fund, insurer):
    person, _need = kit.insured(insurer)
    kit.hand_in(acc, [fund])
    other = kit.hand_in(make.account(), [fund])
    token = letter(person, insurer)
    assert redeem(phone, other, token).status_code == 400
    with engine_scope("test"):
        assert ProofToken.objects.get().used_at is None


def checked(row, org):
    with engine_scope("test"):
        emit("application.identity_checked", application_id=row.pk, user_id=1, org_id=org.pk)
    drain()


def test_papers_checked_by_the_named_charity_prove(acc, charity, fund, insurer):
    person, need = kit.insured(insurer)
    row = kit.hand_in(acc, [fund])
    checked(row, charity)
    after = kit.as_family(acc, row.pk)
    assert (after.proof, after.person_id, after.need_id) == ("proven", person, need)


def test_papers_checked_by_a_charity_that_the_family_did_not_name_prove_nothing(acc, fund, insurer):
    kit.insured(insurer)
    row = kit.hand_in(acc, [fund])
    checked(row, make.organisation("charity"))
    after = kit.as_family(acc, row.pk)
    assert (after.proof, after.identity_checked_at) == ("claimed", None)


def test_checked_papers_of_a_person_without_a_bill_wait_for_the_first_bill(acc, charity, fund, insurer):
    row = kit.hand_in(acc, [fund])
    checked(row, charity)
    after = kit.as_family(acc, row.pk)
    assert (after.proof, after.need_id) == ("proven", None)
    person, need = kit.insured(insurer)
    assert person == after.person_id
    with engine_scope("test"):
        emit("need.changed", need_id=need)
    drain()
    assert kit.as_family(acc, row.pk).need_id == need


def test_a_doubt_waits_for_the_reviewer_and_then_proves(acc, charity, fund, insurer):
    from insurance.linking.models import Review

    kit.insured(insurer, name="李秀兰")  # the same number, another name
    row = kit.hand_in(acc, [fund])
    checked(row, charity)
    waiting = kit.as_family(acc, row.pk)
    assert waiting.proof == "claimed"
    assert waiting.identity_checked_at is not None
    with engine_scope("test"):
        Review.objects.update(state=Review.State.SAME, decided_by=1)
        emit("linking.decided", review_id=Review.objects.get().pk)
    drain()
    assert kit.as_family(acc, row.pk).proof == "proven"


def test_handling_an_event_twice_proves_once(acc, charity, fund, insurer):
    kit.insured(insurer)
    row = kit.hand_in(acc, [fund])
    checked(row, charity)
    checked(row, charity)
    assert Entry.objects.filter(action="application.proven", subject=f"application:{row.pk}").count() == 1


def test_a_link_that_is_taken_back_closes_what_it_had_opened(acc, phone, fund, insurer):
    from insurance.linking.undo import undo

    person, _need = kit.insured(insurer)
    row = kit.hand_in(acc, [fund])
    redeem(phone, row, letter(person, insurer))
    drain()
    proven = kit.as_family(acc, row.pk)
    assert proven.proof == "proven"
    reviewer = make.staff(make.organisation("operator"), "linkage_reviewer")
    with engine_scope("test"):
        assert undo(reviewer, proven.identity_id, "不是同一个人，口令寄错了").done
    drain()
    after = kit.as_family(acc, row.pk)
    assert (after.proof, after.person_id, after.need_id) == ("claimed", None, None)
    with actor_scope(make.patient(acc)):
        assert not NeedAccount.objects.exists()
    page = phone.get(reverse("applications:status", args=[row.pk])).content.decode()
    assert "身份核对中" in page
    assert "27,361.81" not in page


@pytest.mark.parametrize("claim", [{"proof": "proven"}, {"person_id": 1}, {"need_id": 1}, {"identity_id": 1}])
def test_the_web_cannot_begin_with_somebody_who_is_proven(acc, claim):
    from django.db import DatabaseError, transaction

    with actor_scope(make.patient(acc)):
        with pytest.raises(DatabaseError), transaction.atomic():
            Application.objects.create(account=acc, number="-x", answers={}, **claim)


def test_what_a_voided_letter_proved_is_claimed_again_and_closed(acc, phone, fund, insurer):
    person, need = kit.insured(insurer)
    row = kit.hand_in(acc, [fund])
    redeem(phone, row, letter(person, insurer))
    drain()
    assert kit.as_family(acc, row.pk).need_id == need
    with engine_scope("test"):
        assert registry.revoke_proofs(person, insurer.pk) == [acc.pk]
        emit("people.representation_revoked", account_id=acc.pk, person_id=person)
    drain()
    after = kit.as_family(acc, row.pk)
    assert (after.proof, after.person_id, after.need_id) == ("claimed", None, None)
    with engine_scope("test"):
        assert not Consent.objects.filter(application_id=row.pk, person_id__isnull=False).exists()
        assert not Consent.objects.filter(application_id=row.pk, need_id__isnull=False).exists()
        assert Identity.objects.get(pk=after.identity_id).person_id is None
    with actor_scope(make.patient(acc)):
        assert not NeedAccount.objects.exists()
    redeem(phone, row, letter(person, insurer))
    drain()
    assert kit.as_family(acc, row.pk).need_id == need


def test_a_family_whose_record_was_joined_with_another_s_proves_anew_by_a_letter(phone, acc, fund, insurer):
    """It had proven one of the two records: until it proved the joint one it sees no bill, and its application goes on."""
    person, _ = kit.insured(insurer)
    row = kit.hand_in(acc, [fund])
    drain()
    redeem(phone, row, letter(person, insurer))
    drain()
    assert kit.as_family(acc, row.pk).proof == "proven"
    page = reverse("applications:status", args=[row.pk])
    assert "请再核对一次身份" not in phone.get(page).content.decode()
    with engine_scope("test"):
        Representation.objects.update(revoked_at="2026-11-22T00:00Z")
    assert "请再核对一次身份" in phone.get(page).content.decode()
    redeem(phone, row, letter(person, insurer))
    drain()
    assert "请再核对一次身份" not in phone.get(page).content.decode()
    with engine_scope("test"):
        assert Representation.objects.filter(revoked_at=None).get().person_id == person


def test_a_letter_of_somebody_else_does_not_prove_a_joined_record_anew(phone, acc, fund, insurer):
    person, _ = kit.insured(insurer)
    row = kit.hand_in(acc, [fund])
    drain()
    redeem(phone, row, letter(person, insurer))
    drain()
    with engine_scope("test"):
        Representation.objects.update(revoked_at="2026-11-22T00:00Z")
        from people.models import Person

        stranger = Person.objects.create()
    redeem(phone, row, letter(stranger.pk, insurer))
    drain()
    with engine_scope("test"):
        assert not Representation.objects.filter(revoked_at=None).exists()
