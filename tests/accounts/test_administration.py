from __future__ import annotations

import re
from io import StringIO

import pytest
from django.contrib.auth.password_validation import password_validators_help_texts, validate_password
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import translation

from accounts import administration, staff
from accounts.models import SCOPES_BY_KIND, ApiClient, Membership, Organisation, OrganisationKind, User
from audit.models import Entry, EntryPayload
from scope import Actor, actor_scope
from scope.actor import SYSTEM

pytestmark = pytest.mark.django_db
PASSWORD = "正确 horse battery 12"


@pytest.fixture
def boss(make):
    membership = make.member(make.organisation(), "administrator")
    membership.browser = make.signed_in(membership)
    return membership


def act(membership):
    return Actor(
        "staff",
        org_id=membership.organisation_id,
        user_id=membership.user_id,
        roles=staff.effective_roles(membership),
    )


def invite(boss, email="Li.Na@Example.CN", roles=("case_worker",)):
    return boss.browser.post(
        reverse("accounts:members"), {"email": email, "display_name": "李娜", "roles": list(roles)}
    )


def link_in(answer):
    return re.search(r"http://testserver(/organisation/invitation/[^<\s]+)", answer.content.decode())[1]


def test_an_invited_colleague_sets_a_password_once_and_signs_in(boss, client):
    link = link_in(invite(boss))
    page = client.get(link, follow=True)
    assert page.status_code == 200
    where = page.redirect_chain[-1][0]
    assert "set" in where
    assert link.rstrip("/").rsplit("/", 1)[1] not in where
    answer = client.post(where, {"new_password1": PASSWORD, "new_password2": PASSWORD})
    assert answer.url == reverse("account_login")
    assert "这个链接不能用了" in client.get(link, follow=True).content.decode()
    answer = client.post(reverse("account_login"), {"login": "LI.NA@example.cn", "password": PASSWORD})
    assert answer.url == reverse("home")
    # First of all a second factor.
    assert client.get(reverse("accounts:members")).url == reverse("mfa_activate_totp")


def test_the_link_is_shown_once_and_logged_never(boss):
    link = link_in(invite(boss))
    assert link not in boss.browser.get(reverse("accounts:members")).content.decode()
    token = link.rstrip("/").rsplit("/", 1)[1]
    logged = str(list(EntryPayload.objects.values_list("payload", flat=True)))
    assert token not in logged
    assert "example" not in logged.lower()
    assert Entry.objects.filter(action="member.invited").count() == 1


def test_inviting_somebody_of_another_organisation_gives_no_way_into_his_account(make, boss):
    other = make.member(make.organisation(), "approver", email="li.na@example.cn")
    answer = invite(boss)
    assert "/invitation/" not in answer.content.decode()
    mine = Membership.objects.get(user=other.user, organisation=boss.organisation)
    answer = boss.browser.post(reverse("accounts:member", args=[mine.pk]), {"act": "reset"})
    assert answer.status_code == 400
    assert "/invitation/" not in answer.content.decode()
    other.user.refresh_from_db()
    assert other.user.check_password("correct horse battery")
    assert staff.has_totp(other.user)


def test_a_role_that_the_organisation_does_not_have_cannot_be_given(boss):
    assert invite(boss, roles=["linkage_reviewer"]).status_code == 400
    assert not User.objects.filter(email="li.na@example.cn").exists()
    with actor_scope(act(boss)), pytest.raises(administration.Refused):
        administration.invite(act(boss), "x@example.cn", "x", ["linkage_reviewer"])


def test_inviting_a_member_again_is_refused(boss):
    invite(boss)
    answer = invite(boss)
    assert answer.status_code == 400
    assert "已经是本机构的成员" in answer.content.decode()


def test_the_last_administrator_cannot_lock_himself_out(boss):
    url = reverse("accounts:member", args=[boss.pk])
    assert boss.browser.post(url, {"act": "deactivate"}).status_code == 400
    answer = boss.browser.post(url, {"act": "roles", "roles": ["case_worker"]})
    assert answer.status_code == 400
    assert "最后一位管理员" in answer.content.decode()
    boss.refresh_from_db()
    assert (boss.is_active, boss.roles) == (True, ["administrator"])


def test_a_second_administrator_lets_the_first_go(make, boss):
    make.member(boss.organisation, "administrator")
    boss.browser.post(reverse("accounts:member", args=[boss.pk]), {"act": "deactivate"})
    assert boss.browser.get(reverse("accounts:members")).status_code == 403


def test_an_administrator_whose_account_is_off_does_not_count_as_another(make, boss):
    second = make.member(boss.organisation, "administrator")
    with actor_scope(SYSTEM):
        User.objects.filter(pk=second.user_id).update(is_active=False)
    with actor_scope(act(boss)), pytest.raises(administration.Refused):
        administration.set_member_active(act(boss), boss.pk, False)


def test_roles_are_changed_with_before_and_after_in_the_log(make, boss):
    colleague = make.member(boss.organisation, "case_worker")
    boss.browser.post(
        reverse("accounts:member", args=[colleague.pk]), {"act": "roles", "roles": ["payer", "approver"]}
    )
    colleague.refresh_from_db()
    assert colleague.roles == ["approver", "payer"]
    payload = Entry.objects.get(action="member.roles_changed").content.payload
    assert payload == {
        "before": ["case_worker"],
        "after": ["approver", "payer"],
        "sessions_ended": 0,
    }


def test_roles_cannot_be_emptied(make, boss):
    colleague = make.member(boss.organisation, "case_worker")
    boss.browser.post(reverse("accounts:member", args=[colleague.pk]), {"act": "roles"})
    colleague.refresh_from_db()
    assert colleague.roles == ["case_worker"]


@pytest.mark.parametrize(("password", "why"), [("kurz", "至少要 12 个字符"), ("password12345", "太常见了")])
def test_a_weak_password_is_refused_in_the_words_of_the_house(password, why):
    with translation.override("zh-hans"), pytest.raises(ValidationError) as refused:
        validate_password(password)
    assert any(why in text for text in refused.value.messages)
    with translation.override("zh-hans"):
        assert "你" not in "".join(password_validators_help_texts())


def test_a_reset_ends_password_and_second_factor(make, boss):
    colleague = make.member(boss.organisation, "case_worker")
    browser = make.signed_in(colleague)
    answer = boss.browser.post(reverse("accounts:member", args=[colleague.pk]), {"act": "reset"})
    assert link_in(answer)
    colleague.user.refresh_from_db()
    assert not colleague.user.has_usable_password()
    assert not staff.has_totp(colleague.user)
    assert browser.get(reverse("mfa_index")).status_code == 302


@pytest.mark.parametrize("act_name", ["deactivate", "reset", "roles"])
def test_another_organisations_members_do_not_exist_here(make, boss, act_name):
    stranger = make.member(make.organisation(), "case_worker", "administrator")
    url = reverse("accounts:member", args=[stranger.pk])
    assert boss.browser.get(url).status_code == 404
    assert boss.browser.post(url, {"act": act_name, "roles": ["payer"]}).status_code == 404
    assert stranger.user.email not in boss.browser.get(reverse("accounts:members")).content.decode()
    with actor_scope(act(boss)), pytest.raises(Membership.DoesNotExist):
        administration.set_member_active(act(boss), stranger.pk, False)


def test_only_administrators_administer(make):
    worker = make.member(make.organisation(), "case_worker")
    assert make.signed_in(worker).get(reverse("accounts:members")).status_code == 403
    with actor_scope(act(worker)), pytest.raises(PermissionError):
        administration.invite(act(worker), "x@example.cn", "x", ["administrator"])


@pytest.fixture
def insurer(make):
    membership = make.member(make.organisation("statutory_insurer"), "administrator")
    membership.browser = make.signed_in(membership)
    return membership


def make_client(insurer, scopes=("settlements:write",)):
    return insurer.browser.post(reverse("accounts:clients"), {"name": "结算", "scopes": list(scopes)})


def test_a_clients_secret_is_shown_once_and_stored_hashed(insurer):
    page = make_client(insurer).content.decode()
    client = ApiClient.objects.get()
    secret = re.search(r"密钥：<code>([^<]+)</code>", page)[1]
    assert client.scopes == ["settlements:write"]
    assert client.organisation == insurer.organisation
    assert client.client_secret != secret
    assert secret not in insurer.browser.get(reverse("accounts:clients")).content.decode()
    assert secret not in str(list(EntryPayload.objects.values_list("payload", flat=True)))
    again = insurer.browser.post(
        reverse("accounts:client", args=[client.pk]), {"act": "rotate"}
    ).content.decode()
    assert secret not in again
    assert re.search(r"密钥：<code>([^<]+)</code>", again)


def test_a_client_gets_no_scope_of_another_kind_of_organisation(insurer):
    assert make_client(insurer, ["campaigns:write"]).status_code == 400
    assert not ApiClient.objects.exists()


def test_clients_are_stopped_and_started_with_an_entry_each(insurer):
    make_client(insurer)
    client = ApiClient.objects.get()
    for name in ("deactivate", "activate"):
        insurer.browser.post(reverse("accounts:client", args=[client.pk]), {"act": name})
        client.refresh_from_db()
        assert client.is_active == (name == "activate")
    assert set(Entry.objects.values_list("action", flat=True)) >= {
        "client.created",
        "client.deactivated",
        "client.activated",
    }


def test_the_scopes_of_a_client_are_changed_with_before_and_after_in_the_log(insurer):
    make_client(insurer)
    client = ApiClient.objects.get()
    url = reverse("accounts:client", args=[client.pk])
    assert 'value="settlements:write"' in insurer.browser.get(url).content.decode()
    answer = insurer.browser.post(url, {"act": "scopes", "scopes": ["invitations:read", "settlements:read"]})
    assert answer.status_code == 302
    client.refresh_from_db()
    assert client.scopes == ["settlements:read", "invitations:read"]
    assert Entry.objects.get(action="client.scopes_changed").content.payload == {
        "before": ["settlements:write"],
        "after": ["settlements:read", "invitations:read"],
    }


@pytest.mark.parametrize("scopes", [[], ["campaigns:write"], ["settlements:write", "made:up"]])
def test_a_client_keeps_its_scopes_when_the_wanted_ones_cannot_be(insurer, scopes):
    make_client(insurer)
    client = ApiClient.objects.get()
    url = reverse("accounts:client", args=[client.pk])
    assert insurer.browser.post(url, {"act": "scopes", "scopes": scopes}).status_code == 400
    client.refresh_from_db()
    assert client.scopes == ["settlements:write"]


@pytest.mark.parametrize("kind", OrganisationKind.values)
def test_the_menu_offers_keys_where_the_page_opens_and_nowhere_else(make, kind):
    browser = make.signed_in(make.member(make.organisation(kind), "administrator"))
    offered = [item.name for item in browser.get(reverse("accounts:members")).context["nav"]]
    opens = browser.get(reverse("accounts:clients")).status_code == 200
    assert ("accounts:clients" in offered) == opens == (kind in SCOPES_BY_KIND)


def test_another_organisations_clients_do_not_exist_here(make, insurer):
    make_client(insurer)
    client = ApiClient.objects.get()
    other = make.signed_in(make.member(make.organisation("statutory_insurer"), "administrator"))
    assert other.get(reverse("accounts:client", args=[client.pk])).status_code == 404
    for name in ("rotate", "deactivate", "activate", "scopes"):
        assert other.post(reverse("accounts:client", args=[client.pk]), {"act": name}).status_code == 404
    assert client.client_id not in other.get(reverse("accounts:clients")).content.decode()


def test_a_charity_has_no_clients_page(boss):
    assert boss.browser.get(reverse("accounts:clients")).status_code == 403


def test_the_operator_sees_counts_and_no_person(make, boss):
    from django.db import transaction

    from outbox import emit

    with transaction.atomic():
        emit("person.linked", person=4711)
    operator = make.signed_in(make.member(make.organisation("operator"), "administrator"))
    page = operator.get(reverse("accounts:health"))
    assert page.status_code == 200
    assert "4711" not in page.content.decode()
    assert boss.browser.get(reverse("accounts:health")).status_code == 403


def bootstrap(**options):
    out = StringIO()
    defaults = {
        "organisation": "接力平台运营中心",
        "kind": "operator",
        "code": "op",
        "email": "Chief@Example.cn",
    }
    call_command("bootstrap", **{**defaults, **options}, stdout=out)
    return out.getvalue()


def test_bootstrap_makes_the_first_administrator_with_a_link_that_works(client, settings):
    settings.JIELI_BASE_URL = "http://testserver/"
    link = re.search(r"http://testserver(/\S+)", bootstrap())[1]
    membership = Membership.objects.get()
    assert membership.organisation.kind == "operator"
    assert membership.user.email == "chief@example.cn"
    assert membership.roles == ["administrator"]
    assert not membership.user.has_usable_password()
    assert client.get(link, follow=True).context["validlink"]
    assert Entry.objects.get(action="organisation.bootstrapped").actor == "system"


@pytest.mark.parametrize(
    "second", [{}, {"email": "other@example.cn"}, {"code": "other"}], ids=["both", "organisation", "person"]
)
def test_bootstrap_refuses_what_exists_already_and_writes_nothing(second):
    bootstrap()
    with pytest.raises(CommandError):
        bootstrap(**second)
    assert (Organisation.objects.count(), User.objects.count()) == (1, 1)


@pytest.mark.parametrize("wrong", [{"email": "nobody"}, {"code": "有 空格"}])
def test_bootstrap_refuses_an_address_or_code_that_cannot_be(wrong):
    with pytest.raises(CommandError):
        bootstrap(**wrong)
