"""What the scope around every view promises, on views of its own."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.template import engines
from django.template.response import TemplateResponse
from django.urls import include, path, reverse

from accounts.middleware import may_stream, record_refusal
from accounts.models import Organisation, PatientAccount
from accounts.patients import PHONE_PURPOSE
from audit.models import Entry
from scope import NoActorError, actor_scope, current_actor, permission
from scope.actor import SYSTEM
from vault.index import blind

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


def context_in_database():
    with connection.cursor() as cursor:
        cursor.execute("SELECT app_kind(), app_org(), app_user(), app_account()")
        return list(cursor.fetchone())


def _who(request):
    return JsonResponse(
        {
            "actor": current_actor().label,
            "roles": sorted(request.actor.roles),
            "database": context_in_database(),
            "organisation": request.organisation and request.organisation.pk,
        }
    )


@permission("public")
def public(request):
    return _who(request)


@permission(staff=[])
def staff(request):
    return _who(request)


@permission(staff=["approver"], org=["charity"])
def approver(request, number=0):
    return _who(request)


@permission("patient")
def patient(request):
    return _who(request)


@permission("public")
def late(request):
    template = engines["django"].from_string("{{ kind }}")
    return TemplateResponse(request, template, {"kind": lambda: context_in_database()[0]})


@permission(staff=[])
def half_written(request):
    Organisation.objects.create(kind="charity", code="half", name="半", short_name="半")
    if request.GET.get("refuse"):
        raise PermissionDenied
    raise RuntimeError("broken")


@permission("public")
def stream(request):
    return StreamingHttpResponse([b"x"])


@permission("public")
def marked_stream(request):
    return may_stream(StreamingHttpResponse([b"x"]))


def undeclared(request):
    return HttpResponse("open")


urlpatterns = [
    path("t/public/", public),
    path("t/staff/", staff, name="t_staff"),
    path("t/approver/", approver, name="t_approver"),
    path("t/approver/<int:number>/", approver, name="t_approver_one"),
    path("t/patient/", patient),
    path("t/late/", late),
    path("t/half/", half_written, name="t_half"),
    path("t/stream/", stream),
    path("t/marked/", marked_stream),
    path("t/undeclared/", undeclared),
    path("", include("config.urls")),
]


@pytest.fixture
def patient_client(client):
    account = PatientAccount.objects.create(
        phone="13800000001", phone_blind=blind(PHONE_PURPOSE, "13800000001")
    )
    session = client.session
    session["patient_account_id"] = account.pk
    session.save()
    client.account = account
    return client


def test_a_visitor_is_the_public_in_python_and_in_the_database(client):
    answer = client.get("/t/public/").json()
    assert answer["actor"] == "public"
    assert answer["database"] == ["public", None, None, None]


def test_a_member_acts_for_his_organisation_in_python_and_in_the_database(make):
    membership = make.member(make.organisation(), "approver", "payer")
    answer = make.signed_in(membership).get("/t/staff/").json()
    assert answer["actor"] == f"staff:{membership.user_id}@{membership.organisation_id}"
    assert answer["database"] == ["staff", membership.organisation_id, membership.user_id, None]
    assert answer["roles"] == ["approver", "payer"]


def test_a_patient_acts_for_his_account(patient_client):
    answer = patient_client.get("/t/patient/").json()
    assert answer["database"] == ["patient", None, None, patient_client.account.pk]


def test_a_suspended_patient_is_nobody(patient_client):
    with actor_scope(SYSTEM):
        PatientAccount.objects.update(is_active=False)
    answer = patient_client.get("/t/patient/")
    assert answer.url == f"{reverse('patient_sign_in')}?next=/t/patient/"


def test_no_scope_is_left_open_afterwards(client):
    client.get("/t/public/")
    with pytest.raises(NoActorError):
        current_actor()
    assert context_in_database()[0] is None


def test_a_template_is_rendered_inside_the_scope(client):
    assert client.get("/t/late/").content == b"public"


@pytest.mark.parametrize("url", ["/t/staff/", "/t/approver/?a=1"])
def test_a_visitor_is_sent_to_sign_in_and_comes_back(client, url):
    answer = client.get(url)
    assert answer.status_code == 302
    assert answer.url.startswith(reverse("account_login") + "?next=/t/")


def test_a_visitor_of_a_patients_page_is_asked_for_his_phone(client):
    assert client.get("/t/patient/").url == f"{reverse('patient_sign_in')}?next=/t/patient/"


def test_a_post_is_not_come_back_to(client):
    assert client.post("/t/staff/").url == reverse("account_login")


def test_htmx_is_told_to_load_the_sign_in_page_whole(client):
    answer = client.get("/t/staff/", headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == reverse("account_login")


def test_a_patient_cannot_see_a_staff_page_nor_staff_a_patients(make, patient_client):
    assert patient_client.get("/t/staff/").url.startswith(reverse("account_login"))
    browser = make.signed_in(make.member(make.organisation(), "approver"))
    assert browser.get("/t/patient/").url.startswith(reverse("patient_sign_in"))


def test_another_role_is_refused_and_the_refusal_is_in_the_log(make):
    membership = make.member(make.organisation(), "case_worker")
    answer = make.signed_in(membership).get("/t/approver/7/")
    assert answer.status_code == 403
    entry = Entry.objects.get(action="access.refused")
    assert entry.actor == f"staff:{membership.user_id}@{membership.organisation_id}"
    assert entry.subject == "view:t_approver_one"
    assert entry.content.payload == {"method": "GET", "ids": {"number": 7}}


def test_the_same_role_in_another_kind_of_organisation_is_refused(make):
    membership = make.member(make.organisation("hospital"), "approver", "intake_clerk")
    assert make.signed_in(membership).get("/t/approver/").status_code == 403
    assert make.signed_in(membership).get("/t/staff/").json()["roles"] == ["intake_clerk"]


def test_a_role_removed_in_mid_session_is_gone_at_the_next_click(make):
    membership = make.member(make.organisation(), "approver", "payer")
    browser = make.signed_in(membership)
    assert browser.get("/t/approver/").status_code == 200
    membership.roles = ["payer"]
    with actor_scope(SYSTEM):
        membership.save()
    assert browser.get("/t/approver/").status_code == 403


def test_a_deactivated_member_is_out_at_the_next_click(make):
    membership = make.member(make.organisation(), "approver")
    browser = make.signed_in(membership)
    membership.is_active = False
    with actor_scope(SYSTEM):
        membership.save()
    assert browser.get("/t/staff/").status_code == 403


def test_a_member_of_a_suspended_organisation_is_out_at_the_next_click(make):
    membership = make.member(make.organisation(), "approver")
    browser = make.signed_in(membership)
    with actor_scope(SYSTEM):
        Organisation.objects.update(is_active=False)
    assert browser.get("/t/staff/").status_code == 403


def test_a_deactivated_user_has_to_sign_in(make):
    membership = make.member(make.organisation(), "approver")
    browser = make.signed_in(membership)
    membership.user.is_active = False
    with actor_scope(SYSTEM):
        membership.user.save()
    assert browser.get("/t/staff/").status_code == 302


def test_an_organisation_in_the_session_that_is_not_ones_own_counts_for_nothing(make):
    membership, other = make.member(make.organisation(), "approver"), make.organisation()
    browser = make.signed_in(membership)
    session = browser.session
    session["organisation_id"] = other.pk
    session.save()
    assert browser.get("/t/staff/").json()["organisation"] == membership.organisation_id


def test_switching_acts_for_the_other_organisation_with_its_roles(make):
    first = make.member(make.organisation(), "approver")
    with actor_scope(SYSTEM):
        second = type(first).objects.create(
            user=first.user, organisation=make.organisation(), roles=["payer"]
        )
    browser = make.signed_in(first)
    assert browser.get(reverse("accounts:switch")).status_code == 405
    browser.post(reverse("accounts:switch"), {"organisation": second.organisation_id})
    answer = browser.get("/t/staff/").json()
    assert (answer["organisation"], answer["roles"]) == (second.organisation_id, ["payer"])
    assert browser.get("/t/approver/").status_code == 403


@pytest.mark.parametrize("wanted", ["foreign", "", "x'; --"])
def test_nobody_switches_to_an_organisation_that_is_not_his(make, wanted):
    membership, other = make.member(make.organisation(), "approver"), make.organisation()
    browser = make.signed_in(membership)
    value = other.pk if wanted == "foreign" else wanted
    assert browser.post(reverse("accounts:switch"), {"organisation": value}).status_code == 403
    assert browser.get("/t/staff/").json()["organisation"] == membership.organisation_id


def test_without_a_second_factor_no_staff_page_opens(make):
    membership = make.member(make.organisation(), "approver", totp=False)
    assert make.signed_in(membership).get("/t/approver/").url == reverse("mfa_activate_totp")


def test_a_view_that_breaks_leaves_nothing_half_written(make):
    browser = make.signed_in(make.member(make.organisation(), "approver"))
    browser.raise_request_exception = False
    assert browser.get("/t/half/").status_code == 500
    assert not Organisation.objects.filter(code="half").exists()


def test_a_view_that_refuses_writes_the_refusal_and_nothing_else(make):
    browser = make.signed_in(make.member(make.organisation(), "approver"))
    assert browser.get("/t/half/?refuse=1").status_code == 403
    assert not Organisation.objects.filter(code="half").exists()
    assert Entry.objects.filter(action="access.refused", subject="view:t_half").count() == 1


def test_a_stream_is_refused_unless_it_is_marked(client):
    client.raise_request_exception = False
    assert client.get("/t/stream/").status_code == 500
    assert b"".join(client.get("/t/marked/").streaming_content) == b"x"


def test_an_undeclared_view_shows_nothing(client):
    assert client.get("/t/undeclared/").status_code == 403


def test_a_visitors_refusal_is_not_logged(rf):
    from scope.actor import PUBLIC

    request = rf.get("/")
    request.actor, request.resolver_match = PUBLIC, None
    record_refusal(request)
    assert not Entry.objects.exists()


def test_health_needs_nobody_and_names_nobody(client):
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"database": "ok"})


def test_health_says_so_when_the_database_is_gone(rf, monkeypatch):
    from django.db import OperationalError

    from accounts import views

    def broken():
        raise OperationalError

    monkeypatch.setattr(views.connection, "cursor", broken)
    answer = views.healthz(rf.get("/healthz"))
    assert (answer.status_code, answer.content) == (503, b'{"database": "down"}')


def test_home_exists_for_everybody(client, make):
    assert client.get(reverse("home")).status_code == 302
    for kind, role in [
        ("charity", "administrator"),
        ("operator", "linkage_reviewer"),
        ("regulator", "auditor"),
    ]:
        browser = make.signed_in(make.member(make.organisation(kind), role))
        assert browser.get(reverse("home")).status_code == 302
